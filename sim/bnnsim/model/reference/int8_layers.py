"""TFLite's int8 layers with weights, as CMSIS-NN computes them, in NumPy."""

from __future__ import annotations

import numpy as np

from bnnsim.model.network import Layer
from bnnsim.model.quantization import activation_limits, layer_factors, quantized_multipliers
from bnnsim.model.reference.requantize import requantize
from bnnsim.model.reference.window import taps


def accumulate(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Return the exact sums of (x - zero point) · weight plus bias, int64 [out_h, out_w, O]; nothing outside counts."""
    weights = layer.parameters["weights"].astype(np.float64)
    # sums of integers in float64 (BLAS) are exact below 2^53
    acc = np.zeros(layer.output.shape, np.float64)
    repeat = int(layer.attributes.get("depth_multiplier", 0))
    for ky, kx, patch in taps(layer, x.astype(np.float64) - layer.input.zero_point, outside=0):
        if repeat:
            acc += np.repeat(patch, repeat, axis=2) * weights[:, ky, kx, 0]
        else:
            acc += patch @ weights[:, ky, kx, :].T
    return acc.astype(np.int64) + layer.parameters.get("bias", 0)


def run(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Sums, factor per output channel, zero point, clamp."""
    factors = layer_factors(layer.input, layer.parameters["weight_scale"], layer.output)
    single = layer.attributes["rounding"] == "single"
    y = requantize(accumulate(layer, x), *quantized_multipliers(factors), single) + layer.output.zero_point
    return np.clip(y, *activation_limits(layer.output, str(layer.attributes["activation"]))).astype(np.int8)


RUN = dict.fromkeys(("Conv2D_int8", "DepthwiseConv2D_int8", "FullyConnected_int8"), run)
