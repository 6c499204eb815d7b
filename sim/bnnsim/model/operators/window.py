"""Windows that slide over an image: output sizes, padding, taps inside the image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bnnsim.errors import UsageError
from bnnsim.model.tensor import Tensor

if TYPE_CHECKING:
    from bnnsim.model.network import Layer

WINDOW_KEYS = ("kernel", "stride", "padding")
AXES = (("h", "pad_top"), ("w", "pad_left"))


def window(
    name: str, source: Tensor, given: Mapping[str, Any], stride_is_kernel: bool = False
) -> tuple[tuple[int, int], dict[str, int | float | str]]:
    """Return the output's (height, width) and the attributes of a sliding window.

    Defaults: stride 1 (or the kernel's size), padding "valid". Attributes: kernel_h, kernel_w, stride_h, stride_w,
    pad_top, pad_left [pixels], padding. Raises UsageError for a missing kernel or one that does not fit.
    """
    kernel = given.get("kernel")
    if kernel is None:
        raise UsageError(f"{name} needs kernel, one number or [height, width]")
    stride = given.get("stride") or (kernel if stride_is_kernel else (1, 1))
    padding = given.get("padding") or "valid"
    height, top = _axis(source.shape[0], kernel[0], stride[0], padding)
    width, left = _axis(source.shape[1], kernel[1], stride[1], padding)
    sizes = {"kernel_h": kernel[0], "kernel_w": kernel[1], "stride_h": stride[0], "stride_w": stride[1]}
    return (height, width), sizes | {"pad_top": top, "pad_left": left, "padding": padding}


def whole(source: Tensor) -> dict[str, int | float | str]:
    """Return the attributes of a window that covers its input, as a dense layer's does."""
    return window("", source, {"kernel": source.shape[:2]})[1]


def _axis(size: int, kernel: int, stride: int, padding: str) -> tuple[int, int]:
    """Output size and leading padding of one axis; "same" as TensorFlow: ceil(size / stride) outputs."""
    if padding == "same":
        out = -(-size // stride)
        return out, max((out - 1) * stride + kernel - size, 0) // 2
    if kernel > size:
        raise UsageError(f"kernel of {kernel} does not fit into {size} pixels without padding; use same")
    return (size - kernel) // stride + 1, 0


def taps_inside(layer: Layer) -> int:
    """Taps that lie inside the image, summed over all output pixels."""
    return math.prod(_axis_taps_inside(layer, axis) for axis in (0, 1))


def _axis_taps_inside(layer: Layer, axis: int) -> int:
    letter, pad = AXES[axis]
    kernel, stride = (int(layer.attributes[f"{key}_{letter}"]) for key in ("kernel", "stride"))
    starts = [i * stride - int(layer.attributes[pad]) for i in range(layer.output.shape[axis])]
    return sum(min(start + kernel, layer.input.shape[axis]) - max(start, 0) for start in starts)


def fan_in(weights_shape: tuple[int, ...]) -> int:
    """Synapses of one output: the product of Y, X and C of [O, Y, X, C]."""
    return math.prod(weights_shape[1:])
