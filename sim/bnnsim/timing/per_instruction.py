"""The pipeline whose fetch never stalls (Cortex-M0+, Cortex-M0): costs add up, a taken branch adds its refill."""

from __future__ import annotations

import numpy as np
from numba import njit

from bnnsim.timing.interlock import MOST_ROUNDS, execute, leave, new_state, take_over
from bnnsim.timing.table import Refill


def refill_vector(refill: Refill) -> np.ndarray:
    """int64 [1]: the refill of a taken branch, as `row_ends` takes it."""
    return np.array([refill.cycles], np.int64)


@njit(cache=True)
def row_ends(cost_class, pair, shape, starts, taken, class_cycles, pair_cycles, refill, flow):
    """Return the cycle at which each row ends and its waits; all as for `in_order.row_ends`."""
    ends = np.empty(len(shape), np.int64)
    follows = len(flow.row) > 0
    waits, producers = np.zeros(len(flow.row), np.int64), np.full(len(flow.row), -1, np.int64)
    row_of, uses, uses_from, latencies = flow.row, flow.uses, flow.uses_from, flow.latencies
    state, left = new_state(flow)
    for _ in range(MOST_ROUNDS):
        changed = False
        for sequence in range(len(taken)):
            end = refill[0] if taken[sequence] else 0
            if follows:
                take_over(-1, 0, state, left)
            for row in range(starts[sequence], starts[sequence + 1]):
                start = end + pair_cycles[pair[row]]
                if follows:
                    if row == starts[sequence] + flow.replayed[sequence]:
                        time = 0 if taken[sequence] else end
                        take_over(flow.before[sequence], time, state, left)
                    k, earliest = row_of[row], start
                    late = latencies[cost_class[row]]
                    start, producers[row] = execute(
                        uses, uses_from[k], uses_from[k + 1], start, late, cost_class[row], state
                    )
                    waits[row] = start - earliest
                end = start + class_cycles[cost_class[row]]
                ends[row] = end
            if follows and leave(sequence, end, state, left):
                changed = True
        if not changed:
            break
    return ends, waits, producers
