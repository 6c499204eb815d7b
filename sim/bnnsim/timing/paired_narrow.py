"""The single-issue pipeline whose 16-bit instructions can ride along (Cortex-M33): when each of a sequence ends.

A 16-bit instruction directly after another one, which does not itself ride along, takes no cycle of its own
when it is an IT, a NOP or a branch, or follows a NOP. Results are ready later for ordinary operands than for
accumulators and for data of stores. Flags are ready at once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bnnsim.timing.issue_rules import ROLES, PairedNarrow
from bnnsim.timing.issue_table import (
    ADDRESS,
    BRANCH,
    BY_REGISTER,
    COST_CLASS,
    HINT,
    LOADS_PC,
    NARROW_MULTIPLY,
    NOP,
    RESULTS,
    SETS_FLAGS,
    SHIFTED_CONSTANT,
    SIZE,
    SOURCES,
    TRAITS,
    IssueTable,
)
from bnnsim.timing.operands import FLAGS, REGISTERS

FETCH, OPERAND, REFILL, RIDE_ALONG, FLAG_SETTING = range(5)  # columns of the waits
WAITS = ("fetch", "operand", "branch_refill", "ride_along", "flag_setting")
AFTER_FLAGS = 1 << 62  # beside the bits of TRAITS
_LONG_AGO = -1000
_BY_ROLE = {"accumulator": 1, "store_data": 2}  # column of a latency; 0 for all other roles

# state of a sequence
_CYCLE, _BEFORE, _PAIRABLE, _FETCHED, _CHUNK, _CHUNKS, _RESTART, _LIMITING = range(8)  # _BEFORE: traits of the last one
# parameters
_CHUNK_BYTES, _QUEUE, _WRITEBACK_RESULT, _SHIFTED_CYCLES, _MULTIPLY_CYCLES = range(5)
_TAKEN, _TAKEN_REGISTER, _TAKEN_LOAD, _TAKEN_RIDING, _TAKEN_FLAGS, _CUSTOM_RESULT = range(5, 11)


def parameters(part: PairedNarrow, table: IssueTable) -> tuple[np.ndarray, ...]:
    """The numbers of a core in the order that `row_ends` takes them.

    roles: int64 [roles], the column of a latency; latencies: int64 [results, 3]; scalars: int64.
    """
    roles = [_BY_ROLE.get(name, 0) for name in ROLES]
    found = [part.results[name] for name in table.result_names]
    latencies = [(r.operand_cycles, r.accumulator_cycles, r.store_data_cycles) for r in found]
    flags, taken = part.flag_setting, part.taken
    scalars = [
        part.fetch.bytes_per_cycle, part.fetch.queue_chunks, table.result_names.index("writeback"),
        flags.shifted_constant_cycles, flags.narrow_multiply_cycles, taken.cycles, taken.register_cycles,
        taken.load_to_pc_cycles, taken.riding_cycles, taken.riding_after_flags_cycles,
        table.result_names.index("custom"),
    ]  # fmt: skip
    return np.array(roles, np.int64), np.array(latencies, np.int64), np.array(scalars, np.int64)


@njit(cache=True)
def row_ends(table, sources, results, row, leaves, starts, class_cycles, class_latencies, roles, latencies, scalars):
    """Return the end of each row in cycles, its waits and what it waited for; as for `dual_issue.row_ends`.

    Waits: int64 [N, 5], by the columns above; riding along saves cycles, so it is negative.
    """
    ends = np.empty(len(row), np.int64)
    waits = np.zeros((len(row), 5), np.int64)
    limiting = np.full(len(row), -1, np.int64)
    state = np.zeros(8, np.int64)
    ready = np.zeros((REGISTERS, 4), np.int64)  # by column of a latency; the last one: what produced it
    queue = np.zeros(scalars[_QUEUE], np.int64)
    for sequence in range(len(starts) - 1):
        _reset(state, ready, queue)
        for r in range(starts[sequence], starts[sequence + 1]):
            k, wait = row[r], waits[r]
            instruction = table[k]
            if r > starts[sequence] and leaves[r - 1]:
                _go_to_target(state, table[row[r - 1]], wait, scalars)
            fetched = max(state[_CYCLE], _fetched(state, instruction, queue, scalars))
            issue = _operands_ready(state, ready, sources, table, k, roles, fetched)
            limiting[r] = state[_LIMITING] if issue > fetched else -1
            rides = issue == state[_CYCLE] and _rides_along(state, instruction)
            wait[FETCH] = fetched - state[_CYCLE]
            wait[OPERAND] = issue - fetched
            queue[(state[_CHUNKS] - 1) % len(queue)] = issue
            if rides:
                issue -= 1
                wait[RIDE_ALONG] = -1
            wait[FLAG_SETTING] = _flag_setting_cycles(instruction[TRAITS], scalars)
            end = issue + class_cycles[instruction[COST_CLASS]] + wait[FLAG_SETTING]
            for d in range(table[k, RESULTS], table[k + 1, RESULTS]):
                custom = results[d, 1] == scalars[_CUSTOM_RESULT]
                last = issue + class_latencies[instruction[COST_CLASS]] - 1 if custom else end - 1
                for use in range(3):
                    ready[results[d, 0], use] = last + latencies[results[d, 1], use]
                if results[d, 1] == scalars[_WRITEBACK_RESULT]:
                    ready[results[d, 0], 0] = issue + latencies[results[d, 1], 0]
                ready[results[d, 0], 3] = len(latencies) + instruction[COST_CLASS] if custom else results[d, 1]
            state[_PAIRABLE] = 2 if rides else instruction[SIZE] == 2 and not instruction[TRAITS] & BRANCH
            state[_BEFORE] = _with_flags_before(state[_BEFORE], instruction[TRAITS])
            state[_CYCLE] = end
            ends[r] = end
    return ends, waits, limiting


@njit(cache=True)
def _with_flags_before(before, traits):
    """Traits of an instruction, and whether the one before it set the flags."""
    return traits | (AFTER_FLAGS if before & SETS_FLAGS else 0)


@njit(cache=True)
def _reset(state, ready, queue):
    state[:] = 0
    state[_FETCHED] = -1
    state[_RESTART] = 1
    ready[:, :3] = _LONG_AGO
    ready[:, 3] = -1
    queue[:] = _LONG_AGO


@njit(cache=True)
def _go_to_target(state, branch, wait, scalars):
    """Refill after a taken branch, which was the row before."""
    traits = branch[TRAITS]
    if traits & LOADS_PC:
        cycles = scalars[_TAKEN_LOAD]
    elif state[_PAIRABLE] == 2:
        cycles = scalars[_TAKEN_FLAGS] if state[_BEFORE] & AFTER_FLAGS else scalars[_TAKEN_RIDING]
    else:
        cycles = scalars[_TAKEN_REGISTER] if traits & BY_REGISTER else scalars[_TAKEN]
    wait[REFILL] = cycles
    state[_CYCLE] += cycles
    state[_FETCHED] = state[_CYCLE] - 2  # the target arrives with the last cycle of the refill
    state[_RESTART] = 1
    state[_PAIRABLE] = 0


@njit(cache=True)
def _fetched(state, instruction, queue, scalars):
    """Fetch what an instruction needs, a chunk a cycle into the queue, and return the cycle of the last chunk."""
    width = scalars[_CHUNK_BYTES]
    last = (instruction[ADDRESS] + instruction[SIZE] - 1) // width
    first = instruction[ADDRESS] // width if state[_RESTART] else state[_CHUNK] + 1
    for _ in range(first, last + 1):
        place = state[_CHUNKS] % len(queue)
        state[_FETCHED] = max(state[_FETCHED] + 1, queue[place])
        queue[place] = state[_FETCHED]
        state[_CHUNKS] += 1
    if state[_RESTART] or last > state[_CHUNK]:
        state[_CHUNK] = last
        state[_RESTART] = 0
    return state[_FETCHED]


@njit(cache=True)
def _operands_ready(state, ready, sources, table, k, roles, cycle):
    state[_LIMITING] = -1
    for s in range(table[k, SOURCES], table[k + 1, SOURCES]):
        number = sources[s, 0]
        at = ready[number, roles[sources[s, 1]]]
        if number != FLAGS and at > cycle:
            cycle = at
            state[_LIMITING] = ready[number, 3]
    return cycle


@njit(cache=True)
def _rides_along(state, instruction):
    if state[_PAIRABLE] != 1 or instruction[SIZE] != 2:
        return False
    return bool(instruction[TRAITS] & (BRANCH | HINT)) or bool(state[_BEFORE] & NOP)


@njit(cache=True)
def _flag_setting_cycles(traits, scalars):
    if not traits & SETS_FLAGS:
        return 0
    cycles = scalars[_SHIFTED_CYCLES] if traits & SHIFTED_CONSTANT else 0
    return cycles + (scalars[_MULTIPLY_CYCLES] if traits & NARROW_MULTIPLY else 0)
