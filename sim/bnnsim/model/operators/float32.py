"""The float32 operators of TFLite."""

from __future__ import annotations

from bnnsim.model.operators.base import Operator

OPERATORS: tuple[Operator, ...] = ()
