"""The constant arrays of a kernel call, by operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bnnsim.model.lowering import binary, float32, int8_elements, int8_layers, lce, movement
from bnnsim.model.network import Layer

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel

_CONSTANTS: dict[str, Callable[[Layer, Kernel], dict[str, bytes]]] = {
    **binary.CONSTANTS,
    **lce.CONSTANTS,
    **int8_layers.CONSTANTS,
    **int8_elements.CONSTANTS,
    **movement.CONSTANTS,
    **float32.CONSTANTS,
}


def layer_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Return pointer field of bnn_layer → its data, little-endian. Raises LoweringError, UsageError."""
    make = _CONSTANTS.get(layer.operator)
    return make(layer, kernel) if make else {}
