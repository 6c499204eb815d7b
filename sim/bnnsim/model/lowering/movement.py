"""Operators that only move data, for kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.model.network import Layer

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel


def concatenation_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """operands [inputs] int32: bytes of one pixel."""
    pixels = layer.output.shape[0] * layer.output.shape[1]
    return {"operands": np.array([source.size_bytes // pixels for source in layer.sources], "<i4").tobytes()}


FIELDS: dict[str, Callable[[Layer], dict[str, int]]] = {}
CONSTANTS: dict[str, Callable[[Layer, Kernel], dict[str, bytes]]] = dict.fromkeys(
    ("Concatenation_int8", "Concatenation_bit"), concatenation_constants
)
