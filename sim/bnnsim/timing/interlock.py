"""The interlock of pipelines that follow no registers otherwise (Cortex-M4, M3, M0+): results of custom instructions.

A result is usable `latency` cycles after its instruction starts; what reads the register sooner starts later. Only
registers that custom instructions write are followed, and only where some latency exceeds the issue cycles, so other
programs cost what they always did. A register that another instruction overwrites is waited for no more. The state of a
unit has no interlock.

A sequence of rows begins with what the sequence before it left unfinished: the one that most often leads to the block
before. As loops lead to themselves, all sequences are timed again until nothing that they leave changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from bnnsim.emulate.trace import Trace
from bnnsim.timing.operands import Operands

CUSTOM_RESULT = "custom_result"  # stall reason
MOST_ROUNDS = 64  # a loop whose registers take turns may never settle
_LONG_AGO = -(1 << 40)
READS, RESULT, OVERWRITES = range(3)
_READY, _PRODUCER = range(2)


class Flow(NamedTuple):
    """Who uses the followed registers, numbered from 0. Arrays are int64; empty ones: nothing is followed.

    registers: how many; row: [N], instruction of each row; uses: [U, 2], register and READS, RESULT or OVERWRITES,
    reads first, those of instruction k from uses_from[k] to uses_from[k + 1]; before: [E], the sequence whose end a
    sequence begins with, or -1; replayed: [E], rows of a sequence that it only replays; latencies: by cost class.
    """

    registers: int
    row: np.ndarray
    uses: np.ndarray
    uses_from: np.ndarray
    before: np.ndarray
    replayed: np.ndarray
    latencies: np.ndarray


_NONE = np.zeros(0, np.int64)
NOTHING = Flow(0, _NONE, _NONE.reshape(0, 2), _NONE, _NONE, _NONE, _NONE)


def make_flow(trace: Trace, operands: Sequence[Operands], row: np.ndarray, replayed: np.ndarray) -> Flow | None:
    """Lay out the operands of instructions; None if no custom instruction writes a register. latencies stay empty."""
    followed = sorted({register for o in operands for register, name, _ in o.results if name == "custom"})
    if not followed:
        return None
    number = {register: n for n, register in enumerate(followed)}
    uses = []
    for o in operands:
        reads = [(number[register], READS) for register, _ in o.sources if register in number]
        written = ((register, name) for register, name, _ in o.results if register in number and _sure(o, name))
        uses.append([*reads, *((number[r], RESULT if name == "custom" else OVERWRITES) for r, name in written)])
    return Flow(
        registers=len(followed),
        row=row.astype(np.int64),
        uses=np.array([use for instruction in uses for use in instruction], np.int64).reshape(-1, 2),
        uses_from=np.cumsum([0, *map(len, uses)], dtype=np.int64),
        before=_sequences_before(trace),
        replayed=replayed,
        latencies=_NONE,
    )


def _sure(operands: Operands, name: str) -> bool:
    """Whether a write counts: a result that must be waited for always, another one unless its condition may fail."""
    return name == "custom" or not operands.conditional


def _sequences_before(trace: Trace) -> np.ndarray:
    """int64 [E]: for each edge the edge that most often leads to the block before, -1 at the start."""
    totals = trace.counts.sum(axis=0)
    best: dict[int, int] = {}
    for edge in np.argsort(totals, kind="stable").tolist():
        best[int(trace.edges[edge, 1])] = edge
    return np.array([best.get(previous, -1) for previous in trace.edges[:, 0].tolist()], np.int64)


@njit(cache=True)
def new_state(flow):
    """State of a run. int64 [registers, 2]: when each is there, cost class of what computes it; and int64 [E,
    registers, 2]: the same at the end of each sequence, in cycles after it.
    """
    return np.zeros((flow.registers, 2), np.int64), np.zeros((len(flow.before), flow.registers, 2), np.int64)


@njit(cache=True)
def take_over(before, time, state, left):
    """Begin with what a sequence left unfinished at a time; without one (-1) nothing is waited for."""
    for register in range(len(state)):
        state[register, _READY] = _LONG_AGO if before < 0 else time + left[before, register, _READY]
        state[register, _PRODUCER] = left[before, register, _PRODUCER]


@njit(cache=True)
def execute(uses, first, end, start, latency, cost_class, state):
    """Start an instruction once its operands are there and note when its results will be.

    Return its start and the cost class of what it waited for, -1 for nothing.
    """
    producer = np.int64(-1)
    for at in range(first, end):
        register = uses[at, 0]
        if uses[at, 1] != READS:
            state[register, _READY] = start + latency if uses[at, 1] == RESULT else _LONG_AGO
            state[register, _PRODUCER] = cost_class
        elif state[register, _READY] > start:
            start = state[register, _READY]
            producer = state[register, _PRODUCER]
    return start, producer


@njit(cache=True)
def leave(sequence, end, state, left):
    """End a sequence; whether it leaves other things unfinished than in the round before."""
    changed = False
    for register in range(len(state)):
        rest = max(state[register, _READY] - end, 0)
        producer = state[register, _PRODUCER] if rest else 0
        if rest != left[sequence, register, _READY] or producer != left[sequence, register, _PRODUCER]:
            changed = True
            left[sequence, register, _READY] = rest
            left[sequence, register, _PRODUCER] = producer
    return changed
