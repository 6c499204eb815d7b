"""The float32 operators of TFLite."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnnsim.bench.case import Case
from bnnsim.model.tensor import Tensor

# zeros of both signs, a subnormal number, one whose products are subnormal, one whose sums come near to infinity
VALUES = (0.0, -0.0, 1e-39, -3e-38, 2e37)
OVERFLOWS = (3e38, -3e38, float("inf"))


def layer(operator, in_shape, everywhere=False, values=VALUES, changes=None, **keys):
    return Case(operator, in_shape, keys, changes=changes, everywhere=everywhere, values=values)


def pair(operator, shape, second=None, **keys):
    sources = (Tensor(shape, "float32"), Tensor(second or shape, "float32"))
    return layer(operator, shape, sources=sources, **keys)


def scaled_weights(factor):
    return lambda parameters: {"weights": parameters["weights"] * np.float32(factor)}


def zero_variance(parameters):
    return {"variance": np.zeros_like(parameters["variance"]), "gamma": parameters["gamma"] * np.float32(0)}


_CONV = "Conv2D_float32"
_CONVOLUTIONS = [
    layer(_CONV, (1, 1, 1), channels=1, kernel=1),
    layer(_CONV, (5, 6, 3), channels=6, kernel=3, padding="same", bias=True, activation="relu", everywhere=True),
    layer(_CONV, (4, 5, 4), channels=8, kernel=3, padding="same", stride=2, bias=True, everywhere=True),
    layer(_CONV, (3, 3, 31), channels=5, kernel=1, activation="relu6"),
    layer(_CONV, (2, 3, 32), channels=4, kernel=1, bias=True, activation="relu_n1_to_1"),
    layer(_CONV, (3, 3, 33), channels=3, kernel=3, padding="same"),
    layer(_CONV, (4, 4, 5), channels=9, kernel=(3, 5), padding="same", bias=True),
    layer(_CONV, (7, 7, 2), channels=3, kernel=3, stride=3),
    layer(_CONV, (7, 5, 6), channels=4, kernel=(3, 2), stride=(2, 1)),
    layer(_CONV, (2, 2, 3), channels=4, kernel=5, padding="same", activation="relu"),
    layer(_CONV, (1, 2, 64), channels=33, kernel=1),
    layer(_CONV, (1, 1, 95), channels=4, kernel=1, values=()),
    layer(_CONV, (1, 2, 128), channels=7, kernel=1, values=()),
    layer(_CONV, (1, 1, 256), channels=5, kernel=1, values=()),
    layer(_CONV, (3, 3, 3), channels=4, kernel=3, padding="same", changes=scaled_weights(1e-38)),
    layer(_CONV, (9, 9, 4), channels=4, kernel=3, padding="same", values=()),
]
_DEPTHWISE = "DepthwiseConv2D_float32"
_DEPTHWISES = [
    layer(_DEPTHWISE, (1, 1, 1), kernel=1),
    layer(_DEPTHWISE, (5, 6, 9), kernel=3, padding="same", bias=True, activation="relu", everywhere=True),
    layer(_DEPTHWISE, (4, 5, 8), kernel=3, stride=2, padding="same", bias=True, everywhere=True),
    layer(_DEPTHWISE, (4, 4, 3), kernel=3, depth_multiplier=2, bias=True, activation="relu6"),
    layer(_DEPTHWISE, (5, 7, 31), kernel=(3, 5), padding="same", values=()),
    layer(_DEPTHWISE, (3, 3, 32), kernel=3, padding="same", values=()),
    layer(_DEPTHWISE, (2, 2, 33), kernel=5, padding="same", activation="relu_n1_to_1"),
    layer(_DEPTHWISE, (2, 2, 95), kernel=1, values=()),
    layer(_DEPTHWISE, (7, 7, 4), kernel=3, stride=3),
    layer(_DEPTHWISE, (1, 3, 128), kernel=(1, 3), padding="same", values=()),
    layer(_DEPTHWISE, (1, 2, 256), kernel=1, values=()),
]
_DENSE = "FullyConnected_float32"
_DENSES = [
    layer(_DENSE, (1, 1, 1), channels=1),
    layer(_DENSE, (1, 1, 33), channels=10, bias=True, activation="relu", everywhere=True),
    layer(_DENSE, (2, 3, 4), channels=17, bias=True, everywhere=True),
    layer(_DENSE, (1, 1, 31), channels=3, activation="relu6"),
    layer(_DENSE, (1, 1, 32), channels=2, activation="relu_n1_to_1", bias=True),
    layer(_DENSE, (1, 1, 95), channels=8),
    layer(_DENSE, (4, 4, 16), channels=5, values=()),
    layer(_DENSE, (1, 1, 7), channels=12, changes=scaled_weights(1e-38)),
]
_POOL_KEYS: tuple[tuple[tuple[int, int, int], dict[str, Any]], ...] = (
    ((1, 1, 1), {"kernel": 1}),
    ((4, 4, 5), {"kernel": 2, "everywhere": True}),
    ((5, 7, 3), {"kernel": 3, "stride": 2, "padding": "same", "activation": "relu", "everywhere": True}),
    ((3, 4, 33), {"kernel": 3, "stride": 1, "padding": "same"}),
    ((6, 5, 8), {"kernel": (2, 3), "activation": "relu6"}),
    ((7, 7, 4), {"kernel": 5, "stride": 3, "padding": "same", "activation": "relu_n1_to_1"}),
    ((2, 3, 95), {"kernel": (1, 2), "stride": (2, 1)}),
)
_POOLS = [
    layer(operator, shape, values=(*VALUES, float("inf")), **keys)
    for operator in ("MaxPool2D_float32", "AveragePool2D_float32")
    for shape, keys in _POOL_KEYS
]
_PAIRS = [
    pair(operator, shape, second, values=VALUES + OVERFLOWS[:2], **keys)
    for operator in ("Add_float32", "Mul_float32")
    for shape, second, keys in (
        ((1, 1, 1), None, {}),
        ((3, 4, 5), None, {"everywhere": True}),
        ((2, 3, 33), (1, 1, 33), {"activation": "relu", "everywhere": True}),
        ((1, 2, 64), None, {"activation": "relu6"}),
        ((3, 3, 8), (1, 1, 8), {"activation": "relu_n1_to_1"}),
    )
]
_ELEMENTS = [
    layer(operator, shape, everywhere=everywhere, values=VALUES + OVERFLOWS)
    for operator in ("PReLU_float32", "ReLU_float32", "ReLU6_float32")
    for shape, everywhere in (((1, 1, 1), False), ((3, 4, 5), True), ((1, 3, 33), True), ((2, 2, 64), False))
]
_NORMS = [
    layer("BatchNorm_float32", (1, 1, 1)),
    layer("BatchNorm_float32", (3, 4, 5), everywhere=True, activation="relu"),
    layer("BatchNorm_float32", (2, 2, 33), everywhere=True),
    layer("BatchNorm_float32", (1, 2, 31), activation="relu6", changes=zero_variance),
]
_SOFTMAX = [
    layer("Softmax_float32", shape, everywhere=everywhere, values=(*VALUES, *OVERFLOWS[:2]))
    for shape, everywhere in (((1, 1, 1), False), ((1, 1, 10), True), ((2, 2, 5), True), ((1, 1, 33), False))
]

CASES = [*_CONVOLUTIONS, *_DEPTHWISES, *_DENSES, *_POOLS, *_PAIRS, *_ELEMENTS, *_NORMS, *_SOFTMAX]
