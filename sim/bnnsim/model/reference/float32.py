"""The float32 operators of TFLite, in NumPy: each operation is one correctly rounded float32 operation.

Its order is part of the meaning, so that results are the same bit for bit. Which NaN comes out is not defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from bnnsim.model.activation import EPSILON
from bnnsim.model.network import Layer
from bnnsim.model.operators.float32 import ACTIVATIONS
from bnnsim.model.reference.float32_exp import exp
from bnnsim.model.reference.window import taps


def _clamp(layer: Layer, y: np.ndarray) -> np.ndarray:
    """Return y, its least value where y < it, its greatest where y > it."""
    low, high = (np.float32(limit) for limit in ACTIVATIONS[str(layer.attributes["activation"])])
    y = np.where(y < low, low, y)
    return np.where(y > high, high, y)


def _taps_inside(layer: Layer, x: np.ndarray) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Yield row and column of each tap, what it sees, [out_h, out_w, C], and where it is inside, bool [.., .., 1]."""
    inside = np.ones((*x.shape[:2], 1), np.float32)
    for (ky, kx, patch), (_, _, mask) in zip(taps(layer, x, 0), taps(layer, inside, 0), strict=True):
        yield ky, kx, patch, mask > 0


def _start(layer: Layer) -> np.ndarray:
    """Return the sums' first values: the bias, else 0, float32 [out_h, out_w, O]."""
    bias = layer.parameters.get("bias", np.float32(0))
    return np.broadcast_to(bias, layer.output.shape).astype(np.float32)


def convolution(layer: Layer, x: np.ndarray) -> np.ndarray:
    """acc = bias or 0; for each tap inside the image by ky, kx, then each channel: acc = acc + (x · w); clamp."""
    weights, acc = layer.parameters["weights"], _start(layer)
    for ky, kx, patch, inside in _taps_inside(layer, x):
        for c in range(x.shape[2]):
            acc = np.where(inside, acc + patch[..., c : c + 1] * weights[:, ky, kx, c], acc)
    return _clamp(layer, acc)


def depthwise(layer: Layer, x: np.ndarray) -> np.ndarray:
    """As `convolution`; output o sees channel o // depth_multiplier only."""
    weights, acc = layer.parameters["weights"], _start(layer)
    repeated = np.repeat(x, int(layer.attributes["depth_multiplier"]), axis=2)
    for ky, kx, patch, inside in _taps_inside(layer, repeated):
        acc = np.where(inside, acc + patch * weights[:, ky, kx, 0], acc)
    return _clamp(layer, acc)


def max_pool(layer: Layer, x: np.ndarray) -> np.ndarray:
    """y = -infinity; for each tap inside the image by ky, kx: y = x where x > y; clamp."""
    y = np.full(layer.output.shape, -np.inf, np.float32)
    for _, _, patch, inside in _taps_inside(layer, x):
        y = np.where(inside & (patch > y), patch, y)
    return _clamp(layer, y)


def average_pool(layer: Layer, x: np.ndarray) -> np.ndarray:
    """sum = 0; for each tap inside the image by ky, kx: sum = sum + x; y = sum / taps inside; clamp."""
    total = np.zeros(layer.output.shape, np.float32)
    count = np.zeros((*layer.output.shape[:2], 1), np.float32)
    for _, _, patch, inside in _taps_inside(layer, x):
        total, count = np.where(inside, total + patch, total), count + inside
    return _clamp(layer, total / count.astype(np.float32))


def add(layer: Layer, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """y = a + b; clamp."""
    return _clamp(layer, a + b)


def multiply(layer: Layer, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """y = a · b; clamp."""
    return _clamp(layer, a * b)


def batch_norm(layer: Layer, x: np.ndarray) -> np.ndarray:
    """factor = gamma / sqrt(variance + EPSILON), offset = beta - mean · factor, y = x · factor + offset; clamp."""
    p = layer.parameters
    factor = p["gamma"] / np.sqrt(p["variance"] + np.float32(EPSILON))
    return _clamp(layer, x * factor + (p["beta"] - p["mean"] * factor))


def softmax(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Over the channels c of a pixel, in order: m = x[0], m = x[c] where x[c] > m; e[c] = exp(x[c] - m) as in
    float32_exp; sum = 0, sum = sum + e[c]; y[c] = e[c] / sum."""
    greatest = x[..., :1]
    for c in range(1, x.shape[2]):
        greatest = np.where(x[..., c : c + 1] > greatest, x[..., c : c + 1], greatest)
    e = exp(x - greatest)
    total = np.zeros((*x.shape[:2], 1), np.float32)
    for c in range(x.shape[2]):
        total = total + e[..., c : c + 1]
    return e / total


def prelu(layer: Layer, x: np.ndarray) -> np.ndarray:
    """y = x where x > 0, else x · slope."""
    return np.where(x > 0, x, x * layer.parameters["slope"])


def rectify(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Clamp."""
    return _clamp(layer, x)


def _quiet(run: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Infinities are results like others."""

    def quiet(layer: Layer, *inputs: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            return run(layer, *inputs)

    return quiet


_OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    "Conv2D_float32": convolution,
    "DepthwiseConv2D_float32": depthwise,
    "FullyConnected_float32": convolution,
    "MaxPool2D_float32": max_pool,
    "AveragePool2D_float32": average_pool,
    "Add_float32": add,
    "Mul_float32": multiply,
    "BatchNorm_float32": batch_norm,
    "Softmax_float32": softmax,
    "PReLU_float32": prelu,
    "ReLU_float32": rectify,
    "ReLU6_float32": rectify,
}
RUN: dict[str, Callable[..., np.ndarray]] = {name: _quiet(run) for name, run in _OPERATIONS.items()}
