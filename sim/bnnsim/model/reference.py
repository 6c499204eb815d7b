"""The meaning of a network: its outputs in NumPy, from ±1 tensors, without packing or thresholds.

Everything that is emulated is compared with this, bit for bit, so it stays independent of the lowering.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnnsim.model.activation import fixed_point, signs
from bnnsim.model.network import Layer, Network
from bnnsim.model.operators import OPERATORS


def run_reference(network: Network, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return layer name → output, HWC: int8 ±1 for bit tensors, else integers of the tensor's type.

    x: the input, HWC; uint8, or ±1 for bit inputs. Raises UsageError when it does not fit the network.
    """
    network.input.check(x, f"input of {network.name}")
    tensors = {"input": x}
    for layer in network.layers:
        tensors[layer.name] = run_layer(layer, tensors[layer.inputs[0]])
    return {layer.name: tensors[layer.name] for layer in network.layers}


def run_layer(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Return one layer's output (HWC) of its input (HWC)."""
    result = OPERATORS[layer.operator].result
    if result == "max":
        return _max_pool(layer, x)
    acc = accumulate(layer, x)
    if result == "sign":
        return np.where(signs(acc, layer.parameters), 1, -1).astype(np.int8)
    y = fixed_point(layer.parameters).apply(acc, layer.output.limits)
    return y.astype(layer.output.dtype)


def accumulate(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Return the exact accumulators, int64 [out_h, out_w, O]; taps outside the image contribute 0."""
    weights = layer.parameters["weights"].astype(np.float64)
    # sums of integers in float64 (BLAS) are exact below 2^53
    acc = np.zeros(layer.output.shape, np.float64)
    for ky, kx, patch in _taps(layer, x.astype(np.float64), outside=0):
        acc += patch @ weights[:, ky, kx, :].T
    return acc.astype(np.int64)


def _max_pool(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Maximum of ±1 in each window; every window touches the image, so -1 outside never wins."""
    out = np.full(layer.output.shape, -1, np.int8)
    for _, _, patch in _taps(layer, x.astype(np.int8), outside=-1):
        out = np.maximum(out, patch)
    return out


def _taps(layer: Layer, x: np.ndarray, outside: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield each tap (row, column) of the window with the values that it sees, [out_h, out_w, C]."""
    names = ("kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top", "pad_left")
    kernel_h, kernel_w, stride_h, stride_w, top, left = (int(layer.attributes[name]) for name in names)
    out_h, out_w, _ = layer.output.shape
    rows, columns = (out_h - 1) * stride_h + 1, (out_w - 1) * stride_w + 1
    bottom = max(0, rows - 1 + kernel_h - top - x.shape[0])
    right = max(0, columns - 1 + kernel_w - left - x.shape[1])
    padded = np.pad(x, ((top, bottom), (left, right), (0, 0)), constant_values=outside)
    for ky in range(kernel_h):
        for kx in range(kernel_w):
            yield ky, kx, padded[ky : ky + rows : stride_h, kx : kx + columns : stride_w]
