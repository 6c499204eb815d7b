"""Larq Compute Engine's operators."""

from __future__ import annotations

import numpy as np

from bnnsim.bench.case import Case
from bnnsim.model.tensor import Tensor

FLOATS = (0.0, -0.0, float("nan"), float("-inf"), -1e-45)  # the last is the least negative number


def quantize(shape, dtype="float32", zero_point=0, **more):
    scale = 1.0 if dtype == "float32" else 0.05
    return Case("LceQuantize", shape, {"sources": [Tensor(shape, dtype, scale, zero_point)]}, **more)


def dequantize(shape, **keys):
    return Case("LceDequantize", shape, keys)


def convolve(in_shape, channels, kernel, stride, padding, **keys):
    more = {name: keys.pop(name) for name in ("changes", "everywhere", "values") if name in keys}
    keys |= {"channels": channels, "kernel": kernel, "stride": stride, "padding": padding}
    return Case("LceBconv2d", in_shape, keys, **more)


def edge_factors(parameters):
    """Multipliers 0, of both signs, tiny and huge; biases 0 and huge."""
    edges = np.array([0, 1, -1, 1e-30, 1e30, -1e30, 0.5, -0.25, 1 / 3], np.float32)
    biases = np.array([0, 0.5, -0.5, 1e30, -1e30, 0, 100, -0.0, 2.5], np.float32)
    size = len(parameters["multiplier"])
    return {"multiplier": np.resize(edges, size), "bias": np.resize(biases, size)}


_PIXELS = [(1, 1, 1), (2, 3, 3), (3, 2, 31), (2, 2, 32), (3, 3, 33), (2, 2, 64), (1, 3, 95), (1, 2, 128), (1, 1, 256)]
_CONVOLUTIONS = [
    ((1, 1, 1), 1, 1, 1, "valid"),
    ((1, 1, 32), 33, 3, 1, "same"),
    ((4, 5, 3), 7, 3, 1, "same"),
    ((5, 7, 31), 32, 3, 1, "same"),
    ((6, 6, 33), 31, 5, 1, "same"),
    ((8, 8, 64), 64, 3, 2, "same"),
    ((4, 9, 95), 5, (3, 5), 1, "valid"),
    ((7, 4, 32), 40, (2, 4), (2, 1), "same"),
    ((4, 4, 128), 12, 3, 3, "valid"),
    ((2, 2, 32), 36, 5, 1, "same"),
    ((1, 2, 256), 34, 1, 1, "valid"),
    ((3, 4, 160), 33, 3, 1, "same"),
]
_OUTPUTS = [
    {"output": "float32", "activation": "relu"},
    {"output": "float32", "pad_value": "one"},
    {"output": "int8", "output_scale": 0.02, "output_zero_point": -7},
    {"output": "int8", "pad_value": "one", "activation": "relu6", "output_zero_point": 12},
    {"output": "bit", "activation": "relu_n1_to_1"},
]
_POOLS = [
    ((1, 1, 1), 1, 1, "valid"),
    ((7, 5, 33), 2, 2, "same"),
    ((6, 9, 64), 3, 2, "same"),
    ((5, 5, 31), (2, 3), (1, 2), "valid"),
]
_INT8 = [(2, 2, 4), (1, 3, 28), (2, 2, 96), (3, 1, 36), (2, 3, 5)]

CASES: list[Case] = [
    *(quantize(shape, values=FLOATS, everywhere=shape[2] == 33) for shape in _PIXELS),
    *(quantize(shape, "int8", zero, values=(-128, 127, zero, zero - 1)) for shape in _INT8 for zero in (-3, 0, 127)),
    quantize((2, 2, 64), "int8", -128, values=(-128, 127), everywhere=True),
    *(
        convolve(*shape, **_OUTPUTS[n % 5], everywhere=n in (1, 3, 5), values=(-1, 1))
        for n, shape in enumerate(_CONVOLUTIONS)
    ),
    *(convolve(*shape, **_OUTPUTS[(n + 2) % 5], changes=edge_factors) for n, shape in enumerate(_CONVOLUTIONS)),
    convolve((3, 4, 64), 10, 3, 1, "same", changes=edge_factors, values=(-1, 1)),
    convolve((4, 4, 64), 8, 3, 1, "same", changes=edge_factors, output="int8", output_scale=0.5, everywhere=True),
    *(convolve((3, 5, 128), 8, 3, 1, "same", groups=groups, **keys) for groups in (2, 4) for keys in _OUTPUTS[1:]),
    *(Case("LceBMaxPool2d", s, {"kernel": k, "stride": t, "padding": p}) for s, k, t, p in _POOLS),
    *(dequantize(shape) for shape in _PIXELS),
    *(
        dequantize(shape, output="int8", output_scale=scale, output_zero_point=zero)
        for shape in _INT8
        for scale, zero in ((1.0, 0), (0.0157, -100), (0.4, 127), (0.001, 5))
    ),
]
