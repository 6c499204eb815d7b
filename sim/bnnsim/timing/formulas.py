"""The cost formulas that a core's YAML names, so that the YAML itself holds no expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Formula:
    """Cycles as a function of one whole number.

    of: "registers" (32-bit words moved, known when decoding) or "divide_class" (a column of
    `Trace.divides`, known only from the trace).
    """

    of: Literal["registers", "divide_class"]
    cycles: Callable[[int], int]


def one_plus_registers(registers: int) -> int:
    """One cycle to start, one for each 32-bit word moved (Arm DDI 0439, table 3-1: 1 + N)."""
    return 1 + registers


def two_plus_registers(registers: int) -> int:
    """One cycle more than `one_plus_registers`: POP with pc on Armv6-M cores, the refill of a branch not included."""
    return 2 + registers


def registers(registers: int) -> int:
    """One cycle for each 32-bit word moved."""
    return registers


def half_registers(registers: int) -> int:
    """One cycle for each two 32-bit words moved, on a core with a 64-bit data bus."""
    return (registers + 1) // 2


def early_termination_divide(divide_class: int) -> int:
    """Cycles of UDIV and SDIV: class 0 (quotient 0) 2, class 1 + d 3 + ⌊(d + 3) / 4⌋.

    d is bits(|n|) - bits(|m|), so four quotient bits a cycle; within the 2 to 12 of Arm DDI 0439, table 3-1.
    """
    return 2 if divide_class == 0 else 3 + (divide_class - 1 + 3) // 4


def longer_divide(divide_class: int) -> int:
    """One cycle more than `early_termination_divide`; not validated."""
    return 1 + early_termination_divide(divide_class)


FORMULAS = {
    "one_plus_registers": Formula("registers", one_plus_registers),
    "two_plus_registers": Formula("registers", two_plus_registers),
    "registers": Formula("registers", registers),
    "half_registers": Formula("registers", half_registers),
    "early_termination_divide": Formula("divide_class", early_termination_divide),
    "longer_divide": Formula("divide_class", longer_divide),
}
