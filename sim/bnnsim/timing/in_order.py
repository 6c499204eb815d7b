"""The in-order pipeline with a fetch queue (Cortex-M4, Cortex-M3): when each instruction of a sequence ends.

Instruction memory is read in 32-bit words, one issued per cycle, usable by decode `latency_cycles`
later, into a queue of `queue_words`. Word n may issue only when word n - queue_words has been
consumed. With E the start of execution, c the cost and D the start of decode:

    D(i) = max(E(i-1), when the last word of instruction i is usable)
    E(i) = max(E(i-1) + c(i-1) + pair rules, D(i) + 1)

Time 0 is the end of the branch that a sequence follows. Where custom instructions have results that take longer than
their issue, E(i) waits for them, too (`interlock`).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bnnsim.timing.interlock import MOST_ROUNDS, execute, leave, new_state, take_over
from bnnsim.timing.table import Fetch

# Fall-through edges replay this many instructions of the previous block, so that queue and pipeline are in
# the state that they leave; the rules settle within far fewer.
REPLAYED_INSTRUCTIONS = 24

# `shape` of an instruction, by address and size. Bits 0 and 1: words it needs beyond its predecessor's.
NEW_WORDS = 3
CONSUMES_WORD = 4  # it holds the last halfword of a word
ODD = 8  # 32 bits at address ≡ 2 (mod 4)
FOLDED = 16  # takes no decode or execute step

_LONG_AGO = -1000  # the queue is full and waiting when a replay begins


def shape_of(address: int, size_bytes: int, folded: bool = False) -> int:
    """The `shape` bits of an instruction that follows the one before it in memory."""
    odd = address & 2
    new_words = 1 if size_bytes == 4 or not odd else 0
    consumes = CONSUMES_WORD if size_bytes == 4 or odd else 0
    return new_words | consumes | (ODD if odd and size_bytes == 4 else 0) | (FOLDED if folded else 0)


def fetch_vector(f: Fetch) -> np.ndarray:
    """int64 [5]: the fetch parameters in the order that `row_ends` takes them."""
    values = (f.queue_words, f.latency_cycles, f.restart_cycles, f.refill_cycles, f.refill_odd_cycles)
    return np.array(values, np.int64)


@njit(cache=True)
def row_ends(cost_class, pair, shape, starts, taken, class_cycles, pair_cycles, fetch, flow):
    """Return int64 [N], the cycle at which each of N rows (instructions of all sequences) ends, and two of its waits.

    Rows starts[e] to starts[e + 1] - 1 are sequence e, which follows a taken branch where taken[e].
    cost_class: int [N], index into class_cycles (int64, cycles); pair: int [N], index into pair_cycles
    (int64), the cycles added by the row before it; shape: see above; fetch: see `fetch_vector`; flow: see `interlock`.
    The waits: int64 [N] each, cycles for results of custom instructions and the cost class of the one waited for, or
    -1; empty if the flow is.
    """
    ends = np.empty(len(shape), np.int64)
    queue, latency, restart, refill, refill_odd = fetch[0], fetch[1], fetch[2], fetch[3], fetch[4]
    consumed = np.empty(queue, np.int64)  # when the word that last held each place of the queue was consumed
    delay = np.empty(queue, np.int64)
    follows = len(flow.row) > 0
    waits, producers = np.zeros(len(flow.row), np.int64), np.full(len(flow.row), -1, np.int64)
    row_of, uses, uses_from, latencies = flow.row, flow.uses, flow.uses_from, flow.latencies
    state, left = new_state(flow)
    for _ in range(MOST_ROUNDS):
        changed = False
        for sequence in range(len(taken)):
            consumed[:] = _LONG_AGO
            issue = restart - 1 if taken[sequence] else _LONG_AGO
            head = tail = 0  # places of the next word to consume and to issue
            usable = start = end = 0
            if follows:
                take_over(-1, 0, state, left)
            for row in range(starts[sequence], starts[sequence + 1]):
                bits = shape[row]
                first = row == starts[sequence]
                for _ in range(bits & NEW_WORDS):
                    if consumed[tail] > issue:
                        issue = consumed[tail] + delay[tail]
                    usable = issue + latency
                    issue += 1
                    tail = tail + 1 if tail + 1 < queue else 0
                decode = usable if first else max(start, usable)
                if bits & CONSUMES_WORD:
                    consumed[head] = decode
                    delay[head] = refill_odd if bits & ODD else refill
                    head = head + 1 if head + 1 < queue else 0
                if follows and row == starts[sequence] + flow.replayed[sequence]:
                    take_over(flow.before[sequence], end, state, left)
                # An IT that is a branch target has no neighbour to fold into: it takes its decode step.
                if first or not bits & FOLDED:
                    start = max(end + pair_cycles[pair[row]], decode + 1)
                    if follows:
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
