"""Larq Compute Engine's operators: quantize and dequantize, binary convolution with a float transform, max pool.

Packed tensors have this project's polarity, bit 1 = +1, which is the opposite of LCE's; populations of exclusive ors
are the same, and LCE's AND of a pooling window is an OR here.
Source of all semantics: github.com/larq/compute-engine, larq_compute_engine/tflite/kernels and core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bnnsim.errors import UsageError
from bnnsim.model.operators.base import Arrays, Attribute, Operator, Parameter
from bnnsim.model.operators.binary import OUTPUT_SCALE, BinaryPool
from bnnsim.model.operators.window import WINDOW_KEYS, fan_in, taps_inside, window
from bnnsim.model.tensor import WORD_BITS, Tensor

if TYPE_CHECKING:
    from bnnsim.model.network import Layer


@dataclass(frozen=True)
class _Lce(Operator):
    @property
    def family(self) -> str:
        return "lce"


@dataclass(frozen=True)
class LceQuantize(_Lce):
    """Signs: +1 for x >= 0, NaN and integers from the zero point up, else -1."""

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        return Tensor(source.shape, "bit"), {}


@dataclass(frozen=True)
class LceDequantize(_Lce):
    """±1.0, or zero point ± round(1 / scale) as int8."""

    @property
    def keys(self) -> tuple[str, ...]:
        return "output", "output_scale", "output_zero_point"

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        return _output(self.name, source.shape, given, ("float32", "int8"), 1.0), {}


@dataclass(frozen=True)
class LceBconv2d(_Lce):
    """Binary convolution, fused activation, then y = sum · multiplier + bias as float32, int8 or a sign.

    With zero padding, LCE has float32 outputs without activation only; here all are defined by the same formula.
    """

    @property
    def keys(self) -> tuple[str, ...]:
        outputs = ("output", "output_scale", "output_zero_point")
        return (*WINDOW_KEYS, "pad_value", "channels", "groups", "activation", *outputs)

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        if (channels := given.get("channels")) is None:
            raise UsageError(f"{self.name} needs channels, the number of output channels")
        groups = given.get("groups") or 1
        if channels % groups or source.shape[2] % groups or (groups > 1 and source.shape[2] // groups % WORD_BITS):
            found = f"{source.shape[2]} input and {channels} output channels in {groups} groups"
            raise UsageError(f"{self.name}: found {found}; wanted equal groups, of 32·n input channels each")
        size, attributes = window(self.name, source, given)
        output = _output(self.name, (*size, channels), given, ("float32", "int8", "bit"), OUTPUT_SCALE)
        attributes |= {"pad_value": given.get("pad_value") or "zero", "groups": groups}
        return output, attributes | {"activation": given.get("activation") or "none", "output": output.dtype}

    def parameters(
        self, sources: Sequence[Tensor], output: Tensor, attributes: Mapping[str, Attribute]
    ) -> dict[str, Parameter]:
        """weights [O, Y, X, C / groups] int8; multiplier and bias float32 [O], applied after the activation."""
        out, taps = output.shape[2], (int(attributes["kernel_h"]), int(attributes["kernel_w"]))
        per_group = sources[0].shape[2] // int(attributes["groups"])
        weights = Parameter((out, *taps, per_group), "int8", "sign")
        return {"weights": weights, "multiplier": Parameter((out,)), "bias": Parameter((out,))}

    def draw(self, shapes: Mapping[str, Parameter], sources: Sequence[Tensor], rng: np.random.Generator) -> Arrays:
        """Outputs lie mostly within ±3; multipliers have both signs."""
        shape = shapes["weights"].shape
        multiplier = rng.choice([-1.0, 1.0], shape[0], p=[0.3, 0.7]) * rng.uniform(0.3, 1.5, shape[0])
        return {
            "weights": rng.choice(np.array([-1, 1], np.int8), shape),
            "multiplier": (multiplier / np.sqrt(fan_in(shape))).astype(np.float32),
            "bias": rng.normal(0, 0.5, shape[0]).astype(np.float32),
        }

    def macs(self, layer: Layer) -> int:
        return taps_inside(layer) * layer.parameters["weights"].shape[3] * layer.output.shape[2]

    def computed_by(self, attributes: Mapping[str, Attribute]) -> tuple[str, ...]:
        """One-bit outputs are thresholds on sums, which is what BBConv2D's kernels compute."""
        same = attributes["output"] == "bit" and attributes["groups"] == 1
        return (self.name, "BBConv2D") if same else (self.name,)


@dataclass(frozen=True)
class LceBMaxPool2d(BinaryPool):
    """Maximum of each window."""

    @property
    def family(self) -> str:
        return "lce"


def _output(
    name: str, shape: tuple[int, int, int], given: Mapping[str, Any], allowed: tuple[str, ...], scale: float
) -> Tensor:
    """The output tensor, of the first allowed type by default. Raises UsageError for keys that do not fit it."""
    dtype = given.get("output") or allowed[0]
    if dtype not in allowed:
        raise UsageError(f"{name} writes {', '.join(allowed[:-1])} or {allowed[-1]}, found output {dtype}")
    if dtype == "int8":
        return Tensor(shape, dtype, given.get("output_scale") or scale, given.get("output_zero_point") or 0)
    if extra := [key for key in ("output_scale", "output_zero_point") if key in given]:
        raise UsageError(f"{name}: {extra[0]} is for int8 outputs, found output {dtype}")
    return Tensor(shape, dtype)


OPERATORS: tuple[Operator, ...] = (
    LceQuantize("LceQuantize", ("float32", "int8"), "float32 or int8 input; sign: one bit per output"),
    LceDequantize("LceDequantize", ("bit",), "±1 input; float32 or int8"),
    LceBconv2d(
        "LceBconv2d",
        ("bit",),
        "±1 input, ±1 weights, groups; activation, multiplier, bias: float32, int8 or one bit per output",
        weights="bit",
    ),
    LceBMaxPool2d("LceBMaxPool2d", ("bit",), "±1 input, no weights; maximum: one bit", also=("BMaxPool2D",)),
)
