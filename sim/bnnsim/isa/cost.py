"""What a custom instruction costs: cycles of issue and of its result, as numbers or named formulas, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from bnnsim.errors import ExtensionError, nearest

Kind = Literal["manual", "measured", "assumed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_CYCLES = 1000  # of one instruction, as in a core's table: sums of what costs more might leave int64


@dataclass(frozen=True)
class Source:
    """Where a cost comes from: a manual, a measurement, or an assumption that the reader must judge.

    Raises ExtensionError for another kind, and for a ref that says nothing.
    """

    kind: Kind
    ref: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ExtensionError(f"Source({self.kind!r}, …): expected one of {', '.join(KINDS)}")
        if not isinstance(self.ref, str) or not self.ref.strip():
            raise ExtensionError(f"Source.{self.kind}({self.ref!r}): expected who says so, or why, as text")

    @classmethod
    def manual(cls, ref: str) -> Source:
        """A figure from a vendor's or architecture manual: document, revision, section."""
        return cls("manual", ref)

    @classmethod
    def measured(cls, ref: str) -> Source:
        """A figure measured on silicon: by whom, on what."""
        return cls("measured", ref)

    @classmethod
    def assumed(cls, ref: str) -> Source:
        """A design assumption: the reasoning behind it."""
        return cls("assumed", ref)


@dataclass(frozen=True)
class Shape:
    """What formulas may depend on. memory_bytes: moved to or from memory; operand_words: 32-bit words of the widest
    register operand; port_bits: width of the core's data port.
    """

    memory_bytes: int
    operand_words: int
    port_bits: int


def memory_beats(shape: Shape) -> int:
    """One cycle for each transfer of the data port's width, at least one."""
    return max(1, -(-8 * shape.memory_bytes // shape.port_bits))


def operand_words(shape: Shape) -> int:
    """One cycle for each 32-bit word of the widest register operand, at least one."""
    return max(1, shape.operand_words)


FORMULAS: dict[str, Callable[[Shape], int]] = {"memory_beats": memory_beats, "operand_words": operand_words}


@dataclass(frozen=True)
class Cost:
    """Cycles of one instruction, each a number or the name of one of FORMULAS.

    issue_cycles: how long it keeps the next instruction from issuing; latency: from its issue until another
    instruction can use its result without waiting; no less than issue_cycles.
    Raises ExtensionError for anything else.
    """

    issue_cycles: int | str
    latency: int | str
    source: Source

    def __post_init__(self) -> None:
        for name, value in (("issue_cycles", self.issue_cycles), ("latency", self.latency)):
            if isinstance(value, str) and value not in FORMULAS:
                known = ", ".join(FORMULAS) + nearest(value, FORMULAS)
                raise ExtensionError(f"{name}={value!r}: no formula of that name; there are {known}")
            if isinstance(value, str):
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_CYCLES:
                raise ExtensionError(f"{name}={value!r}; expected whole cycles, 1 to {MOST_CYCLES}, or a formula")
        if not isinstance(self.source, Source):
            raise ExtensionError(f"source={self.source!r}; expected e.g. Source.assumed('why')")

    def cycles(self, shape: Shape) -> tuple[int, int]:
        """Cycles of issue and latency."""
        issue, latency = (
            FORMULAS[value](shape) if isinstance(value, str) else value for value in (self.issue_cycles, self.latency)
        )
        return issue, max(issue, latency)
