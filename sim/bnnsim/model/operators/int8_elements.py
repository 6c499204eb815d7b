"""TFLite's int8 operators without weights, as CMSIS-NN computes them."""

from __future__ import annotations

from bnnsim.model.operators.base import Operator

OPERATORS: tuple[Operator, ...] = ()
