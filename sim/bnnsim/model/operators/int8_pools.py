"""TFLite's int8 pooling: maximum and average of each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bnnsim.model.operators.base import Attribute, Operator
from bnnsim.model.operators.int8_elements import Int8Operator
from bnnsim.model.operators.window import WINDOW_KEYS, window
from bnnsim.model.tensor import Tensor


@dataclass(frozen=True)
class Int8Pool(Int8Operator):
    """Maximum or average of the pixels of each window that lie inside the image; scale and zero point stay."""

    @property
    def keys(self) -> tuple[str, ...]:
        return (*WINDOW_KEYS, "activation")

    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        source = self.only(sources)
        size, attributes = window(self.name, source, given, stride_is_kernel=True)
        attributes["activation"] = given.get("activation") or "none"
        return Tensor((*size, source.shape[2]), "int8", source.scale, source.zero_point), attributes


OPERATORS: tuple[Operator, ...] = (
    Int8Pool("MaxPool2D_int8", ("int8",), "int8 maximum of each window; clamp"),
    Int8Pool("AveragePool2D_int8", ("int8",), "int8 average of each window's pixels inside the image; clamp"),
)
