"""CBin-NN's operators: binary or 8-bit inputs, binary or int8 weights, PReLU and batch norm, one bit per output."""

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

OUTPUT_SCALE = 6 / 127  # default of BBQFC: the outputs of a batch norm lie mostly within ±6


@dataclass(frozen=True)
class _Binary(Operator):
    @property
    def family(self) -> str:
        return "binary"


@dataclass(frozen=True)
class BinaryLayer(_Binary):
    """Convolution or dense layer: sums, bias, PReLU, batch norm, then a sign or (quantized) integers.

    shape: "sliding", "pointwise" (1×1) or "whole" (the kernel covers the input).
    """

    shape: str = "sliding"
    quantized: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        shape = {"sliding": WINDOW_KEYS, "pointwise": ("stride",), "whole": ()}[self.shape]
        pads = ("pad_value",) if self.shape == "sliding" and self.reads == ("bit",) else ()
        return (*shape, *pads, "channels", "bias", "prelu", *(("output", "output_scale") if self.quantized else ()))

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        if (channels := given.get("channels")) is None:
            raise UsageError(f"{self.name} needs channels, the number of output channels")
        if self.shape == "whole":
            size, attributes = (1, 1), whole(source)
        else:
            kernel = {"kernel": (1, 1)} if self.shape == "pointwise" else {}
            size, attributes = window(self.name, source, {**given, **kernel})
        attributes |= {key: int(bool(given.get(key))) for key in ("bias", "prelu")}
        attributes["pad_value"] = given.get("pad_value") or "zero"
        if not self.quantized:
            return Tensor((*size, channels), "bit"), attributes
        scale, dtype = given.get("output_scale") or OUTPUT_SCALE, given.get("output") or "int8"
        if dtype not in ("int8", "int16", "int32"):
            raise UsageError(f"{self.name} writes int8, int16 or int32, found output {dtype}")
        return Tensor((*size, channels), dtype, scale), attributes

    def parameters(
        self, sources: Sequence[Tensor], output: Tensor, attributes: Mapping[str, Attribute]
    ) -> dict[str, Parameter]:
        """weights [O, Y, X, C] int8; bias [O] int32, in steps of the accumulator; the others float32 [O]: gamma,
        beta, mean, variance (batch norm), slope (PReLU); weight_scale () of int8 weights."""
        out, taps = output.shape[2], (int(attributes["kernel_h"]), int(attributes["kernel_w"]))
        allowed = "sign" if self.weights == "bit" else "finite"
        found = {"weights": Parameter((out, *taps, sources[0].shape[2]), "int8", allowed)}
        found |= {name: Parameter((out,)) for name in ("gamma", "beta", "mean")}
        found["variance"] = Parameter((out,), allowed="nonnegative")
        if attributes["prelu"]:
            found["slope"] = Parameter((out,))
        if attributes["bias"]:
            found["bias"] = Parameter((out,), "int32")
        if self.weights == "int8":
            found["weight_scale"] = Parameter((), allowed="positive")
        return found

    def draw(self, shapes: Mapping[str, Parameter], sources: Sequence[Tensor], rng: np.random.Generator) -> Arrays:
        """Thresholds lie within the spread of random accumulators, gammas have both signs; slopes are mostly near
        0.25, some negative or above 1."""
        shape = shapes["weights"].shape
        out, spread, scale = shape[0], np.sqrt(fan_in(shape)), 1.0
        arrays: Arrays = {}
        if self.weights == "bit":
            arrays["weights"] = rng.choice(np.array([-1, 1], np.int8), shape)
            if self.reads != ("bit",):
                scale = 255 * sources[0].scale
                spread *= scale / np.sqrt(3)
        else:
            arrays["weights"] = rng.integers(-127, 128, shape).astype(np.int8)
            spread /= 3  # root mean squares of uniform weights in ±1 and inputs in 0..1
            arrays["weight_scale"] = np.asarray(1 / 128, np.float32)
        arrays["gamma"] = rng.choice([-1.0, 1.0], out, p=[0.3, 0.7]) * rng.uniform(0.2, 2.0, out)
        arrays["beta"] = rng.normal(0, 0.3, out)
        arrays["mean"] = rng.normal(0, 0.5 * spread, out)
        arrays["variance"] = spread**2 * rng.uniform(0.5, 1.5, out)
        if "slope" in shapes:
            usual = rng.random(out) < 0.7
            arrays["slope"] = np.where(usual, rng.normal(0.25, 0.1, out), rng.uniform(-1.5, 1.5, out))
        if "bias" in shapes:
            step = sources[0].scale / (128 if self.weights == "int8" else 1) if self.reads != ("bit",) else 1
            arrays["bias"] = np.round(rng.normal(0, 0.3 * spread / step, out))
        return {name: np.asarray(array, shapes[name].dtype) for name, array in arrays.items()}

    def macs(self, layer: Layer) -> int:
        return taps_inside(layer) * layer.input.shape[2] * layer.output.shape[2]


@dataclass(frozen=True)
class BinaryPool(_Binary):
    """Maximum of each window."""

    @property
    def keys(self) -> tuple[str, ...]:
        return WINDOW_KEYS

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        size, attributes = window(self.name, source, given, stride_is_kernel=True)
        return Tensor((*size, source.shape[2]), "bit"), attributes


_SIGN = "bias, PReLU, batch norm, sign: one bit per output"
OPERATORS = (
    BinaryLayer("QBConv2D", ("uint8",), f"8-bit input, ±1 weights; {_SIGN}", weights="bit"),
    BinaryLayer("QQConv2D", ("uint8",), f"8-bit input, int8 weights; {_SIGN}", weights="int8"),
    BinaryLayer("BBConv2D", ("bit",), f"±1 input, ±1 weights; {_SIGN}", weights="bit"),
    BinaryLayer(
        "BBPointwiseConv2D",
        ("bit",),
        f"±1 input, 1×1 ±1 weights; {_SIGN}",
        weights="bit",
        also=("BBConv2D",),
        shape="pointwise",
    ),
    BinaryPool("BMaxPool2D", ("bit",), "±1 input, no weights; maximum: one bit per output"),
    BinaryLayer(
        "BBFC", ("bit",), f"dense, ±1 input, ±1 weights; {_SIGN}", weights="bit", also=("BBConv2D",), shape="whole"
    ),
    BinaryLayer(
        "BBQFC",
        ("bit",),
        "dense, ±1 input, ±1 weights; bias, PReLU, batch norm, fixed-point rescaling: int8, int16 or int32",
        weights="bit",
        shape="whole",
        quantized=True,
    ),
)
