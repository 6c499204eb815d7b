"""TFLite's int8 layers: the reference against loops over integers and fractions, multipliers, limits, lowering."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import LoweringError, UsageError
from bnnsim.model.kernels import load_kernels
from bnnsim.model.lowering import lower_layer
from bnnsim.model.network import Layer, random_layer, random_tensor
from bnnsim.model.quantization import activation_limits, layer_factors, quantized_multiplier, quantized_multipliers
from bnnsim.model.reference import run_layer
from bnnsim.model.reference.requantize import requantize
from bnnsim.model.tensor import Tensor

OPERATORS = ("Conv2D_int8", "DepthwiseConv2D_int8", "FullyConnected_int8")
REAL_LIMITS = {"relu": (0, None), "relu6": (0, 6), "relu_n1_to_1": (-1, 1), "none": (None, None)}


def half_away(x: Fraction) -> int:
    return int(abs(x) + Fraction(1, 2)) * (1 if x >= 0 else -1)


def half_up(x: Fraction) -> int:
    return (x + Fraction(1, 2)).__floor__()


def rescaled(acc: int, factor: float, single: bool) -> int:
    """The words of the specification, in fractions."""
    multiplier, exponent = quantized_multiplier(factor)
    if single:
        return half_up(Fraction(acc * multiplier) * Fraction(2) ** (exponent - 31))
    high = half_up(Fraction(acc * 2 ** max(exponent, 0) * multiplier, 2**31))
    return half_away(Fraction(high, 2 ** max(-exponent, 0)))


def clamped(layer: Layer, y: int) -> int:
    low, high = REAL_LIMITS[str(layer.attributes["activation"])]
    scale, zero = Fraction(float(np.float32(layer.output.scale))), layer.output.zero_point
    low = -128 if low is None else max(-128, zero + half_away(low / scale))
    high = 127 if high is None else min(127, zero + half_away(high / scale))
    return min(max(y, low), high)


def one_output(layer: Layer, x: np.ndarray, row: int, column: int, o: int) -> int:
    a, w = layer.attributes, layer.parameters["weights"]
    acc = int(layer.parameters["bias"][o]) if a["bias"] else 0
    for ky in range(int(a["kernel_h"])):
        for kx in range(int(a["kernel_w"])):
            y = row * int(a["stride_h"]) - int(a["pad_top"]) + ky
            x_ = column * int(a["stride_w"]) - int(a["pad_left"]) + kx
            if not (0 <= y < x.shape[0] and 0 <= x_ < x.shape[1]):
                continue
            pixel = [x[y, x_, o // int(a["depth_multiplier"])]] if "depth_multiplier" in a else x[y, x_]
            acc += sum((int(p) - layer.input.zero_point) * int(v) for p, v in zip(pixel, w[o, ky, kx], strict=True))
    scales = (np.float32(v) for v in (layer.input.scale, layer.parameters["weight_scale"][o], layer.output.scale))
    first, own, last = map(float, scales)
    return clamped(layer, rescaled(acc, first * own / last, a["rounding"] == "single") + layer.output.zero_point)


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    operator = draw(st.sampled_from(OPERATORS))
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.sampled_from([1, 2, 3, 7])))
    keys: dict[str, Any] = {"bias": draw(st.booleans()), "rounding": draw(st.sampled_from(["double", "single"]))}
    keys["activation"] = draw(st.sampled_from(list(REAL_LIMITS)))
    if draw(st.booleans()):
        keys |= {"output_scale": draw(st.floats(0.005, 0.5)), "output_zero_point": draw(st.integers(-128, 127))}
    if operator == "DepthwiseConv2D_int8":
        keys["depth_multiplier"] = draw(st.integers(1, 3))
    else:
        keys["channels"] = draw(st.integers(1, 4))
    if operator != "FullyConnected_int8":
        keys["padding"] = draw(st.sampled_from(["same", "valid"]))
        limits = (5, 5) if keys["padding"] == "same" else shape[:2]
        keys["kernel"] = tuple(draw(st.integers(1, limit)) for limit in limits)
        keys["stride"] = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    source = Tensor(shape, "int8", draw(st.floats(0.01, 0.1)), draw(st.integers(-128, 127)))
    return random_layer(operator, shape, rng=draw(st.integers(0, 2**32 - 1)), sources=(source,), **keys)


@settings(max_examples=60, deadline=None)
@given(layers(), st.integers(0, 2**32 - 1))
def test_layers_against_loops(layer: Layer, seed: int) -> None:
    x = random_tensor(layer.input, np.random.default_rng(seed))
    found = run_layer(layer, x)
    assert found.dtype == np.int8
    expected = [one_output(layer, x, *place) for place in np.ndindex(layer.output.shape)]
    np.testing.assert_array_equal(found.ravel(), expected)


@settings(max_examples=200, deadline=None)
@given(st.integers(-(2**30), 2**30), st.floats(2.0**-33, 0.999), st.booleans())
def test_requantization(acc: int, factor: float, single: bool) -> None:
    multiplier, exponent = quantized_multiplier(factor)
    assert int(requantize(np.array(acc), multiplier, exponent, single)) == rescaled(acc, factor, single)


def test_roundings_differ_by_one_where_two_halves_meet() -> None:
    multiplier, exponent = quantized_multiplier(0.25 - 2.0**-31)
    assert int(requantize(np.array(2), multiplier, exponent)) == 1  # 0.4999 → 1 (of 2^-1) → 0.5 → 1
    assert int(requantize(np.array(2), multiplier, exponent, single_rounding=True)) == 0


@given(st.floats(2.0**-31, 2.0**29))
def test_multipliers_are_near_their_factors(factor: float) -> None:
    multiplier, exponent = quantized_multiplier(factor)
    assert 2**30 <= multiplier < 2**31
    assert abs(Fraction(multiplier) * Fraction(2) ** (exponent - 31) / Fraction(factor) - 1) <= Fraction(1, 2**31)


def test_multipliers_at_their_limits() -> None:
    assert quantized_multiplier(0.0) == (0, 0)
    assert quantized_multiplier(2.0**-40) == (0, 0)
    assert quantized_multiplier(1 - 2.0**-40) == (2**30, 1)  # rounds up to the next power of two
    np.testing.assert_array_equal(quantized_multipliers(np.array([0.5, 0.75])), [[2**30, 3 * 2**29], [0, 0]])
    for wrong in (-1.0, 2.0**30):
        with pytest.raises(LoweringError, match="factor"):
            quantized_multiplier(wrong)


def test_factors_come_from_float32_scales() -> None:
    source, output = Tensor((1, 1, 1), "int8", 0.1), Tensor((1, 1, 1), "int8", 0.3)
    expected = float(np.float32(0.1)) * float(np.float32(0.7)) / float(np.float32(0.3))
    assert layer_factors(source, np.array([0.7], np.float32), output)[0] == expected


@pytest.mark.parametrize(
    ("activation", "scale", "zero_point", "limits"),
    [
        ("none", 0.1, 3, (-128, 127)),
        ("relu", 0.1, 3, (3, 127)),
        ("relu6", 0.1, -128, (-128, -68)),
        ("relu6", 0.01, -128, (-128, 127)),
        ("relu_n1_to_1", 0.4, 0, (-3, 3)),  # 2.5 rounds away from zero
        ("relu_n1_to_1", 0.001, 100, (-128, 127)),
    ],
)
def test_activations_clamp_within_the_type(
    activation: str, scale: float, zero_point: int, limits: tuple[int, int]
) -> None:
    assert activation_limits(Tensor((1, 1, 1), "int8", scale, zero_point), activation) == limits


@pytest.mark.parametrize("operator", OPERATORS)
def test_random_parameters_keep_the_spread(operator: str) -> None:
    keys: dict[str, Any] = {"bias": True} | ({} if "Depthwise" in operator else {"channels": 64})
    keys |= {} if "Fully" in operator else {"kernel": 3, "padding": "same"}
    layer = random_layer(operator, (8, 8, 48), **keys)
    x = random_tensor(layer.input, np.random.default_rng(0))
    assert 0.6 < run_layer(layer, x).std() / x.std() < 1.4


def test_dense_layers_have_one_scale_unless_told_otherwise() -> None:
    scales = random_layer("FullyConnected_int8", (1, 1, 8), channels=5).parameters["weight_scale"]
    assert scales.shape == (5,)
    assert len(set(scales.tolist())) == 1
    assert len(set(random_layer("Conv2D_int8", (1, 1, 8), 5, 1).parameters["weight_scale"].tolist())) == 5


def test_outputs_are_quantized_as_inputs_by_default() -> None:
    source = Tensor((3, 3, 2), "int8", 0.25, 9)
    layer = random_layer("DepthwiseConv2D_int8", source.shape, kernel=3, sources=(source,), depth_multiplier=2)
    assert layer.output == Tensor((1, 1, 4), "int8", 0.25, 9)
    assert layer.macs == 36


def test_channels_are_needed_and_others_refused() -> None:
    with pytest.raises(UsageError, match="needs channels"):
        random_layer("Conv2D_int8", (3, 3, 1), kernel=3)
    with pytest.raises(UsageError, match="channels"):
        random_layer("DepthwiseConv2D_int8", (3, 3, 1), channels=3, kernel=3)


def test_sums_beyond_what_kernels_hold_are_refused() -> None:
    layer = random_layer("Conv2D_int8", (1, 1, 4), 2, 1, bias=True)
    layer.parameters["bias"][1] = 2**30 - 100  # type: ignore[index]
    kernel = next(k for k in load_kernels() if k.function == "conv2d_int8_plain")
    with pytest.raises(LoweringError, match="smaller biases"):
        lower_layer(layer, kernel)
