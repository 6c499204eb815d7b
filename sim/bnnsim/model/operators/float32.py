"""The float32 operators of TFLite."""

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

# fused activation → least and greatest output
ACTIVATIONS = {"none": (-np.inf, np.inf), "relu": (0.0, np.inf), "relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0)}


@dataclass(frozen=True)
class Float32Operator(Operator):
    """An operator of float32 tensors; unless told otherwise its output has the shape of its first input."""

    activates: bool = False

    @property
    def family(self) -> str:
        return "float32"

    @property
    def keys(self) -> tuple[str, ...]:
        return ("activation",) if self.activates else ()

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        for source in sources:
            self.check_reads(source)
        return Tensor(sources[0].shape, "float32"), self._activation(given)

    def _activation(self, given: Mapping[str, Any]) -> dict[str, Attribute]:
        return {"activation": given.get("activation") or "none"}


@dataclass(frozen=True)
class Float32Layer(Float32Operator):
    """Bias, sums of products, clamp of a fused activation.

    form: "sliding", "depthwise" (an output sees one channel) or "whole" (the kernel covers the input).
    """

    form: str = "sliding"

    @property
    def keys(self) -> tuple[str, ...]:
        window_keys = () if self.form == "whole" else WINDOW_KEYS
        return (*window_keys, "depth_multiplier" if self.form == "depthwise" else "channels", "bias", "activation")

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        if self.form == "whole":
            size, attributes = (1, 1), whole(source)
        else:
            size, attributes = window(self.name, source, given)
        attributes |= {"bias": int(bool(given.get("bias")))} | self._activation(given)
        if self.form == "depthwise":
            attributes["depth_multiplier"] = given.get("depth_multiplier") or 1
            channels = source.shape[2] * int(attributes["depth_multiplier"])
        elif (channels := given.get("channels")) is None:
            raise UsageError(f"{self.name} needs channels, the number of output channels")
        return Tensor((*size, channels), "float32"), attributes

    def parameters(
        self, sources: Sequence[Tensor], output: Tensor, attributes: Mapping[str, Attribute]
    ) -> dict[str, Parameter]:
        """weights [O, Y, X, C] (C is 1 if depthwise) and bias [O], float32."""
        out, taps = output.shape[2], (int(attributes["kernel_h"]), int(attributes["kernel_w"]))
        found = {"weights": Parameter((out, *taps, 1 if self.form == "depthwise" else sources[0].shape[2]))}
        return found | ({"bias": Parameter((out,))} if attributes["bias"] else {})

    def draw(self, shapes: Mapping[str, Parameter], sources: Sequence[Tensor], rng: np.random.Generator) -> Arrays:
        """Normal weights, so that outputs spread as wide as inputs do."""
        shape = shapes["weights"].shape
        arrays: Arrays = {"weights": rng.normal(0, 1 / np.sqrt(fan_in(shape)), shape)}
        if "bias" in shapes:
            arrays["bias"] = rng.normal(0, 0.3, shape[0])
        return {name: array.astype(np.float32) for name, array in arrays.items()}

    def macs(self, layer: Layer) -> int:
        channels = 1 if self.form == "depthwise" else layer.input.shape[2]
        return taps_inside(layer) * channels * layer.output.shape[2]


@dataclass(frozen=True)
class Float32Pool(Float32Operator):
    """Maximum or mean of each window's taps inside the image, clamp of a fused activation."""

    @property
    def keys(self) -> tuple[str, ...]:
        return (*WINDOW_KEYS, "activation")

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        size, attributes = window(self.name, source, given, stride_is_kernel=True)
        return Tensor((*size, source.shape[2]), "float32"), attributes | self._activation(given)


@dataclass(frozen=True)
class Float32Pair(Float32Operator):
    """Sum or product of two tensors, the second of the same shape or [1, 1, C], which counts for every pixel; clamp."""

    @property
    def input_counts(self) -> tuple[int, int]:
        return 2, 2

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        first, second = sources
        allowed = (first.shape, (1, 1, first.shape[2]))
        if second.shape not in allowed:
            wanted = " or ".join(map(str, dict.fromkeys(allowed)))
            swap = "; exchange the inputs" if first.shape == (1, 1, second.shape[2]) else ""
            raise UsageError(f"{self.name}: found second input of shape {second.shape}, wanted {wanted}{swap}")
        return super().infer(sources, given)


@dataclass(frozen=True)
class BatchNorm(Float32Operator):
    """A factor and an offset per channel, folded from gamma, beta, mean and variance; clamp."""

    def parameters(
        self, sources: Sequence[Tensor], output: Tensor, attributes: Mapping[str, Attribute]
    ) -> dict[str, Parameter]:
        """gamma, beta, mean, variance, float32 [C]."""
        shape = (output.shape[2],)
        return {name: Parameter(shape) for name in ("gamma", "beta", "mean")} | {
            "variance": Parameter(shape, allowed="nonnegative")
        }

    def draw(self, shapes: Mapping[str, Parameter], sources: Sequence[Tensor], rng: np.random.Generator) -> Arrays:
        """Gammas of both signs, means and deviations of inputs that are normal."""
        (channels,) = shapes["gamma"].shape
        arrays = {"gamma": rng.choice([-1.0, 1.0], channels, p=[0.3, 0.7]) * rng.uniform(0.2, 2.0, channels)}
        arrays |= {"beta": rng.normal(0, 0.3, channels), "mean": rng.normal(0, 0.5, channels)}
        arrays["variance"] = rng.uniform(0.5, 1.5, channels)
        return {name: array.astype(np.float32) for name, array in arrays.items()}


@dataclass(frozen=True)
class PReLU(Float32Operator):
    """x where it is above 0, else x times a slope per channel."""

    def parameters(
        self, sources: Sequence[Tensor], output: Tensor, attributes: Mapping[str, Attribute]
    ) -> dict[str, Parameter]:
        """slope, float32 [C]."""
        return {"slope": Parameter((output.shape[2],))}

    def draw(self, shapes: Mapping[str, Parameter], sources: Sequence[Tensor], rng: np.random.Generator) -> Arrays:
        """Slopes mostly near 0.25, some negative or above 1."""
        shape = shapes["slope"].shape
        slope = np.where(rng.random(shape) < 0.7, rng.normal(0.25, 0.1, shape), rng.uniform(-1.5, 1.5, shape))
        return {"slope": slope.astype(np.float32)}


@dataclass(frozen=True)
class Rectifier(Float32Operator):
    """An activation on its own."""

    activation: str = "relu"

    def _activation(self, given: Mapping[str, Any]) -> dict[str, Attribute]:
        return {"activation": self.activation}


_F = ("float32",)
_REST = "fused activation: float32"
OPERATORS: tuple[Operator, ...] = (
    Float32Layer("Conv2D_float32", _F, f"float32 input and weights; bias, {_REST}", weights="float32"),
    Float32Layer(
        "DepthwiseConv2D_float32",
        _F,
        f"float32 input and weights, a kernel for each channel; bias, {_REST}",
        weights="float32",
        form="depthwise",
    ),
    Float32Layer(
        "FullyConnected_float32",
        _F,
        f"dense, float32 input and weights; bias, {_REST}",
        weights="float32",
        form="whole",
    ),
    Float32Pool("MaxPool2D_float32", _F, f"maximum of each window, {_REST}"),
    Float32Pool("AveragePool2D_float32", _F, f"mean of each window's pixels inside the image, {_REST}"),
    Float32Pair("Add_float32", _F, f"sum of two tensors, the second may be [1, 1, C]; {_REST}", activates=True),
    Float32Pair("Mul_float32", _F, f"product of two tensors, the second may be [1, 1, C]; {_REST}", activates=True),
    BatchNorm("BatchNorm_float32", _F, f"batch norm, folded to a factor and an offset; {_REST}", activates=True),
    Float32Operator("Softmax_float32", _F, "float32 softmax over the channels of each pixel"),
    PReLU("PReLU_float32", _F, "x if above 0, else x times a slope per channel: float32"),
    Rectifier("ReLU_float32", _F, "float32, max(x, 0)"),
    Rectifier("ReLU6_float32", _F, "float32, x within 0..6", also=("ReLU_float32",), activation="relu6"),
)
