"""Larq Compute Engine's operators against its own outputs, and against loops that follow the formulas."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import LoweringError, UsageError
from bnnsim.model.integer_line import evaluate, integer_line
from bnnsim.model.kernels import load_kernels
from bnnsim.model.lowering import layer_fields, lower_layer
from bnnsim.model.lowering.lce import integer_lines, sign_thresholds
from bnnsim.model.network import Layer, random_layer, random_tensor
from bnnsim.model.output_transform import distance_range, factors, half_away, transformed
from bnnsim.model.reference import run_layer
from bnnsim.model.tensor import Tensor

# Parts of two networks of random weights, converted and run by Larq Compute Engine (larq-compute-engine): two inputs
# each, all weights, and its outputs; ±1 as bits, 1 for +1, in bytes along the channels.
_ZERO_POINTS = st.integers(-128, 127)
GOLDEN = Path(__file__).parents[1] / "data" / "lce.npz"


def unpacked(octets: np.ndarray, channels: int) -> np.ndarray:
    bits = np.unpackbits(octets, axis=-1, count=channels, bitorder="little")
    return 2 * bits.astype(np.int8) - 1


def golden_layer(stored, name: str, number: int, in_shape: tuple[int, ...], stride=1, padding="valid", **keys) -> Layer:
    """The convolution of that number; LCE's thresholds t (+1 for counts up to t) become the bias 2 t - synapses."""
    weights = unpacked(stored[f"{name}.weights{number}"], in_shape[2])
    out, *kernel, _ = weights.shape
    layer = random_layer("LceBconv2d", in_shape, out, tuple(kernel), stride, padding, **keys)
    if keys.get("output") == "bit":
        thresholds = stored[f"{name}.thresholds{number}"].astype(np.int64)
        assert abs(thresholds).max() < 2**30
        parameters = {"multiplier": np.ones(out), "bias": 2 * thresholds - weights[0].size}
    else:
        parameters = {key: stored[f"{name}.{key}{number}"] for key in ("multiplier", "bias")}
    parameters = {key: value.astype(np.float32) for key, value in parameters.items()}
    return replace(layer, parameters={"weights": weights, **parameters})


def test_network_of_all_operators():
    """Convolutions (bits, valid; bits, one padding; floats), dequantize, quantize, pool: bit for bit."""
    with np.load(GOLDEN) as stored:
        for packed, expected in zip(stored["a.input"], stored["a.output"], strict=True):
            x = unpacked(packed, 64)
            x = run_layer(golden_layer(stored, "a", 0, x.shape, output="bit"), x)
            x = run_layer(random_layer("LceDequantize", x.shape), x)
            x = run_layer(random_layer("LceQuantize", x.shape), x)
            x = run_layer(random_layer("LceBMaxPool2d", x.shape, kernel=2, padding="valid"), x)
            x = run_layer(golden_layer(stored, "a", 1, x.shape, 1, "same", output="bit", pad_value="one"), x)
            np.testing.assert_array_equal(run_layer(golden_layer(stored, "a", 2, x.shape), x), expected)


def test_network_with_multipliers():
    """Pool, convolutions (bits, stride 2, one padding; floats with multiplier and bias), then mean and dense layer.

    Those two add floats in the order of TFLite's: pixels in turn; four lanes, of which neighbours are added first.
    """
    with np.load(GOLDEN) as stored:
        for packed, expected in zip(stored["b.input"], stored["b.output"], strict=True):
            x = unpacked(packed, 32)
            x = run_layer(random_layer("LceBMaxPool2d", x.shape, kernel=2, padding="valid"), x)
            x = run_layer(golden_layer(stored, "b", 0, x.shape, 2, "same", output="bit", pad_value="one"), x)
            y = run_layer(golden_layer(stored, "b", 1, x.shape), x)
            assert y.dtype == np.float32
            total = np.zeros(64, np.float32)
            for pixel in y.reshape(-1, 64):
                total += pixel
            lanes = np.zeros((10, 4), np.float32)
            for four in range(0, 64, 4):
                lanes += total[four : four + 4] / np.float32(16) * stored["b.dense"][:, four : four + 4]
            dense = (lanes[:, 0] + lanes[:, 1]) + (lanes[:, 2] + lanes[:, 3])
            np.testing.assert_array_equal(dense, expected)


def loop_output(layer: Layer, x: np.ndarray, y: int, column: int, o: int) -> np.float32:
    """One output as float32, by counting differing bits of taps, as LCE does: 2 · count clamped, times, plus."""
    a, weights = layer.attributes, layer.parameters["weights"].astype(int)
    channels, per_group = weights.shape[3], weights.shape[0] // int(a["groups"])
    first = o // per_group * channels
    synapses, twice = weights[0].size, 0
    for ky in range(weights.shape[1]):
        for kx in range(weights.shape[2]):
            row, col = y * int(a["stride_h"]) - int(a["pad_top"]) + ky, column * int(a["stride_w"]) - int(a["pad_left"])
            inside = 0 <= row < x.shape[0] and 0 <= col + kx < x.shape[1]
            for c in range(channels):
                seen = int(x[row, col + kx, first + c]) if inside else int(a["pad_value"] == "one")
                twice += 1 - seen * weights[o, ky, kx, c]
    low, high = {"none": (-synapses, synapses), "relu": (0, synapses), "relu6": (0, 6), "relu_n1_to_1": (-1, 1)}[
        str(a["activation"])
    ]
    twice = max(min(twice, synapses - max(low, -synapses)), synapses - min(high, synapses))
    multiplier, bias = (float(layer.parameters[key][o]) for key in ("multiplier", "bias"))
    scale, zero = float(np.float32(layer.output.scale)), layer.output.zero_point
    factor, offset = np.float32(-multiplier / scale), np.float32((bias + synapses * multiplier) / scale + zero)
    return np.float32(np.float32(twice) * factor) + offset


@st.composite
def convolutions(draw: st.DrawFn) -> Layer:
    """Small layers of all outputs, activations, paddings; groups of 32 channels."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.sampled_from([1, 3, 32])) if groups == 1 else 32)
    keys = {
        "activation": draw(st.sampled_from(["none", "relu", "relu6", "relu_n1_to_1"])),
        "pad_value": draw(st.sampled_from(["zero", "one"])),
        "output": draw(st.sampled_from(["float32", "int8", "bit"])),
        "groups": groups,
    }
    if keys["output"] == "int8":
        keys |= {"output_scale": draw(st.floats(0.01, 2)), "output_zero_point": draw(st.integers(-128, 127))}
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    stride = (draw(st.integers(1, 2)), draw(st.integers(1, 3)))
    channels = groups * draw(st.integers(1, 3))
    in_shape = (*shape[:2], shape[2] * groups)
    return random_layer(
        "LceBconv2d", in_shape, channels, kernel, stride, "same", draw(st.integers(0, 2**32 - 1)), **keys
    )


@settings(max_examples=40, deadline=None)
@given(convolutions(), st.integers(0, 2**32 - 1))
def test_convolution_against_loops(layer: Layer, seed: int) -> None:
    x = random_tensor(layer.input, np.random.default_rng(seed))
    found = run_layer(layer, x)
    for y, column, o in np.ndindex(layer.output.shape):
        value = loop_output(layer, x, y, column, o)
        if layer.output.dtype == "bit":
            value = 1 if value >= 0 else -1
        elif layer.output.dtype == "int8":
            away = int(abs(float(value)) + 0.5)  # halves away from zero
            value = min(max(away if value >= 0 else -away, -128), 127)
        assert found[y, column, o] == value


@settings(max_examples=60, deadline=None)
@given(convolutions(), st.data())
def test_thresholds_are_the_signs_of_all_sums(layer: Layer, data: st.DataObject) -> None:
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**60), max_value=2.0**60)
    some = st.sampled_from([0.0, 1.0, -1.0, 0.5, 3.0]) | numbers
    size = layer.output.shape[2]
    drawn = {key: np.array([data.draw(some) for _ in range(size)], np.float32) for key in ("multiplier", "bias")}
    layer = replace(layer, output=Tensor(layer.output.shape, "bit"), parameters={**layer.parameters, **drawn})
    thresholds = sign_thresholds(layer)
    reach = layer.parameters["weights"][0].size
    for acc in range(-reach, reach + 1):
        outside = (acc <= thresholds.low) | (acc >= thresholds.high)
        expected = transformed(np.full(size, acc), layer) >= 0
        np.testing.assert_array_equal(thresholds.polarity ^ outside, expected)
    assert (thresholds.low >= -reach - 1).all() and (thresholds.high <= reach + 1).all()
    assert (thresholds.low + 1 < thresholds.high).all()


def test_quantize_edges():
    floats = np.array([0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1e-45, -1e-45], np.float32).reshape(1, 1, 8)
    layer = random_layer("LceQuantize", (1, 1, 8))
    assert run_layer(layer, floats).ravel().tolist() == [1, 1, 1, 1, 1, -1, 1, -1]
    layer = random_layer("LceQuantize", (1, 1, 4), sources=[Tensor((1, 1, 4), "int8", 0.1, -5)])
    assert run_layer(layer, np.array([[[-128, -6, -5, 127]]], np.int8)).ravel().tolist() == [-1, -1, 1, 1]


@pytest.mark.parametrize(
    ("scale", "zero", "low", "high"),
    [(1.0, 0, -1, 1), (0.4, 0, -3, 3), (2.5, 0, 0, 0), (1 / 127, 1, -126, 127), (0.01, -100, -128, 0)],
)
def test_dequantized_levels(scale, zero, low, high):
    """round(1 / 0.4) is 3: 2.5 in float32, halves away from zero."""
    layer = random_layer("LceDequantize", (1, 1, 2), output="int8", output_scale=scale, output_zero_point=zero)
    assert run_layer(layer, np.array([[[-1, 1]]], np.int8)).ravel().tolist() == [low, high]
    fields = layer_fields(layer)
    assert (fields["out_min"], fields["out_max"]) == (low, high)


def test_halves_round_away_from_zero():
    layer = random_layer("LceBconv2d", (1, 1, 1), 4, 1, output="int8", output_scale=1.0)
    parameters = {"weights": np.ones((4, 1, 1, 1), np.int8), "multiplier": np.array([1, 1, 1, 1], np.float32)}
    layer = replace(layer, parameters={**parameters, "bias": np.array([1.5, -3.5, 0.49999997 - 1, 200], np.float32)})
    assert run_layer(layer, np.ones((1, 1, 1), np.int8)).ravel().tolist() == [3, -3, 0, 127]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"groups": 2}, "48 input and 8 output channels in 2 groups"),
        ({"channels": 9, "groups": 3}, "wanted equal groups"),
        ({"output": "int16"}, "writes float32, int8 or bit, found output int16"),
        ({"output_scale": 0.5}, "output_scale is for int8 outputs"),
        ({"channels": None}, "needs channels"),
    ],
)
def test_impossible_attributes(keys, message):
    with pytest.raises(UsageError, match=message):
        random_layer("LceBconv2d", (4, 4, 48), **{"channels": 8, "kernel": 3, **keys})


def test_numbers_beyond_float32_are_refused():
    layer = random_layer("LceBconv2d", (2, 2, 32), 2, 1, output="int8", output_scale=1e-30)
    layer = replace(layer, parameters={**layer.parameters, "multiplier": np.array([1, 1e20], np.float32)})
    plain = next(kernel for kernel in load_kernels() if kernel.function == "lcebconv2d_plain")
    with pytest.raises(LoweringError, match="exceed float32"):
        lower_layer(layer, plain)


def test_which_kernels_compute_bits():
    bits = random_layer("LceBconv2d", (2, 2, 64), 2, 1, output="bit")
    assert bits.kernel_operators == ("LceBconv2d", "BBConv2D")
    assert random_layer("LceBconv2d", (2, 2, 64), 2, 1, output="bit", groups=2).kernel_operators == ("LceBconv2d",)
    assert random_layer("LceBconv2d", (2, 2, 64), 2, 1).kernel_operators == ("LceBconv2d",)
    assert random_layer("LceBMaxPool2d", (2, 2, 64), kernel=2).kernel_operators == ("LceBMaxPool2d", "BMaxPool2D")


@settings(max_examples=60, deadline=None)
@given(convolutions(), st.data())
def test_integer_lines_give_the_same_numbers(layer: Layer, data: st.DataObject) -> None:
    """Halves on both sides of 0 are the hard case: quarters as factors and offsets make many."""
    size = layer.output.shape[2]
    numbers = st.integers(-20, 20).map(lambda n: n / 4) | st.floats(-3, 3, width=32)
    drawn = {key: np.array([data.draw(numbers) for _ in range(size)], np.float32) for key in ("multiplier", "bias")}
    output = Tensor(
        layer.output.shape, "int8", data.draw(st.sampled_from([1.0, 0.5, 6 / 127])), data.draw(_ZERO_POINTS)
    )
    layer = replace(layer, output=output, parameters={**layer.parameters, **drawn})
    factor, _ = factors(layer.parameters, output)
    found = np.frombuffer(integer_lines(layer, factor)["requantize"], "<i4").reshape(size, 3)
    synapses = layer.parameters["weights"][0].size
    low, high = distance_range(synapses, str(layer.attributes["activation"]))
    distances = np.arange(low, high + 1)
    expected = half_away(transformed(np.repeat(synapses - distances[:, None], size, axis=1), layer))
    for o, (multiplier, offset, shift) in enumerate(found.tolist()):
        np.testing.assert_array_equal(evaluate((multiplier, offset, shift), distances), expected[:, o])


def test_no_integer_line_for_distances_beyond_15_bits_or_impossible_steps():
    assert integer_line(np.zeros(2**15 + 1, np.int8), 0, 0.0) is None
    assert integer_line(np.array([0, 1, 1, 1, 2, 2, 3, 9], np.int8), 0, 0.5) is None
    assert integer_line(np.array([0, 1, 1, 2], np.int8), 0, 2.0**40) is None
