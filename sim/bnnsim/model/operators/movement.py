"""Operators that only move data: padding, reshaping and concatenation of int8 and of packed tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bnnsim.errors import UsageError
from bnnsim.model.operators.base import Attribute, Operator
from bnnsim.model.tensor import WORD_BITS, Tensor

MAX_INPUTS = 16


@dataclass(frozen=True)
class _Movement(Operator):
    @property
    def family(self) -> str:
        return "int8" if self.reads == ("int8",) else "binary"


@dataclass(frozen=True)
class Pad(_Movement):
    """Pixels round the image whose real value is 0; pads: rows above, below, columns to the left, to the right."""

    @property
    def keys(self) -> tuple[str, ...]:
        return ("pads",)

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        if (pads := given.get("pads")) is None:
            raise UsageError(f"{self.name} needs pads, [above, below, left, right] in pixels")
        top, bottom, left, right = pads
        height, width, channels = source.shape
        shape = (height + top + bottom, width + left + right, channels)
        output = Tensor(shape, source.dtype, source.scale, source.zero_point)
        return output, {"pad_top": top, "pad_left": left}


@dataclass(frozen=True)
class Reshape(_Movement):
    """The same elements in the same order under another shape.

    Packed pixels begin on words, so bits can change their number of channels only between multiples of 32.
    """

    @property
    def keys(self) -> tuple[str, ...]:
        return ("shape",)

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        if (shape := given.get("shape")) is None:
            raise UsageError(f"{self.name} needs shape, [height, width, channels]")
        shape = tuple(shape)
        found, wanted = math.prod(shape), math.prod(source.shape)
        if found != wanted:
            has = f"the input {source.shape} has {wanted}"
            raise UsageError(f"{self.name}: found shape {shape} of {found} elements, {has}")
        channels = source.shape[2], shape[2]
        if source.dtype == "bit" and channels[0] != channels[1] and any(c % WORD_BITS for c in channels):
            change = f"from {channels[0]} to {channels[1]} channels"
            raise UsageError(f"{self.name} {change}; allowed: the same number, or from and to multiples of {WORD_BITS}")
        return Tensor(shape, source.dtype, source.scale, source.zero_point), {}


@dataclass(frozen=True)
class Concatenation(_Movement):
    """Channels of several tensors one after another; all have the same scale and zero point, as CMSIS-NN demands.

    Packed channels begin on words: all inputs but the last have multiples of 32 channels.
    """

    @property
    def input_counts(self) -> tuple[int, int]:
        return 2, MAX_INPUTS

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        first = sources[0]
        for number, source in enumerate(sources):
            self.check_reads(source)
            where = f"{self.name}: input {number}"
            if source.shape[:2] != first.shape[:2]:
                raise UsageError(f"{where} has {source.shape[:2]} pixels, the first has {first.shape[:2]}")
            if (source.scale, source.zero_point) != (first.scale, first.zero_point):
                found, wanted = (f"scale {t.scale:g} and zero point {t.zero_point}" for t in (source, first))
                raise UsageError(f"{where} has {found}, the first {wanted}; put a Quantize_int8 before it")
        if first.dtype == "bit" and (odd := [s.shape[2] for s in sources[:-1] if s.shape[2] % WORD_BITS]):
            wanted = f"multiples of {WORD_BITS} channels in all inputs but the last"
            raise UsageError(f"{self.name}: found an input of {odd[0]} channels, wanted {wanted}")
        channels = sum(source.shape[2] for source in sources)
        return Tensor((*first.shape[:2], channels), first.dtype, first.scale, first.zero_point), {}


OPERATORS: tuple[Operator, ...] = (
    Pad("Pad_int8", ("int8",), "int8 image with a frame of zeros (the zero point)"),
    Reshape("Reshape_int8", ("int8",), "int8, the same elements under another shape"),
    Concatenation("Concatenation_int8", ("int8",), "int8, channels side by side; equal scales"),
    Reshape("Reshape_bit", ("bit",), "±1, the same elements under another shape; packed", also=("Reshape_int8",)),
    Concatenation("Concatenation_bit", ("bit",), "±1, channels side by side; packed", also=("Concatenation_int8",)),
)
