"""What an operator is: which tensors it reads, which keys a network file gives it, which parameters it stores.

Its arithmetic is in model/reference, its form for kernels in model/lowering.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bnnsim.errors import UsageError
from bnnsim.model.tensor import Tensor

if TYPE_CHECKING:
    from bnnsim.model.network import Layer

Attribute = int | float | str
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Parameter:
    """One stored array. allowed: "sign" (±1), "finite", "positive" or "nonnegative"; () is a scalar."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    allowed: str = "finite"


@dataclass(frozen=True)
class Operator(ABC):
    """Facts of one operator.

    reads: element types, one for each input; operators of several inputs read the same type from all.
    summary: one line for `bnnsim list operators`. keys: what a network file may give, besides name and inputs.
    weights: element type of the weights, or None. also: operators whose kernels compute this one too.
    """

    name: str
    reads: tuple[str, ...]
    summary: str
    weights: str | None = None
    also: tuple[str, ...] = ()

    @property
    @abstractmethod
    def family(self) -> str:
        """Group that the operator belongs to: binary, lce, int8 or float32."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys that a network file may give for this operator."""
        return ()

    @property
    def input_counts(self) -> tuple[int, int]:
        """Least and most inputs."""
        return 1, 1

    @property
    def is_binary(self) -> bool:
        """Whether its multiply-accumulates are binary, 32 to a word."""
        return self.reads == ("bit",) and self.weights == "bit"

    @abstractmethod
    def infer(self, sources: Sequence[Tensor], given: Mapping[str, Any]) -> tuple[Tensor, dict[str, Attribute]]:
        """Return the output tensor and the resolved attributes; given: the keys that the network file has.

        Raises UsageError when the operator cannot read `sources` or an attribute is missing or impossible.
        """

    def parameters(
        self, sources: Sequence[Tensor], output: Tensor, attributes: Mapping[str, Attribute]
    ) -> dict[str, Parameter]:
        """Return the stored arrays of a layer."""
        return {}

    def draw(self, shapes: Mapping[str, Parameter], sources: Sequence[Tensor], rng: np.random.Generator) -> Arrays:
        """Return random parameters that give activations of a useful spread; types as `parameters` says."""
        return {}

    def macs(self, layer: Layer) -> int:
        """Multiply-accumulates with taps inside the image."""
        return 0

    def computed_by(self, attributes: Mapping[str, Attribute]) -> tuple[str, ...]:
        """Operators whose kernels compute a layer with these attributes, the operator itself first."""
        return self.name, *self.also

    def only(self, sources: Sequence[Tensor]) -> Tensor:
        """Return the one tensor that the operator reads. Raises UsageError if it is of another element type."""
        (source,) = sources
        self.check_reads(source)
        return source

    def check_reads(self, source: Tensor) -> None:
        """Raise UsageError unless the operator reads tensors of this element type."""
        if source.dtype not in self.reads:
            raise UsageError(f"{self.name} reads {' or '.join(self.reads)} tensors, found {source.dtype}")
