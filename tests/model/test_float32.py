"""The float32 operators: the reference against plain loops, exp against float64, what kernels are given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import UsageError
from bnnsim.model.kernels import load_kernels
from bnnsim.model.layout import parse_layout
from bnnsim.model.lowering import layer_fields, lower_layer
from bnnsim.model.network import random_layer, random_tensor
from bnnsim.model.reference import run_layer
from bnnsim.model.reference.float32_exp import exp
from bnnsim.model.tensor import Tensor

F = np.float32
LIMITS = {"none": (-np.inf, np.inf), "relu": (0, np.inf), "relu6": (0, 6), "relu_n1_to_1": (-1, 1)}


def inside(layer, y, x):
    """Taps of an output pixel inside the image, in order: (ky, kx, row, column)."""
    a = layer.attributes
    for ky in range(a["kernel_h"]):
        for kx in range(a["kernel_w"]):
            row, column = y * a["stride_h"] - a["pad_top"] + ky, x * a["stride_w"] - a["pad_left"] + kx
            if 0 <= row < layer.input.shape[0] and 0 <= column < layer.input.shape[1]:
                yield ky, kx, row, column


def clamped(layer, y):
    low, high = map(F, LIMITS[layer.attributes["activation"]])
    y = low if y < low else y
    return high if y > high else y


def convolved(layer, image, y, x, o):
    weights, depth = layer.parameters["weights"], int(layer.attributes.get("depth_multiplier", 0))
    total = layer.parameters["bias"][o] if "bias" in layer.parameters else F(0)
    for ky, kx, row, column in inside(layer, y, x):
        for c in [o // depth] if depth else range(layer.input.shape[2]):
            total = F(total + F(image[row, column, c] * weights[o, ky, kx, 0 if depth else c]))
    return total


def greatest(layer, image, y, x, o):
    best = F(-np.inf)
    for _, _, row, column in inside(layer, y, x):
        best = image[row, column, o] if image[row, column, o] > best else best
    return best


def mean(layer, image, y, x, o):
    total, count = F(0), 0
    for _, _, row, column in inside(layer, y, x):
        total, count = F(total + image[row, column, o]), count + 1
    return F(total / F(count))


PLAIN = {
    "Conv2D_float32": convolved,
    "DepthwiseConv2D_float32": convolved,
    "MaxPool2D_float32": greatest,
    "AveragePool2D_float32": mean,
}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), operator=st.sampled_from(sorted(PLAIN)), seed=st.integers(0, 1000))
def test_reference_is_the_plain_loop(data, operator, seed):
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)))
    keys = {"kernel": data.draw(st.tuples(st.integers(1, shape[0]), st.integers(1, shape[1])))}
    keys["stride"] = data.draw(st.integers(1, 3))
    keys |= {"padding": data.draw(st.sampled_from(["same", "valid"]))}
    keys |= {"activation": data.draw(st.sampled_from(sorted(LIMITS)))}
    if operator == "Conv2D_float32":
        keys["channels"] = data.draw(st.integers(1, 4))
    if operator == "DepthwiseConv2D_float32":
        keys["depth_multiplier"] = data.draw(st.integers(1, 3))
    if operator in ("Conv2D_float32", "DepthwiseConv2D_float32"):
        keys["bias"] = data.draw(st.booleans())
    layer = random_layer(operator, shape, rng=seed, **keys)
    image = random_tensor(layer.input, np.random.default_rng(seed)) * F(3)
    found = run_layer(layer, image)
    wanted = np.empty(layer.output.shape, np.float32)
    for y, x, o in np.ndindex(*layer.output.shape):
        wanted[y, x, o] = clamped(layer, PLAIN[operator](layer, image, y, x, o))
    assert found.dtype == np.float32
    assert (found.view(np.uint32) == wanted.view(np.uint32)).all()


def test_dense_layer_is_a_convolution_that_covers_its_input():
    dense = random_layer("FullyConnected_float32", (2, 3, 4), channels=5, bias=True, rng=1)
    image = random_tensor(dense.input, np.random.default_rng(1))
    wanted = [convolved(dense, image, 0, 0, o) for o in range(5)]
    assert run_layer(dense, image).ravel().tolist() == [float(x) for x in wanted]


def test_taps_outside_are_skipped_and_products_are_not_fused():
    layer = random_layer("Conv2D_float32", (1, 1, 2), channels=1, kernel=3, padding="same")
    weights = np.full((1, 3, 3, 2), np.inf, np.float32)
    weights[0, 1, 1] = F(1) + F(2**-12)
    layer.parameters["weights"][:] = weights
    image = np.array([[[-(F(1) + F(2**-11)), F(1) + F(2**-12)]]], np.float32)
    first = F(image[0, 0, 0] * weights[0, 1, 1, 0])
    assert run_layer(layer, image).item() == F(first + F(image[0, 0, 1] * weights[0, 1, 1, 1]))


def test_exp_is_within_one_unit_in_the_last_place():
    rng = np.random.default_rng(5)
    edges = np.array([0, -1e-30, -1e-8, -0.34657, -0.34658, -1, -87.3, -87.4, -103.9, -103.98, -104, -1e30])
    for scale in (0.7, 20, 104):
        x = np.concatenate([edges, -rng.random(200_000) * scale]).astype(np.float32)
        exact = np.exp(x.astype(np.float64))
        step = np.maximum(np.spacing(exact.astype(np.float32)).astype(np.float64), 2.0**-149)
        assert (abs(exp(x) - exact) / step).max() < 1
    assert exp(np.array([0, -np.inf], np.float32)).tolist() == [1, 0]


def test_softmax_sums_to_one_and_keeps_the_order():
    layer = random_layer("Softmax_float32", (3, 3, 10))
    x = random_tensor(layer.input, np.random.default_rng(2)) * F(5)
    y = run_layer(layer, x)
    exact = np.exp(x.astype(np.float64))
    assert abs(y / (exact / exact.sum(axis=2, keepdims=True)) - 1).max() < 2e-6  # x - m is rounded
    assert (y.argmax(axis=2) == x.argmax(axis=2)).all()


def test_batch_norm_is_folded_in_float32():
    layer = random_layer("BatchNorm_float32", (2, 2, 5), rng=3)
    x = random_tensor(layer.input, np.random.default_rng(3))
    kernel = next(k for k in load_kernels() if k.operator == "BatchNorm_float32")
    constants = lower_layer(layer, kernel).constants
    factor, offset = (np.frombuffer(constants[name], "<f4")[:5] for name in ("factor", "offset"))
    assert (run_layer(layer, x) == x * factor + offset).all()
    p = {name: array.astype(np.float64) for name, array in layer.parameters.items()}
    exact = (x - p["mean"]) / np.sqrt(p["variance"] + 1e-3) * p["gamma"] + p["beta"]
    assert np.allclose(run_layer(layer, x), exact, rtol=1e-5, atol=1e-6)


def test_clamp_and_bias_reach_the_kernel():
    layer = random_layer("Conv2D_float32", (3, 3, 2), channels=3, kernel=1, activation="relu6")
    kernel = next(k for k in load_kernels() if k.operator == "Conv2D_float32")
    lowered = lower_layer(layer, kernel)
    fields = layer_fields(layer)
    assert (fields["act_min"], fields["act_max"]) == (0, 0x40C00000)
    assert lowered.constants["offset"] == bytes(4 * 8)  # no bias; padded to a multiple of eight outputs


def test_float32_weights_need_a_float32_layout():
    weights = np.full((2, 1, 1, 3), 0.1, np.float32)
    assert parse_layout("float32 O/2 Y X C O%2").pack(weights) == weights.tobytes()
    with pytest.raises(UsageError, match="it holds integers, found float32 weights; use float32"):
        parse_layout("int8 O Y X C").pack(weights)


@pytest.mark.parametrize("operator", ["Add_float32", "Mul_float32"])
def test_second_input_has_the_same_shape_or_one_pixel(operator):
    sources = (Tensor((2, 2, 3), "float32"), Tensor((1, 2, 3), "float32"))
    with pytest.raises(UsageError, match=r"found second input of shape \(1, 2, 3\), wanted"):
        random_layer(operator, (2, 2, 3), sources=sources)


def test_layers_read_float32_only():
    with pytest.raises(UsageError, match="reads float32 tensors, found int8"):
        random_layer("ReLU_float32", (1, 1, 1), reads="int8")
    with pytest.raises(UsageError, match="needs channels"):
        random_layer("FullyConnected_float32", (1, 1, 1))
