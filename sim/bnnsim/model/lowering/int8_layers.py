"""TFLite's int8 layers with weights, as CMSIS-NN computes them, for kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bnnsim.model.network import Layer

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel

FIELDS: dict[str, Callable[[Layer], dict[str, int]]] = {}
CONSTANTS: dict[str, Callable[[Layer, Kernel], dict[str, bytes]]] = {}
