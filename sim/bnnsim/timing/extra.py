"""Cycles that no order of instructions tells: operands, branch history, memory. They add to those of the edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Extra:
    """Cycles added (or saved) at some instructions.

    reason: stall reason, "" for what is part of executing the instruction; kind: of the source of the
    cost, "manual", "measured" or "assumed"; at: int64 [K], addresses; cycles: int64 [S, K], by scope.
    """

    reason: str
    kind: str
    at: np.ndarray
    cycles: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """int64 [S]: cycles of each scope."""
        return self.cycles.sum(axis=1)
