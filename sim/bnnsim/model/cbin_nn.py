"""CBin-NN's twenty operator names (Sakr et al., Electronics 2023, table of operators) and what they are here.

A plain operator is the variant `plain`, CBin-NN's loops repaired; an optimized one the variant `faithful`.
"""

from __future__ import annotations

from dataclasses import dataclass

OPERATORS = ("QBConv2D", "QQConv2D", "BBConv2D", "BBPointwiseConv2D", "BMaxPool2D", "BBFC", "BBQFC")


@dataclass(frozen=True)
class CBinNN:
    """One row of CBin-NN's table: our operator, the kernel that has its loops, and whether it has a PReLU."""

    name: str
    operator: str
    variant: str
    prelu: bool


def _rows(operator: str) -> list[CBinNN]:
    rows = [CBinNN(operator, operator, "plain", False), CBinNN(f"{operator}_Optimized", operator, "faithful", False)]
    if operator != "BMaxPool2D":
        rows.append(CBinNN(f"{operator}_Optimized_PReLU", operator, "faithful", True))
    return rows


TABLE = {row.name: row for operator in OPERATORS for row in _rows(operator)}
