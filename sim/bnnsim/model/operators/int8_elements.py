"""TFLite's int8 operators on single elements: sums, products, activations, softmax, changes of quantization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from bnnsim.errors import UsageError
from bnnsim.model.int8_factors import exact_scale
from bnnsim.model.operators.base import Attribute, Operator
from bnnsim.model.tensor import Tensor

OUTPUT_KEYS = ("output_scale", "output_zero_point")
# Sums of softmax have 12 integer bits (kAccumulationIntegerBits, reference/softmax.h): 4096 ones do not fit.
SOFTMAX_MAX_CHANNELS = 4095
# The factor scale · 2^26 of differences is at least 1 (QuantizeMultiplierGreaterThanOne, quantization_util.cc).
SOFTMAX_MIN_SCALE = 2.0**-26
# Requantized values stay below 2^30, so that kernels can add the zero point and compare by subtraction.
_REACH = 2.0**30


@dataclass(frozen=True)
class Int8Operator(Operator):
    """An operator whose kernels read or write int8."""

    @property
    def family(self) -> str:
        return "int8"

    def check_reads(self, source: Tensor) -> None:
        super().check_reads(source)
        exact_scale(source)

    def check_factor(self, factor: float, reach: int) -> None:
        """Raise UsageError when sums up to `reach`, times the factor between the scales, exceed what is computed."""
        if not factor * reach < _REACH:
            found = f"inputs and output differ by the factor {factor:g}"
            raise UsageError(f"{self.name}: scales of {found}; allowed are factors below {_REACH / reach:g}")


def requantized(source: Tensor, given: Mapping[str, Any]) -> Tensor:
    """Return the int8 tensor of the source's shape with output_scale and output_zero_point, default the source's."""
    scale, zero_point = given.get("output_scale"), given.get("output_zero_point")
    zero_point = source.zero_point if zero_point is None else zero_point
    return Tensor(source.shape, "int8", source.scale if scale is None else scale, zero_point)


def real_range(source: Tensor) -> tuple[float, float]:
    """Return the least and the greatest real number of a tensor."""
    low, high = source.limits
    return source.scale * (low - source.zero_point), source.scale * (high - source.zero_point)


@dataclass(frozen=True)
class Int8Pair(Int8Operator):
    """Sum or product of two tensors; the second may be [1, 1, C], which counts for every pixel.

    Default of output_scale: the least that covers all results, (greatest - least) / 255. Default of
    output_zero_point: the middle of all results lies between -1 and 0, as far as int8 allows.
    """

    product: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (*OUTPUT_KEYS, "activation")

    @property
    def input_counts(self) -> tuple[int, int]:
        return 2, 2

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        first, second = sources
        for source in sources:
            self.check_reads(source)
        allowed = (first.shape, (1, 1, first.shape[2]))
        if second.shape not in allowed:
            wanted = " or ".join(map(str, dict.fromkeys(allowed)))
            swap = "; exchange the inputs" if first.shape == (1, 1, second.shape[2]) else ""
            raise UsageError(f"{self.name}: found second input of shape {second.shape}, wanted {wanted}{swap}")
        low, high = self._results(sources)
        scale = given.get("output_scale") or (high - low) / 255
        zero_point = given.get("output_zero_point")
        if zero_point is None:
            zero_point = int(np.clip(round(-0.5 - (low + high) / 2 / scale), -128, 127))
        output = Tensor(first.shape, "int8", scale, zero_point)
        scales = [exact_scale(source) for source in sources]
        if self.product:
            self.check_factor(scales[0] * scales[1] / exact_scale(output), 255**2)
        else:
            self.check_factor(2 * max(scales) / exact_scale(output), 255)
        return output, {"activation": given.get("activation") or "none"}

    def _results(self, sources: Sequence[Tensor]) -> tuple[float, float]:
        pairs = list(product(*map(real_range, sources)))
        results = [a * b if self.product else a + b for a, b in pairs]
        return min(results), max(results)


@dataclass(frozen=True)
class Int8Rectifier(Int8Operator):
    """ReLU or ReLU6, with a change of quantization."""

    activation: str = "relu"

    @property
    def keys(self) -> tuple[str, ...]:
        return OUTPUT_KEYS

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        output = requantized(source, given)
        self.check_factor(exact_scale(source) / exact_scale(output), 255)
        return output, {"activation": self.activation}


@dataclass(frozen=True)
class Quantize(Int8Operator):
    """Change of the quantization, or the first one."""

    @property
    def keys(self) -> tuple[str, ...]:
        return OUTPUT_KEYS

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        if given.get("output_scale") is None:
            raise UsageError(f"{self.name} needs output_scale, the real size of one step")
        output = requantized(source, given)
        factor = exact_scale(source) / exact_scale(output)
        if source.dtype == "int8":
            self.check_factor(factor, 255)
        return output, {"activation": "none"}


@dataclass(frozen=True)
class Dequantize(Int8Operator):
    """Integers as real numbers."""

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        return Tensor(source.shape, "float32"), {}


@dataclass(frozen=True)
class Softmax(Int8Operator):
    """Softmax over the channels of each pixel, beta = 1; the output's scale is 1/256, its zero point -128."""

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        if source.shape[2] > SOFTMAX_MAX_CHANNELS:
            raise UsageError(f"{self.name} has at most {SOFTMAX_MAX_CHANNELS} channels, found {source.shape[2]}")
        if source.scale < SOFTMAX_MIN_SCALE:
            raise UsageError(f"{self.name} reads scales from {SOFTMAX_MIN_SCALE:g}, found {source.scale:g}")
        return Tensor(source.shape, "int8", 1 / 256, -128), {}


_INT8 = ("int8",)
OPERATORS: tuple[Operator, ...] = (
    Int8Pair("Add_int8", _INT8, "int8 sum of two tensors, the second may be [1, 1, C]; clamp"),
    Int8Pair("Mul_int8", _INT8, "int8 product of two tensors, the second may be [1, 1, C]; clamp", product=True),
    Int8Rectifier("ReLU_int8", _INT8, "int8, max(x, 0), requantized", also=("Quantize_int8",)),
    Int8Rectifier("ReLU6_int8", _INT8, "int8, x within 0..6, requantized", also=("Quantize_int8",), activation="relu6"),
    Softmax("Softmax_int8", _INT8, "int8, softmax over channels; output scale 1/256, zero point -128"),
    Quantize("Quantize_int8", ("float32", "int8"), "float32 or int8 to int8 of another scale and zero point"),
    Dequantize("Dequantize_int8", _INT8, "int8 to float32"),
)
