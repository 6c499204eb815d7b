"""TFLite's int8 operators on single elements in NumPy: sums, products, activations, changes of quantization."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnnsim.model.int8_factors import ADD_SHIFT, add_factors, mul_factor, quantize_real, rescale_factor
from bnnsim.model.network import Layer
from bnnsim.model.quantization import activation_limits
from bnnsim.model.reference.requantize import requantize


def finished(layer: Layer, values: np.ndarray) -> np.ndarray:
    """Return integers with the output's zero point added, clamped by the activation, int8."""
    low, high = activation_limits(layer.output, str(layer.attributes["activation"]))
    return np.clip(values + layer.output.zero_point, low, high).astype(np.int8)


def add(layer: Layer, *inputs: np.ndarray) -> np.ndarray:
    """Sum; each input is shifted to the left by 20 and scaled to a common scale."""
    factors, output_factor = add_factors(layer.sources, layer.output)
    total = np.zeros(layer.output.shape, np.int64)
    for x, source, factor in zip(inputs, layer.sources, factors, strict=True):
        total += requantize((x.astype(np.int64) - source.zero_point) << ADD_SHIFT, *factor)
    return finished(layer, requantize(total, *output_factor))


def multiply(layer: Layer, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Product."""
    a, b = (x.astype(np.int64) - source.zero_point for x, source in zip((first, second), layer.sources, strict=True))
    return finished(layer, requantize(a * b, *mul_factor(layer.sources, layer.output)))


def rescale(layer: Layer, x: np.ndarray) -> np.ndarray:
    """The same real numbers in steps of the output's scale, clamped."""
    factor = rescale_factor(layer.input, layer.output)
    return finished(layer, requantize(x.astype(np.int64) - layer.input.zero_point, *factor))


def quantize(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Real numbers, or integers of another scale, in steps of the output's scale."""
    return rescale(layer, x) if layer.input.dtype == "int8" else quantize_real(x, layer.output).astype(np.int8)


def dequantize(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Real numbers scale · (q - zero_point), rounded once to float32 (kernels/internal/reference/dequantize.h)."""
    steps = x.astype(np.int64) - layer.input.zero_point
    with np.errstate(over="ignore"):
        return (float(np.float32(layer.input.scale)) * steps).astype(np.float32)


RUN: dict[str, Callable[..., np.ndarray]] = {
    "Add_int8": add,
    "Mul_int8": multiply,
    "ReLU_int8": rescale,
    "ReLU6_int8": rescale,
    "Quantize_int8": quantize,
    "Dequantize_int8": dequantize,
}
