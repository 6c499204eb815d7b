"""Wait states of instruction memory: what reading lines adds to the cycles of a zero-wait core.

The rule, on top of the start times that the core's own model gives: a taken branch's target line is ready `wait`
cycles after the branch; each following line is prefetched into one of two buffers and ready `wait` + 1 cycles after
the line before it, and no sooner than that after the line before that one was consumed; an instruction starts no
earlier than `lead` cycles after its last line is ready. Without wait states a target counts as starting one cycle after
its branch, so that it waits `wait` cycles if `lead` is 1. Compared with an AES table of STM32F4 (rms 2.0 %) and
STM32F1 boards (5.4 %).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bnnsim.timing import in_order
from bnnsim.timing.program import Program
from bnnsim.timing.regions import InstructionReads

_LONG_AGO = -1e9


@njit(cache=True)
def _row_delays(addresses, sizes, starts, replayed, counted, ends, line_bytes, wait, lead):
    """Return float64 [N], cycles by which each row starts later than its row before did; replayed rows included.

    addresses, sizes: int64 [N], bytes; starts, replayed: as in `Program`; counted: bool [E], other edges get 0;
    ends: int64 [N], when each row ends on a zero-wait core.
    """
    delays = np.zeros(len(addresses))
    consumed = np.empty(2)  # when the last line of each parity was consumed
    for edge in range(len(replayed)):
        if not counted[edge]:
            continue
        consumed[:] = _LONG_AGO
        delay = 0.0
        newest = np.int64(-1)
        ready = 0.0
        for row in range(starts[edge], starts[edge + 1]):
            low = addresses[row] // line_bytes
            start = float(ends[row - 1])
            if row == starts[edge]:
                start = float(min(ends[row] - 1, 1))
            elif addresses[row] != addresses[row - 1] + sizes[row - 1]:  # a taken branch among the replayed rows
                consumed[:] = _LONG_AGO
                ready = start + delay + wait
                newest = low
                start += 1
            high = (addresses[row] + sizes[row] - 1) // line_bytes
            for line in range(low, high + 1):
                if newest < 0:
                    ready = _LONG_AGO if replayed[edge] > 0 else float(wait)
                elif line > newest:
                    ready = max(ready, consumed[line & 1]) + wait + 1
                newest = max(newest, line)
            late = ready + lead - (start + delay)
            if late > 0:
                delays[row] = late
                delay += late
            if (addresses[row] + sizes[row]) // line_bytes != low:
                consumed[low & 1] = start + delay
    return delays


def row_delays(program: Program, ends: np.ndarray, reads: InstructionReads, counted: np.ndarray) -> np.ndarray:
    """float64 [N]: cycles that wait states add to each row if every line misses; 0 for replayed rows.

    counted: bool [E], edges whose code is read so; ends: see `price.program_ends`.
    """
    delays = _row_delays(
        program.addresses, row_sizes(program), program.starts, program.replayed, counted,
        ends, reads.line_bytes, reads.wait_states, reads.lead_cycles,
    )  # fmt: skip
    return np.where(program.own, delays, 0.0)


def row_sizes(program: Program) -> np.ndarray:
    """int64 [N]: bytes of each row's instruction."""
    shape, first = program.shape.copy(), program.starts[:-1]
    shape[first] -= program.addresses[first] & 2 != 0  # undo what `decode_program` adds for a target
    wide = (shape & in_order.CONSUMES_WORD != 0) & (shape & in_order.NEW_WORDS == 1)
    return np.where(wide, 4, 2)
