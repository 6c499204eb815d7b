"""TFLite's int8 pooling in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnnsim.model.network import Layer
from bnnsim.model.quantization import activation_limits
from bnnsim.model.reference.window import taps


def _clamped(layer: Layer, values: np.ndarray) -> np.ndarray:
    return np.clip(values, *activation_limits(layer.output, str(layer.attributes["activation"]))).astype(np.int8)


def max_pool(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Maximum of each window; every window touches the image, so -128 outside never wins."""
    return _clamped(layer, np.max([patch for _, _, patch in taps(layer, x, outside=-128)], axis=0))


def average_pool(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Sum by the number of pixels inside the image, rounded half away from zero (arm_avgpool_s8 of CMSIS-NN)."""
    total = np.zeros(layer.output.shape, np.int64)
    count = np.zeros(layer.output.shape, np.int64)
    inside = np.ones(x.shape, np.int64)
    for (_, _, patch), (_, _, present) in zip(taps(layer, x, 0), taps(layer, inside, 0), strict=True):
        total += patch
        count += present
    return _clamped(layer, np.sign(total) * ((np.abs(total) + count // 2) // count))


RUN: dict[str, Callable[..., np.ndarray]] = {"MaxPool2D_int8": max_pool, "AveragePool2D_int8": average_pool}
