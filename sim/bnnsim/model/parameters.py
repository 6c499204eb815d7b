"""Parameters of layers: read from a .npz file and checked, or drawn at random.

Arrays are named LAYER.PARAMETER, e.g. conv1.weights; operators.parameter_shapes tells their shapes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bnnsim.errors import ConfigError, nearest
from bnnsim.model.operators import Operator, fan_in
from bnnsim.yamlfile import display_path

Shapes = Mapping[str, tuple[int, ...]]
Arrays = dict[str, np.ndarray]


def read_parameters(path: Path, shapes: Mapping[str, Shapes], operators: Mapping[str, Operator]) -> dict[str, Arrays]:
    """Return layer name → parameter name → array, from a .npz file, for the shapes and operators of layers.

    Raises ConfigError naming every array that is missing or unexpected, of the wrong shape or type, or
    that holds values which the operator cannot have.
    """
    where = display_path(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise ConfigError([f"{where}: no such parameter file"]) from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ConfigError([f"{where}: not a readable .npz file ({error})"]) from None
    wanted = {f"{layer}.{name}": shape for layer, own in shapes.items() for name, shape in own.items()}
    problems = [f"{where}: unexpected array {name!r}{nearest(name, wanted)}" for name in sorted(found.keys() - wanted)]
    for name, shape in wanted.items():
        if name not in found:
            problems.append(f"{where}: no array {name!r}, expected shape {shape}{nearest(name, found)}")
        elif found[name].shape != shape:
            problems.append(f"{where}: {name}: found shape {found[name].shape}, expected {shape}")
        elif found[name].dtype != (kind := "int8" if name.endswith(".weights") else "float32"):
            problems.append(f"{where}: {name}: found {found[name].dtype} elements, expected {kind}")
    if problems:
        raise ConfigError(problems)
    arrays = {layer: {name: found[f"{layer}.{name}"] for name in own} for layer, own in shapes.items()}
    if problems := _value_problems(where, arrays, operators):
        raise ConfigError(problems)
    return arrays


def _value_problems(file: str, arrays: Mapping[str, Arrays], operators: Mapping[str, Operator]) -> list[str]:
    """Name every array whose values its operator cannot have."""
    problems = []
    for layer, own in arrays.items():
        for name, array in own.items():
            if name == "weights" and operators[layer].weights == "bit":
                wrong, allowed = abs(array) != 1, "-1 and +1"
            elif name in ("weight_scale", "output_scale"):
                wrong, allowed = ~(np.isfinite(array) & (array > 0)), "finite numbers above 0"
            elif name == "variance":
                wrong, allowed = ~(np.isfinite(array) & (array >= 0)), "finite numbers from 0"
            else:
                wrong, allowed = ~np.isfinite(array), "finite numbers"
            if wrong.any():
                index = tuple(int(i) for i in np.argwhere(wrong)[0])
                where = f"{file}: {layer}.{name}{list(index)}"
                problems.append(f"{where}: found {array[index]}; allowed: {allowed}")
    return problems


def random_parameters(operator: Operator, shapes: Shapes, rng: np.random.Generator) -> Arrays:
    """Return random parameters of one layer: thresholds lie within the spread of random accumulators.

    Slopes are mostly near 0.25, some negative or above 1; gammas have both signs.
    """
    if not shapes:
        return {}
    weights_shape, scale, spread = shapes["weights"], 1.0, np.sqrt(fan_in(shapes["weights"]))
    arrays: Arrays = {}
    if operator.weights == "bit":
        arrays["weights"] = rng.choice(np.array([-1, 1], np.int8), weights_shape)
    else:
        arrays["weights"] = rng.integers(-127, 128, weights_shape).astype(np.int8)
        scale = 1 / 128
        # root mean squares of uniform weights in ±1 and inputs in 0..1
        spread /= 3
        arrays["weight_scale"] = np.asarray(scale, np.float32)
    out = weights_shape[0]
    arrays["gamma"] = rng.choice([-1.0, 1.0], out, p=[0.3, 0.7]) * rng.uniform(0.2, 2.0, out)
    arrays["beta"] = rng.normal(0, 0.3, out)
    arrays["mean"] = rng.normal(0, 0.5 * spread, out)
    arrays["variance"] = spread**2 * rng.uniform(0.5, 1.5, out)
    if "slope" in shapes:
        usual = rng.random(out) < 0.7
        arrays["slope"] = np.where(usual, rng.normal(0.25, 0.1, out), rng.uniform(-1.5, 1.5, out))
    if "output_scale" in shapes:
        arrays["output_scale"] = np.asarray(6 / 127)
    return {name: a if name == "weights" else np.asarray(a, np.float32) for name, a in arrays.items()}
