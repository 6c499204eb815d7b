"""Padding, reshaping and concatenation in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnnsim.model.network import Layer


def pad(layer: Layer, x: np.ndarray) -> np.ndarray:
    """The image inside a frame of zero points."""
    out = np.full(layer.output.shape, layer.input.zero_point, x.dtype)
    top, left = int(layer.attributes["pad_top"]), int(layer.attributes["pad_left"])
    out[top : top + x.shape[0], left : left + x.shape[1]] = x
    return out


def reshape(layer: Layer, x: np.ndarray) -> np.ndarray:
    """The same elements."""
    return x.reshape(layer.output.shape)


def concatenate(layer: Layer, *inputs: np.ndarray) -> np.ndarray:
    """Channels one after another."""
    return np.concatenate(inputs, axis=2)


RUN: dict[str, Callable[..., np.ndarray]] = {
    "Pad_int8": pad,
    **dict.fromkeys(("Reshape_int8", "Reshape_bit"), reshape),
    **dict.fromkeys(("Concatenation_int8", "Concatenation_bit"), concatenate),
}
