"""From a layer and a kernel to the bytes of one kernel call: integer fields and constant arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnnsim.errors import LoweringError, UsageError
from bnnsim.model.activation import fixed_point
from bnnsim.model.fields import integer_fields, layer_fields, layer_struct_fields
from bnnsim.model.kernels import Kernel
from bnnsim.model.layout import parse_layout
from bnnsim.model.network import Layer
from bnnsim.model.operators import OPERATORS
from bnnsim.model.pack import pack_tensor, unpack_tensor
from bnnsim.model.thresholds import fold, kernel_form, reachable

__all__ = [
    "LoweredLayer",
    "integer_fields",
    "layer_fields",
    "layer_struct_fields",
    "lower_layer",
    "pack_tensor",
    "unpack_tensor",
]


@dataclass(frozen=True)
class LoweredLayer:
    """One kernel call. `fields`: every integer field of bnn_layer; `constants`: pointer field → its data."""

    name: str
    kernel: Kernel
    fields: dict[str, int]
    constants: dict[str, bytes]
    input_bytes: int
    output_bytes: int
    scratch_bytes: int


def lower_layer(layer: Layer, kernel: Kernel) -> LoweredLayer:
    """Return the call of `kernel` that computes `layer`.

    constants: weights in the kernel's layout; bias, width, polarity (32-bit little-endian, outputs padded to
    groups of 32) or requantize ([O, 3] int32: multipliers of acc > 0 and acc <= 0, offset); none for pooling.
    Raises LoweringError when the kernel does not accept the layer or the layer has no such integers.
    """
    if not kernel.accepts(layer):
        same = kernel.operator == layer.operator
        why = f"supports {kernel.supports}" if same else f"is for {kernel.operator}"
        raise LoweringError(f"layer {layer.name} ({layer.operator}): kernel {kernel.function} {why}")
    try:
        constants = _constants(layer, kernel)
    except (LoweringError, UsageError) as error:
        raise LoweringError(f"layer {layer.name} ({layer.operator}): {error}") from None
    return LoweredLayer(
        name=layer.name,
        kernel=kernel,
        fields=layer_fields(layer),
        constants=constants,
        input_bytes=layer.input.size_bytes,
        output_bytes=layer.output.size_bytes,
        scratch_bytes=kernel.scratch_size(layer),
    )


def _constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    operator = OPERATORS[layer.operator]
    if operator.weights is None or kernel.weights is None:
        return {}
    weights = layer.parameters["weights"]
    constants = {"weights": parse_layout(kernel.weights).pack(weights)}
    if operator.result == "requantize":
        fixed = fixed_point(layer.parameters)
        rows = np.stack([fixed.positive, fixed.negative, fixed.offset], axis=1)
        return constants | {"requantize": rows.astype("<i4").tobytes()}
    bias, width, polarity = kernel_form(fold(layer.parameters, *reachable(weights, operator.reads)))
    return constants | {"bias": bias.tobytes(), "width": width.tobytes(), "polarity": polarity.tobytes()}
