"""Larq Compute Engine's operators."""

from __future__ import annotations

from bnnsim.model.operators.base import Operator

OPERATORS: tuple[Operator, ...] = ()
