"""The pipeline whose fetch never stalls (Cortex-M0+, Cortex-M0): costs add up, a taken branch adds its refill."""

from __future__ import annotations

import numpy as np
from numba import njit

from bnnsim.timing.table import Refill


def refill_vector(refill: Refill) -> np.ndarray:
    """int64 [1]: the refill of a taken branch, as `row_ends` takes it."""
    return np.array([refill.cycles], np.int64)


@njit(cache=True)
def row_ends(cost_class, pair, shape, starts, taken, class_cycles, pair_cycles, refill):
    """Return int64 [N], the cycle at which each row ends; arguments as for `in_order.row_ends`."""
    ends = np.empty(len(shape), np.int64)
    for sequence in range(len(taken)):
        end = refill[0] if taken[sequence] else 0
        for row in range(starts[sequence], starts[sequence + 1]):
            end += class_cycles[cost_class[row]] + pair_cycles[pair[row]]
            ends[row] = end
    return ends
