"""Larq Compute Engine's operators, in NumPy. Tensors of bits are ±1, so LCE's opposite polarity does not show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnnsim.model.network import Layer
from bnnsim.model.output_transform import half_away, transformed
from bnnsim.model.reference.binary import max_pool
from bnnsim.model.reference.window import taps


def quantize(layer: Layer, x: np.ndarray) -> np.ndarray:
    """-1 below the zero point (0 for floats), else +1; so -0.0 and NaN give +1."""
    return np.where(x < layer.input.zero_point, -1, 1).astype(np.int8)


def levels(layer: Layer) -> tuple[float, float]:
    """Return what -1 and +1 become in LceDequantize: ±1, or zero point ± round(1 / scale) within int8.

    The quotient is a float32, rounded half away from zero (TfLiteRound).
    """
    if layer.output.dtype == "float32":
        return -1.0, 1.0
    offset = np.floor(np.float64(np.float32(1) / np.float32(layer.output.scale)) + 0.5)
    return max(layer.output.zero_point - offset, -128), min(layer.output.zero_point + offset, 127)


def dequantize(layer: Layer, x: np.ndarray) -> np.ndarray:
    """One of two levels."""
    low, high = levels(layer)
    return np.where(x > 0, high, low).astype(layer.output.dtype)


def convolution(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Sums, activation, multiplier and bias: float32; int8, halves rounded away from zero; or the sign, 0 giving +1."""
    y = transformed(grouped_sums(layer, x), layer)
    if layer.output.dtype == "bit":
        return np.where(y >= 0, 1, -1).astype(np.int8)
    return half_away(y) if layer.output.dtype == "int8" else y


def grouped_sums(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Return the exact sums, int64 [out_h, out_w, O]; taps outside the image give 0, or +1 · weight."""
    weights, groups = layer.parameters["weights"].astype(np.float64), int(layer.attributes["groups"])
    out, channels = weights.shape[0] // groups, weights.shape[3]
    sums = np.zeros(layer.output.shape, np.float64)  # of integers, exact below 2^53
    for ky, kx, patch in taps(layer, x.astype(np.float64), int(layer.attributes["pad_value"] == "one")):
        for g in range(groups):
            own = slice(g * out, (g + 1) * out)
            sums[..., own] += patch[..., g * channels : (g + 1) * channels] @ weights[own, ky, kx].T
    return sums.astype(np.int64)


RUN: dict[str, Callable[..., np.ndarray]] = {
    "LceQuantize": quantize,
    "LceDequantize": dequantize,
    "LceBconv2d": convolution,
    "LceBMaxPool2d": max_pool,
}
