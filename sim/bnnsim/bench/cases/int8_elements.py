"""TFLite's int8 operators without weights, as CMSIS-NN computes them."""

from __future__ import annotations

import math

from bnnsim.bench.case import Case
from bnnsim.model.tensor import Tensor

LIMITS = (-128, 127)
ZERO_POINTS = (-128, -3, 0, 127)


def quantized(shape, scale=0.05, zero_point=-3):
    return Tensor(shape, "int8", scale, zero_point)


def of(operator, *sources, everywhere=False, values=LIMITS, **keys):
    """A case that reads these tensors."""
    return Case(operator, sources[0].shape, {"sources": sources, **keys}, everywhere=everywhere, values=values)


# shape, kernel, stride, padding, activation
_POOLS = [
    ((1, 1, 1), 1, 1, "valid", "none"),
    ((8, 8, 32), 2, 2, "valid", "none"),
    ((5, 7, 3), 3, 2, "same", "relu"),
    ((6, 5, 33), (3, 5), 1, "same", "none"),
    ((4, 5, 31), (2, 3), (1, 2), "valid", "relu6"),
    ((7, 4, 64), 3, 3, "same", "relu_n1_to_1"),
    ((3, 3, 95), 5, 1, "same", "none"),
    ((2, 1, 256), (2, 1), 1, "valid", "none"),
    ((4, 6, 20), 2, 2, "same", "none"),
    ((6, 6, 1), 2, 1, "valid", "none"),
    ((14, 14, 4), 14, 1, "valid", "none"),
    ((3, 4, 128), 2, 1, "same", "none"),
]
# windows of more than 181, 256 and 4096 pixels: averages need more than 23 bits of a reciprocal
_LARGE_WINDOWS = [((16, 16, 5), 16), ((17, 19, 4), (17, 19)), ((65, 64, 1), (65, 64))]
_SHAPES = [(1, 1, 1), (2, 3, 3), (3, 3, 31), (2, 2, 32), (1, 3, 33), (1, 1, 256), (5, 1, 7), (2, 1, 95), (1, 2, 64)]
# scales of two inputs and of the output; zero points of all three
_SCALES = [
    ((0.05, 0.05, 0.1), (-3, 7, 0)),
    ((0.05, 0.2, 0.11), (-128, 127, -128)),
    ((1.0, 0.0003, 0.9), (0, 0, 0)),
    ((0.004, 0.003, 0.02), (5, -128, 127)),
    ((0.1, 0.025, 0.001), (-1, 1, 3)),
]
_RESCALES = [(0.05, -3), (0.013, 20), (0.9, -128), (0.001, 0), (0.0500001, -4)]


def _pairs(operator):
    for number, shape in enumerate(_SHAPES):
        scales, zero_points = _SCALES[number % len(_SCALES)]
        first, second, out = zip(scales, zero_points, strict=True)
        activation = ("none", "relu", "relu6")[number % 3]
        keys = {"output_scale": out[0], "output_zero_point": out[1], "activation": activation}
        yield of(operator, quantized(shape, *first), quantized(shape, *second), everywhere=number == 4, **keys)
        if number % 2:
            yield of(operator, quantized(shape, *first), quantized((1, 1, shape[2]), *second), **keys)
    yield of(operator, quantized((3, 4, 8)), quantized((3, 4, 8), 0.02, 4))
    yield of(operator, quantized((2, 4, 12), 0.02, 4), quantized((1, 1, 12)))
    # factors of the outputs from 1 on, and of nothing
    yield of(operator, quantized((1, 3, 5), 0.5), quantized((1, 3, 5), 0.5), output_scale=0.003, output_zero_point=9)
    yield of(operator, quantized((2, 2, 6), 1e-9), quantized((2, 2, 6), 1e-9), output_scale=4.0, output_zero_point=9)


def _rescaled(operator):
    for number, shape in enumerate(_SHAPES):
        scale, zero_point = _RESCALES[number % len(_RESCALES)]
        keys = {"output_scale": scale, "output_zero_point": zero_point}
        yield of(operator, quantized(shape), everywhere=number == 2, **keys)
    yield of(operator, quantized((2, 3, 9), 0.02, 127), output_scale=0.02)
    yield of(operator, quantized((4, 3, 8), 0.03, -128), output_scale=0.03)


_QUANTIZED_REALS = (0.0, -0.0, 0.5, -0.5, 0.49999997, 2.5, -2.5, 1e-45, -1e38, math.inf, -math.inf)

CASES = [
    *(
        of(operator, quantized(shape, 0.03, 5), kernel=kernel, stride=stride, padding=padding, activation=activation)
        for operator in ("MaxPool2D_int8", "AveragePool2D_int8")
        for shape, kernel, stride, padding, activation in _POOLS
    ),
    *(of("AveragePool2D_int8", quantized(shape), kernel=kernel) for shape, kernel in _LARGE_WINDOWS),
    *(case for operator in ("Add_int8", "Mul_int8") for case in _pairs(operator)),
    *(case for operator in ("ReLU_int8", "ReLU6_int8", "Quantize_int8") for case in _rescaled(operator)),
    *(
        Case("Quantize_int8", shape, {"output_scale": scale, "output_zero_point": zero_point}, values=_QUANTIZED_REALS)
        for shape, scale, zero_point in (
            ((1, 1, 1), 1.0, 0),
            ((3, 5, 7), 0.01, -128),
            ((2, 2, 33), 0.017, 3),
            ((1, 1, 256), 1e-30, 127),
            ((4, 3, 3), 1e30, -7),
        )
    ),
    *(
        of("Dequantize_int8", quantized(shape, scale, zero_point))
        for shape, scale, zero_point in zip(_SHAPES, (0.05, 1e-40, 0.1, 3e36, 1.0) * 2, ZERO_POINTS * 3, strict=False)
    ),
    *(
        of("Softmax_int8", quantized(shape, scale), everywhere=shape[2] == 33)
        for shape, scale in (
            ((1, 1, 1), 0.1),
            ((1, 1, 10), 0.1),
            ((2, 3, 3), 1.0),
            ((1, 2, 33), 0.02),
            ((1, 1, 256), 1e-4),
            ((1, 1, 95), 0.5),
            ((1, 2, 2), 40.0),
            ((1, 1, 600), 1e-6),
        )
    ),
    *(
        of("Pad_int8", quantized(shape, zero_point=zero_point), pads=pads, values=())
        for shape, pads, zero_point in (
            ((1, 1, 1), (0, 0, 0, 0), 0),
            ((3, 4, 3), (1, 1, 1, 1), -128),
            ((2, 3, 31), (0, 1, 2, 0), 5),
            ((4, 2, 32), (2, 0, 0, 3), 127),
            ((3, 3, 33), (1, 2, 1, 2), -1),
            ((5, 5, 1), (1, 0, 0, 1), 9),
            ((2, 2, 95), (0, 0, 1, 1), 0),
            ((1, 2, 256), (1, 1, 0, 0), 3),
        )
    ),
    *(
        of(f"Reshape_{dtype}", Tensor(shape, dtype), shape=to, values=())
        for dtype, shape, to in (
            ("int8", (1, 1, 1), (1, 1, 1)),
            ("int8", (4, 4, 32), (1, 1, 512)),
            ("int8", (3, 5, 7), (1, 21, 5)),
            ("int8", (1, 1, 95), (95, 1, 1)),
            ("bit", (1, 1, 1), (1, 1, 1)),
            ("bit", (4, 4, 64), (1, 1, 1024)),
            ("bit", (3, 4, 33), (12, 1, 33)),
            ("bit", (1, 3, 96), (3, 3, 32)),
        )
    ),
    *(
        of("Concatenation_int8", *(quantized((*size, c)) for c in channels), values=())
        for size, channels in (
            ((1, 1), (1, 1)),
            ((3, 4), (3, 5)),
            ((2, 3), (32, 64)),
            ((2, 2), (31, 33, 1)),
            ((1, 2), (4, 8, 12, 16)),
            ((3, 1), (2, 95)),
        )
    ),
    *(
        of("Concatenation_bit", *(Tensor((*size, c), "bit") for c in channels), values=())
        for size, channels in (((1, 1), (32, 1)), ((3, 4), (64, 32)), ((2, 3), (32, 32, 33)))
    ),
]
