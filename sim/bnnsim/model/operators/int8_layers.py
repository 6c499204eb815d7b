"""TFLite's int8 layers with weights, as CMSIS-NN computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bnnsim.errors import UsageError
from bnnsim.model.operators.base import Arrays, Attribute, Operator, Parameter
from bnnsim.model.operators.window import WINDOW_KEYS, fan_in, taps_inside, whole, window
from bnnsim.model.tensor import Tensor

if TYPE_CHECKING:
    from bnnsim.model.network import Layer

_UNIFORM_DEVIATION = 127 / np.sqrt(3)  # standard deviation of uniform weights in -127..127


@dataclass(frozen=True)
class Int8Layer(Operator):
    """Sums of int8 products, int32 bias, a factor per output channel, zero point, clamp of a fused activation.

    shape: "sliding", "depthwise" (an output sees one channel) or "whole" (the kernel covers the input).
    """

    shape: str = "sliding"

    @property
    def family(self) -> str:
        return "int8"

    @property
    def keys(self) -> tuple[str, ...]:
        window_keys = () if self.shape == "whole" else WINDOW_KEYS
        size = "depth_multiplier" if self.shape == "depthwise" else "channels"
        return (*window_keys, size, "bias", "activation", "rounding", "output_scale", "output_zero_point")

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        """Defaults: no bias, no activation, double rounding, the output quantized as the input."""
        source = self.only(sources)
        if self.shape == "whole":
            size, attributes = (1, 1), whole(source)
        else:
            size, attributes = window(self.name, source, given)
        attributes |= {"bias": int(bool(given.get("bias")))}
        attributes |= {"activation": given.get("activation") or "none", "rounding": given.get("rounding") or "double"}
        if self.shape == "depthwise":
            attributes["depth_multiplier"] = given.get("depth_multiplier") or 1
            channels = source.shape[2] * int(attributes["depth_multiplier"])
        elif (channels := given.get("channels")) is None:
            raise UsageError(f"{self.name} needs channels, the number of output channels")
        zero_point = given.get("output_zero_point")
        zero_point = source.zero_point if zero_point is None else zero_point
        return Tensor((*size, channels), "int8", given.get("output_scale") or source.scale, zero_point), attributes

    def parameters(
        self, sources: Sequence[Tensor], output: Tensor, attributes: Mapping[str, Attribute]
    ) -> dict[str, Parameter]:
        """weights [O, Y, X, C] int8 (C is 1 if depthwise); weight_scale [O] float32, all equal where TFLite has one
        for the tensor; bias [O] int32, in steps of input scale · weight_scale."""
        out, taps = output.shape[2], (int(attributes["kernel_h"]), int(attributes["kernel_w"]))
        channels = 1 if self.shape == "depthwise" else sources[0].shape[2]
        found = {"weights": Parameter((out, *taps, channels), "int8")}
        found["weight_scale"] = Parameter((out,), allowed="positive")
        if attributes["bias"]:
            found["bias"] = Parameter((out,), "int32")
        return found

    def draw(self, shapes: Mapping[str, Parameter], sources: Sequence[Tensor], rng: np.random.Generator) -> Arrays:
        """Uniform weights, scaled so that outputs spread as wide as inputs do; ±40 % from channel to channel, but the
        same for all channels of a dense layer, whose scale TFLite has once. Biases of 0.3 of that spread."""
        shape = shapes["weights"].shape
        out, root = shape[0], np.sqrt(fan_in(shape))
        jitter = 1.0 if self.shape == "whole" else rng.uniform(0.6, 1.4, out)
        arrays: Arrays = {"weights": rng.integers(-127, 128, shape)}
        arrays["weight_scale"] = np.broadcast_to(jitter / (_UNIFORM_DEVIATION * root), out)
        if "bias" in shapes:
            spread = 0.3 * root * _UNIFORM_DEVIATION * 256 / np.sqrt(12)  # of inputs that take all int8
            arrays["bias"] = np.round(rng.normal(0, spread, out))
        return {name: np.asarray(array, shapes[name].dtype) for name, array in arrays.items()}

    def macs(self, layer: Layer) -> int:
        channels = 1 if self.shape == "depthwise" else layer.input.shape[2]
        return taps_inside(layer) * channels * layer.output.shape[2]


_REST = "bias, factor per output channel, fused activation: int8"
OPERATORS = (
    Int8Layer("Conv2D_int8", ("int8",), f"int8 input, int8 weights; {_REST}", weights="int8"),
    Int8Layer(
        "DepthwiseConv2D_int8",
        ("int8",),
        f"int8 input, int8 weights, a kernel for each channel; {_REST}",
        weights="int8",
        shape="depthwise",
    ),
    Int8Layer(
        "FullyConnected_int8", ("int8",), f"dense, int8 input, int8 weights; {_REST}", weights="int8", shape="whole"
    ),
)
