"""CBin-NN's operators for kernels: packed weights, integer thresholds, fixed-point rescaling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bnnsim.model.activation import fixed_point
from bnnsim.model.layout import parse_layout
from bnnsim.model.network import Layer
from bnnsim.model.thresholds import fold, kernel_form, reachable

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel


def packed_weights(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """The weights in the kernel's layout. Raises UsageError for weights that it cannot hold."""
    assert kernel.weights is not None  # load_kernel checks it for operators with weights
    return {"weights": parse_layout(kernel.weights).pack(layer.parameters["weights"])}


def sign_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Weights and bias, width, polarity of the outputs: 32-bit, padded to groups of 32 outputs."""
    low, high = reachable(layer.parameters["weights"], layer.input.dtype)
    bias, width, polarity = kernel_form(fold(layer.parameters, low, high))
    constants = {"bias": bias.tobytes(), "width": width.tobytes(), "polarity": polarity.tobytes()}
    return packed_weights(layer, kernel) | constants


def quantized_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Weights and requantize [O, 4] int32: multipliers of acc + bias > 0 and <= 0, offset, bias."""
    fixed = fixed_point(layer.parameters, layer.output.scale)
    rows = np.stack([fixed.positive, fixed.negative, fixed.offset, fixed.bias], axis=1)
    return packed_weights(layer, kernel) | {"requantize": rows.astype("<i4").tobytes()}


def quantized_fields(layer: Layer) -> dict[str, int]:
    """Shift and clamp of a quantized output."""
    low, high = layer.output.limits
    return {
        "shift": fixed_point(layer.parameters, layer.output.scale).shift,
        "out_min": int(low),
        "out_max": int(high),
    }


FIELDS = {"BBQFC": quantized_fields}
CONSTANTS = {
    **dict.fromkeys(("QBConv2D", "QQConv2D", "BBConv2D", "BBPointwiseConv2D", "BBFC"), sign_constants),
    "BBQFC": quantized_constants,
}
