"""The reference against loops that follow the operators' words, and its golden outputs."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import LoweringError, UsageError
from bnnsim.model.activation import FixedPoint, fixed_point
from bnnsim.model.network import Layer, load_network, network_of, random_input, random_layer
from bnnsim.model.reference import accumulate, run_layer, run_reference

# sha256 of the int8 bytes of all outputs of random input 0, layer after layer
GOLDEN = "fa1ba3c2f584a6b7e398469451c925d936382e29537779b7b9903980b792ffa7"


def windows(layer: Layer, x: np.ndarray, row: int, column: int) -> list[tuple[int, int, np.ndarray]]:
    """(tap row, tap column, pixel) of the taps inside the image, by plain counting."""
    a = {key: int(value) for key, value in layer.attributes.items() if key not in ("padding", "pad_value")}
    taps = []
    for ky in range(a["kernel_h"]):
        for kx in range(a["kernel_w"]):
            y, x_ = row * a["stride_h"] - a["pad_top"] + ky, column * a["stride_w"] - a["pad_left"] + kx
            if 0 <= y < x.shape[0] and 0 <= x_ < x.shape[1]:
                taps.append((ky, kx, x[y, x_].astype(int)))
    return taps


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """A small layer of any operator: rectangular kernels and strides, both paddings, odd channel counts."""
    operator = draw(st.sampled_from(["QQConv2D", "BBConv2D", "BMaxPool2D", "BBQFC"]))
    shape = (draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.sampled_from([1, 3, 32, 33])))
    rng, keys = draw(st.integers(0, 2**32 - 1)), {}
    if operator != "BMaxPool2D":
        keys = {"channels": draw(st.integers(1, 5)), "prelu": draw(st.booleans())}
    if operator != "BBQFC":
        padding = draw(st.sampled_from(["same", "valid"]))
        limits = (9, 9) if padding == "same" else shape[:2]
        keys |= {"kernel": tuple(draw(st.integers(1, limit)) for limit in limits), "padding": padding}
        keys["stride"] = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    return random_layer(operator, shape, rng=rng, **keys)


@settings(max_examples=80, deadline=None)
@given(layers(), st.integers(0, 2**32 - 1))
def test_layers_against_loops(layer: Layer, seed: int) -> None:
    x = random_input(network_of("one", [layer]), seed)
    output = run_layer(layer, x)
    assert output.shape == layer.output.shape
    acc = accumulate(layer, x) if layer.macs else output
    macs = 0
    for row, column in np.ndindex(layer.output.shape[:2]):
        taps = windows(layer, x, row, column)
        assert taps, "a window without a pixel"
        if layer.operator == "BMaxPool2D":
            expected = np.max([pixel for *_, pixel in taps], axis=0)
        else:
            w = layer.parameters["weights"].astype(int)
            expected = np.sum([w[:, ky, kx] @ pixel for ky, kx, pixel in taps], axis=0)
            macs += len(taps) * layer.input.shape[2] * layer.output.shape[2]
        np.testing.assert_array_equal(acc[row, column], expected)
    assert layer.macs == macs


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "out", "pad"),
    [
        (32, 5, 1, "same", 32, 2),
        (32, 2, 2, "same", 16, 0),
        (5, 2, 1, "same", 5, 0),  # TensorFlow puts the odd pixel at the end
        (6, 3, 2, "same", 3, 0),
        (7, 3, 2, "same", 4, 1),
        (4, 1, 3, "same", 2, 0),
        (7, 3, 2, "valid", 3, 0),
        (7, 3, 4, "valid", 2, 0),
    ],
)
def test_padding_as_tensorflow(size: int, kernel: int, stride: int, padding: str, out: int, pad: int) -> None:
    layer = random_layer("BBConv2D", (size, size, 1), 1, kernel, stride, padding)
    assert layer.output.shape == (out, out, 1)
    assert (layer.attributes["pad_top"], layer.attributes["pad_left"]) == (pad, pad)


def test_bits_by_exact_arithmetic() -> None:
    """Far from the threshold, float32 bits equal those of exact rationals."""
    layer = random_layer("BBConv2D", (5, 5, 32), 8, 3, rng=5)
    x = random_input(network_of("one", [layer]), 1)
    p = {name: [Fraction(float(v)) for v in a] for name, a in layer.parameters.items() if name != "weights"}
    acc, bits = accumulate(layer, x), run_layer(layer, x)
    for (y, x_, c), value in np.ndenumerate(acc):
        v = Fraction(int(value)) * (1 if value > 0 else p["slope"][c])
        sigma = Fraction(math.sqrt(p["variance"][c] + Fraction(1, 1000)))
        exact = (v - p["mean"][c]) / sigma * p["gamma"][c] + p["beta"][c]
        if abs(exact) > Fraction(1, 1000):
            assert bits[y, x_, c] == (1 if exact > 0 else -1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["int8", "int16", "int32"]), st.integers(1, 80))
def test_fixed_point_is_close_and_never_overflows(seed: int, output: str, inputs: int) -> None:
    layer = random_layer("BBQFC", (1, 1, inputs), channels=7, rng=seed, output=output)
    p = {name: a.astype(np.float64) for name, a in layer.parameters.items()}
    fixed = fixed_point(layer.parameters, layer.output.scale)
    acc = np.repeat(np.arange(-inputs, inputs + 1)[:, None], 7, axis=1)
    factor = np.where(acc > 0, fixed.positive, fixed.negative)
    for partial in (acc * factor, acc * factor + fixed.offset, acc * factor + fixed.offset + 2**15):
        assert abs(partial).max() < 2**31
    v = np.where(acc > 0, acc, acc * p["slope"])
    real = ((v - p["mean"]) / np.sqrt(p["variance"] + 1e-3) * p["gamma"] + p["beta"]) / layer.output.scale
    limits = layer.output.limits
    error = np.abs(fixed.apply(acc, limits) - np.clip(real, *limits))
    assert error.max() <= 0.5 + (inputs + 1) * 0.5 / 2**fixed.shift + 1e-6


def test_fixed_point_rounds_as_documented() -> None:
    fixed = FixedPoint(1, *(np.array([n]) for n in (1, -3, 0, 0)))
    acc = np.array([[-2], [-1], [0], [1], [2], [3]])
    # acc · m / 2, halves up: 3, 1.5 → 2, 0, 0.5 → 1, 1, 1.5 → 2
    assert fixed.apply(acc, (-128, 127)).ravel().tolist() == [3, 2, 0, 1, 1, 2]
    assert fixed.apply(acc, (0, 1)).max() == 1
    biased = FixedPoint(1, *(np.array([n]) for n in (1, -3, 0, 1)))
    assert biased.apply(acc, (-128, 127)).ravel().tolist() == [2, 0, 1, 1, 2, 2]


def test_fixed_point_uses_fewer_fraction_bits_for_large_factors() -> None:
    layer = random_layer("BBQFC", (1, 1, 64), channels=3, rng=1)
    ones = {name: np.ones(3, np.float32) for name in ("gamma", "slope", "variance")}
    zeros = {name: np.zeros(3, np.float32) for name in ("beta", "mean")}
    base = {"weights": layer.parameters["weights"], **ones, **zeros}
    factor = 1 / math.sqrt(1.001)
    for scale in (1.0, 1e-3, 1e-6):
        shift = fixed_point(base, scale).shift
        fits = [64 * factor / scale * 2**f + 2 ** (f - 1) < 2**31 for f in range(1, 17)]
        assert shift == sum(fits)
    with pytest.raises(LoweringError, match="with 1 fraction bit"):
        fixed_point(base, 1e-8)


def test_input_must_fit() -> None:
    network = load_network("smallcifar")
    with pytest.raises(UsageError, match=r"input of smallcifar: found shape \(3,\)"):
        run_reference(network, np.zeros(3, np.uint8))


def test_golden_outputs_of_smallcifar() -> None:
    network = load_network("smallcifar")
    outputs = run_reference(network, random_input(network, 0))
    assert outputs["fc"].ravel().tolist() == [-16, 14, 5, 1, -8, -27, -18, 53, 3, 10]
    hashed = hashlib.sha256()
    for layer in network.layers:
        assert outputs[layer.name].dtype == np.int8
        hashed.update(outputs[layer.name].tobytes())
    assert hashed.hexdigest() == GOLDEN
