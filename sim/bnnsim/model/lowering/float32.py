"""The float32 operators of TFLite, for kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.model.activation import EPSILON
from bnnsim.model.layout import parse_layout
from bnnsim.model.network import Layer
from bnnsim.model.operators.float32 import ACTIVATIONS

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel

_GROUP = 8  # arrays per output channel are padded with zeros to a multiple, for kernels that compute several at once


def float_fields(layer: Layer) -> dict[str, int]:
    """Clamp of the fused activation, outputs per channel of depthwise layers."""
    low, high = ACTIVATIONS[str(layer.attributes["activation"])]
    bits = {name: int(np.float32(x).view(np.uint32)) for name, x in (("act_min", low), ("act_max", high))}
    return bits | {"depth_multiplier": int(layer.attributes.get("depth_multiplier", 0))}


def _padded(values: np.ndarray) -> bytes:
    return np.pad(values, (0, -len(values) % _GROUP)).astype("<f4").tobytes()


def weight_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """The weights in the kernel's layout; offset [O]: the bias, or 0."""
    assert kernel.weights is not None  # load_kernel checks it for operators with weights
    bias = layer.parameters.get("bias", np.zeros(layer.output.shape[2], np.float32))
    packed = parse_layout(kernel.weights).pack(layer.parameters["weights"])
    return {"weights": packed, "offset": _padded(bias)}


def pair_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """operands [2] int32: whether all pixels read one pixel of that input."""
    return {"operands": np.array([s.shape != layer.output.shape for s in layer.sources], "<i4").tobytes()}


def batch_norm_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """factor and offset [C]: gamma / sqrt(variance + EPSILON), beta - mean · factor, in float32."""
    p = layer.parameters
    with np.errstate(over="ignore", invalid="ignore"):
        factor = p["gamma"] / np.sqrt(p["variance"] + np.float32(EPSILON))
        return {"factor": _padded(factor), "offset": _padded(p["beta"] - p["mean"] * factor)}


def slope_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """factor [C]: the slopes."""
    return {"factor": _padded(layer.parameters["slope"])}


_WEIGHTED = ("Conv2D_float32", "DepthwiseConv2D_float32", "FullyConnected_float32")
_PAIRS = ("Add_float32", "Mul_float32")
_OTHERS = ("MaxPool2D_float32", "AveragePool2D_float32", "BatchNorm_float32", "ReLU_float32", "ReLU6_float32")
FIELDS: dict[str, Callable[[Layer], dict[str, int]]] = dict.fromkeys((*_WEIGHTED, *_PAIRS, *_OTHERS), float_fields)
CONSTANTS: dict[str, Callable[[Layer, Kernel], dict[str, bytes]]] = {
    **dict.fromkeys(_WEIGHTED, weight_constants),
    **dict.fromkeys(_PAIRS, pair_constants),
    "BatchNorm_float32": batch_norm_constants,
    "PReLU_float32": slope_constants,
}
