"""From a layer and a kernel to the bytes of one kernel call: the fields of bnn_layer and constant arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.errors import LoweringError, UsageError
from bnnsim.model.lowering.constants import layer_constants
from bnnsim.model.lowering.fields import integer_fields, layer_fields, layer_struct_fields
from bnnsim.model.network import Layer
from bnnsim.model.pack import pack_tensor, unpack_tensor

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel

__all__ = [
    "LayerMemory",
    "LoweredLayer",
    "integer_fields",
    "layer_fields",
    "layer_struct_fields",
    "lower_layer",
    "pack_tensor",
    "pack_tensors",
    "unpack_tensor",
]


@dataclass(frozen=True)
class LayerMemory:
    """Bytes of one layer, without code. Flash: weights, and parameters, i.e. other constants and the call's struct;
    RAM: activations (inputs and outputs) and scratch."""

    weights_bytes: int
    parameters_bytes: int
    activations_bytes: int
    scratch_bytes: int


@dataclass(frozen=True)
class LoweredLayer:
    """One kernel call. `fields`: every number of bnn_layer, floats by their bits; `constants`: pointer field → data."""

    name: str
    kernel: Kernel
    fields: dict[str, int]
    constants: dict[str, bytes]
    input_bytes: tuple[int, ...]
    output_bytes: int
    scratch_bytes: int

    @property
    def memory(self) -> LayerMemory:
        """What the layer takes beside the kernel's code."""
        weights = len(self.constants.get("weights", b""))
        others = sum(map(len, self.constants.values())) - weights
        activations = sum(self.input_bytes) + self.output_bytes
        return LayerMemory(weights, others + 4 * len(layer_struct_fields()), activations, self.scratch_bytes)


def lower_layer(layer: Layer, kernel: Kernel) -> LoweredLayer:
    """Return the call of `kernel` that computes `layer`.

    Raises LoweringError when the kernel does not accept the layer or the layer has no such integers.
    """
    if not kernel.accepts(layer):
        same = kernel.operator in layer.kernel_operators
        why = f"supports {kernel.supports}" if same else f"is for {kernel.operator}"
        raise LoweringError(f"layer {layer.name} ({layer.operator}): kernel {kernel.function} {why}")
    try:
        constants = layer_constants(layer, kernel)
    except (LoweringError, UsageError) as error:
        raise LoweringError(f"layer {layer.name} ({layer.operator}): {error}") from None
    return LoweredLayer(
        name=layer.name,
        kernel=kernel,
        fields=layer_fields(layer),
        constants=constants,
        input_bytes=tuple(source.size_bytes for source in layer.sources),
        output_bytes=layer.output.size_bytes,
        scratch_bytes=kernel.scratch_size(layer),
    )


def pack_tensors(layer: Layer, inputs: tuple[np.ndarray, ...]) -> tuple[bytes, ...]:
    """Return a layer's inputs (HWC) as bytes. Raises UsageError when they do not fit it."""
    return tuple(pack_tensor(x, source) for x, source in zip(inputs, layer.sources, strict=True))
