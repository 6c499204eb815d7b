"""The operators: what each reads, which keys and parameters it has and what shape it gives, by family."""

from __future__ import annotations

from bnnsim.errors import UsageError, nearest
from bnnsim.model.operators import binary, float32, int8_elements, int8_layers, int8_pools, lce, movement
from bnnsim.model.operators.base import Attribute, Operator, Parameter

__all__ = ["OPERATORS", "Attribute", "Operator", "Parameter", "operator_named"]

_FAMILIES = (binary, lce, int8_layers, int8_elements, int8_pools, movement, float32)
OPERATORS: dict[str, Operator] = {op.name: op for family in _FAMILIES for op in family.OPERATORS}


def operator_named(name: str) -> Operator:
    """Return an operator. Raises UsageError with the nearest name."""
    if name not in OPERATORS:
        raise UsageError(f"unknown operator {name!r}; known: {', '.join(OPERATORS)}{nearest(name, OPERATORS)}")
    return OPERATORS[name]
