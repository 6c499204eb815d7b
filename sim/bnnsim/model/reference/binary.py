"""CBin-NN's operators in NumPy."""

from __future__ import annotations

import numpy as np

from bnnsim.model.activation import fixed_point, signs
from bnnsim.model.network import Layer
from bnnsim.model.reference.window import taps


def sign_layer(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Sums, bias, PReLU, batch norm, sign."""
    return np.where(signs(accumulate(layer, x), layer.parameters), 1, -1).astype(np.int8)


def quantized_layer(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Sums, bias, PReLU, batch norm and output scale, in fixed point."""
    acc = accumulate(layer, x)
    low, high = layer.output.limits
    y = fixed_point(layer.parameters, layer.output.scale).apply(acc, (int(low), int(high)))
    return y.astype(layer.output.dtype)


def accumulate(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Return the exact sums without bias, int64 [out_h, out_w, O]; taps outside the image give 0, or +1 · weight."""
    weights = layer.parameters["weights"].astype(np.float64)
    outside = 1 if layer.attributes.get("pad_value") == "one" else 0
    # sums of integers in float64 (BLAS) are exact below 2^53
    acc = np.zeros(layer.output.shape, np.float64)
    for ky, kx, patch in taps(layer, x.astype(np.float64), outside):
        acc += patch @ weights[:, ky, kx, :].T
    return acc.astype(np.int64)


def max_pool(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Maximum of ±1 in each window; every window touches the image, so -1 outside never wins."""
    out = np.full(layer.output.shape, -1, np.int8)
    for _, _, patch in taps(layer, x.astype(np.int8), outside=-1):
        out = np.maximum(out, patch)
    return out


RUN = {
    **dict.fromkeys(("QBConv2D", "QQConv2D", "BBConv2D", "BBPointwiseConv2D", "BBFC"), sign_layer),
    "BBQFC": quantized_layer,
    "BMaxPool2D": max_pool,
}
