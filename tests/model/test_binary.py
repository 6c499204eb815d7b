"""CBin-NN's operators against plain counting, with bias and both kinds of padding; their twenty names."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.model.cbin_nn import OPERATORS, TABLE
from bnnsim.model.kernels import load_kernels
from bnnsim.model.layout import parse_layout
from bnnsim.model.network import Layer, random_layer, random_tensor
from bnnsim.model.operators import operator_named
from bnnsim.model.reference import accumulate, run_layer

WINDOW = ("kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top", "pad_left")


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """A small layer of an operator with weights, with or without PReLU and bias."""
    operator = draw(st.sampled_from([name for name in OPERATORS if name != "BMaxPool2D"]))
    allowed = operator_named(operator).keys
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.sampled_from([1, 3, 31, 33])))
    keys = {"channels": draw(st.integers(1, 4)), "prelu": draw(st.booleans()), "bias": draw(st.booleans())}
    if "stride" in allowed:
        keys["stride"] = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    if "kernel" in allowed:
        keys |= {"kernel": (draw(st.integers(1, 5)), draw(st.integers(1, 5))), "padding": "same"}
    if "pad_value" in allowed:
        keys["pad_value"] = draw(st.sampled_from(["zero", "one"]))
    return random_layer(operator, shape, rng=draw(st.integers(0, 2**32 - 1)), **keys)


def dot_product(layer: Layer, x: np.ndarray, at: tuple[int, int, int]) -> int:
    """One sum by plain counting, without bias."""
    kernel_h, kernel_w, stride_h, stride_w, top, left = (int(layer.attributes[name]) for name in WINDOW)
    row, column, output = at
    total = 0
    for ky, kx in np.ndindex(kernel_h, kernel_w):
        y, x_ = row * stride_h - top + ky, column * stride_w - left + kx
        weights = layer.parameters["weights"][output, ky, kx].tolist()
        if 0 <= y < x.shape[0] and 0 <= x_ < x.shape[1]:
            total += sum(w * value for w, value in zip(weights, x[y, x_].tolist(), strict=True))
        elif layer.attributes["pad_value"] == "one":
            total += sum(weights)
    return total


@settings(max_examples=60, deadline=None)
@given(layers(), st.integers(0, 2**32 - 1))
def test_sums_against_plain_counting(layer: Layer, seed: int) -> None:
    x = random_tensor(layer.input, np.random.default_rng(seed))
    acc = accumulate(layer, x)
    for at in np.ndindex(*layer.output.shape):
        assert acc[at] == dot_product(layer, x, at)


@settings(max_examples=60, deadline=None)
@given(layers(), st.integers(0, 2**32 - 1))
def test_bias_is_added_before_prelu_and_batch_norm(layer: Layer, seed: int) -> None:
    """Outputs far from a change, from the formula in float64."""
    x = random_tensor(layer.input, np.random.default_rng(seed))
    p = {name: array.astype(np.float64) for name, array in layer.parameters.items()}
    scale = p.get("input_scale", 1.0) * p.get("weight_scale", 1.0)
    v = (accumulate(layer, x) + p.get("bias", 0)) * scale
    v = np.where(v > 0, v, v * p.get("slope", 1))
    y = (v - p["mean"]) / np.sqrt(p["variance"] + 1e-3) * p["gamma"] + p["beta"]
    found = run_layer(layer, x)
    if layer.operator == "BBQFC":
        low, high = layer.output.limits
        y = y / layer.output.scale
        sure = (y > low) & (y < high)
        assert (abs(found - y)[sure] <= 0.5 + 0.01 * abs(y[sure])).all()
    else:
        sure = abs(y) > 1e-3
        np.testing.assert_array_equal(found[sure] > 0, y[sure] > 0)


def test_a_kernel_for_each_of_the_twenty_names() -> None:
    assert len(TABLE) == 20
    kernels = {(kernel.operator, kernel.variant) for kernel in load_kernels()}
    for row in TABLE.values():
        assert (row.operator, row.variant) in kernels
        assert not row.prelu or "prelu" in operator_named(row.operator).keys


def test_weights_of_8_bit_inputs_are_one_stream_of_bits() -> None:
    """CBin-NN: filters of 75 bits follow each other without padding, least significant bit first."""
    (kernel,) = (k for k in load_kernels() if k.function == "qbconv2d_plain")
    weights = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (3, 5, 5, 3))
    words = np.frombuffer(parse_layout(str(kernel.weights)).pack(weights), "<u4")
    stream = sum(int(word) << 32 * i for i, word in enumerate(words))
    assert [1 if stream >> i & 1 else -1 for i in range(225)] == weights.ravel().tolist()
    assert stream >> 225 == 0
