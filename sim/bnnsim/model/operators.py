"""The operators: what each reads, which parameters it has and what shape it gives.

An operator is a row of facts in `OPERATORS`; the reference and the lowering follow from them, so a new one
is a new row, plus a function in reference.py only when its arithmetic is new. Names are CBin-NN's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bnnsim.errors import UsageError, nearest
from bnnsim.model.tensor import Tensor

Pair = tuple[int, int]


@dataclass(frozen=True)
class Operator:
    """Facts of one operator.

    window: "sliding" (kernel, stride, padding) or "whole" (the kernel covers the input, as in a dense layer).
    weights: element type of the weights, "bit" (±1) or "int8", or None.
    result: "sign" (PReLU, batch norm, sign → bit), "requantize" (fixed point → integers) or "max" (→ bit).
    """

    name: str
    reads: str
    window: str
    weights: str | None
    result: str

    @property
    def attributes(self) -> tuple[str, ...]:
        """Keys that a network description may give for this operator."""
        window = ("kernel", "stride", "padding") if self.window == "sliding" else ()
        weights = ("channels", "prelu") if self.weights else ()
        return window + weights + (("output",) if self.result == "requantize" else ())

    @property
    def is_binary(self) -> bool:
        """Whether its multiply-accumulates are binary, 32 to a word."""
        return self.reads == "bit" and self.weights == "bit"


OPERATORS = {
    op.name: op
    for op in (
        Operator("QQConv2D", reads="uint8", window="sliding", weights="int8", result="sign"),
        Operator("BBConv2D", reads="bit", window="sliding", weights="bit", result="sign"),
        Operator("BMaxPool2D", reads="bit", window="sliding", weights=None, result="max"),
        Operator("BBQFC", reads="bit", window="whole", weights="bit", result="requantize"),
    )
}


def operator_named(name: str) -> Operator:
    """Return an operator. Raises UsageError with the nearest name."""
    if name not in OPERATORS:
        raise UsageError(f"unknown operator {name!r}; known: {', '.join(OPERATORS)}{nearest(name, OPERATORS)}")
    return OPERATORS[name]


def _window(size: int, kernel: int, stride: int, padding: str) -> Pair:
    """Output size and leading padding of one axis; "same" as TensorFlow: ceil(size / stride) outputs."""
    if padding == "same":
        out = -(-size // stride)
        return out, max((out - 1) * stride + kernel - size, 0) // 2
    if kernel > size:
        raise UsageError(f"kernel of {kernel} does not fit into {size} pixels without padding; use same")
    return (size - kernel) // stride + 1, 0


def infer(
    operator: Operator,
    source: Tensor,
    channels: int | None = None,
    kernel: Pair | None = None,
    stride: Pair | None = None,
    padding: str | None = None,
    output: str | None = None,
) -> tuple[Tensor, dict[str, int | str]]:
    """Return an operator's output tensor and its resolved attributes.

    Defaults: stride 1 for convolutions and the kernel's size for pooling, padding "valid", output "int8".
    Attributes: kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left [pixels], padding.
    Raises UsageError when the operator cannot read `source` or an attribute is missing.
    """
    if source.dtype != operator.reads:
        raise UsageError(f"{operator.name} reads {operator.reads} tensors, found {source.dtype}")
    if operator.weights and channels is None:
        raise UsageError(f"{operator.name} needs channels, the number of output channels")
    height, width, in_channels = source.shape
    if operator.window == "whole":
        kernel, stride, padding = (height, width), (1, 1), "valid"
    if kernel is None:
        raise UsageError(f"{operator.name} needs kernel, one number or [height, width]")
    stride = stride or ((1, 1) if operator.weights else kernel)
    padding = padding or "valid"
    out_h, pad_top = _window(height, kernel[0], stride[0], padding)
    out_w, pad_left = _window(width, kernel[1], stride[1], padding)
    dtype = (output or "int8") if operator.result == "requantize" else "bit"
    attributes: dict[str, int | str] = {
        "kernel_h": kernel[0],
        "kernel_w": kernel[1],
        "stride_h": stride[0],
        "stride_w": stride[1],
        "pad_top": pad_top,
        "pad_left": pad_left,
        "padding": padding,
    }
    return Tensor((out_h, out_w, channels or in_channels), dtype), attributes


def parameter_shapes(
    operator: Operator, source: Tensor, output: Tensor, attributes: Mapping[str, int | str], prelu: bool
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a layer's stored parameters; () is a scalar.

    weights [O, Y, X, C] int8, the others float32: gamma, beta, mean, variance [O] (batch norm), slope [O]
    (PReLU), weight_scale () of int8 weights, output_scale () of quantized outputs.
    """
    if operator.weights is None:
        return {}
    out, taps = output.shape[2], (int(attributes["kernel_h"]), int(attributes["kernel_w"]))
    shapes: dict[str, tuple[int, ...]] = {"weights": (out, *taps, source.shape[2])}
    names = ["gamma", "beta", "mean", "variance"] + (["slope"] if prelu else [])
    shapes |= {name: (out,) for name in names}
    if operator.weights == "int8":
        shapes["weight_scale"] = ()
    if operator.result == "requantize":
        shapes["output_scale"] = ()
    return shapes


def taps_inside(size: int, out: int, kernel: int, stride: int, pad: int) -> int:
    """Taps of one axis that lie inside the image, summed over all outputs."""
    starts = [i * stride - pad for i in range(out)]
    return sum(min(start + kernel, size) - max(start, 0) for start in starts)


def fan_in(weights_shape: tuple[int, ...]) -> int:
    """Synapses of one output: the product of Y, X and C of [O, Y, X, C]."""
    return math.prod(weights_shape[1:])
