"""Writes smallcifar.npz: random weights, with batch norm matched to the accumulators that they give.

Bits are about balanced before pooling. Some slopes are negative or above 1, gammas have both signs and one
of each layer is near zero, as in trained networks, so that folding meets every case.
Run: python networks/make_smallcifar.py
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from bnnsim.model.activation import EPSILON, rectified
from bnnsim.model.network import Layer, Network, load_network, random_input
from bnnsim.model.reference import accumulate, run_layer

HERE = Path(__file__).resolve().parent
SEED = 2022
IMAGES = 32
DIGITS = 4  # decimals kept, so that every machine writes the same numbers


def calibrated(layer: Layer, inputs: list[np.ndarray], rng: np.random.Generator) -> Layer:
    """Return the layer with mean, variance and beta of its own accumulators, and the special cases above."""
    parameters = dict(layer.parameters)
    slope, gamma = parameters["slope"].copy(), parameters["gamma"].copy()
    slope[:3] = -1.37, 1.21, -0.9
    gamma[3] = 1e-4
    parameters |= {"slope": np.round(slope, DIGITS), "gamma": np.round(gamma, DIGITS)}
    values = np.concatenate(
        [rectified(accumulate(layer, x), parameters).reshape(-1, slope.size) for x in inputs]
    ).astype(np.float64)
    mean, variance = np.round(values.mean(axis=0), DIGITS), np.round(values.var(axis=0), DIGITS)
    # batch norm is 0 at the median, give or take 0.05 standard deviations
    middle = (np.median(values, axis=0) - mean) / np.sqrt(variance + EPSILON) * parameters["gamma"]
    beta = np.round(rng.normal(0, 0.05, slope.size) - middle, DIGITS)
    parameters |= {"mean": mean, "variance": variance, "beta": beta}
    floats = {name: array.astype(np.float32) for name, array in parameters.items() if name != "weights"}
    return replace(layer, parameters={"weights": parameters["weights"], **floats})


def calibrate(network: Network) -> dict[str, np.ndarray]:
    """Return every stored array, "layer.parameter" → array, calibrating layer by layer."""
    rng = np.random.default_rng(SEED)
    tensors = [random_input(network, seed) for seed in range(IMAGES)]
    arrays: dict[str, np.ndarray] = {}
    for layer in network.layers:
        if "weights" in layer.parameters:
            layer = calibrated(layer, tensors, rng)
        tensors = [run_layer(layer, x) for x in tensors]
        arrays |= {f"{layer.name}.{key}": a for key, a in layer.parameters.items() if key != "input_scale"}
    return arrays


def main(target: Path) -> None:
    """Write the arrays to `target`, starting from the description with random parameters."""
    description = (HERE / "smallcifar.yaml").read_text(encoding="utf-8")
    seeded = target.with_suffix(".seeded.yaml")
    seeded.write_text(description.replace("smallcifar.npz", f"{{seed: {SEED}}}"), encoding="utf-8")
    try:
        np.savez_compressed(target, **calibrate(load_network(seeded)))
    finally:
        seeded.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "smallcifar.npz")
