"""Windows that slide over an image, tap by tap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnnsim.model.network import Layer


def taps(layer: Layer, x: np.ndarray, outside: float) -> Iterator[tuple[int, int, np.ndarray]]:
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
