"""The dual-issue in-order pipeline (Cortex-M7): when each instruction of a sequence has issued.

Time counts issue slots, two a cycle: an instruction in the first slot of cycle t ends at 2t + 1, in the second
at 2t + 2. A register is ready at one cycle for late consumers and at another for early ones (address
generation, the shifter, the early ALU). An instruction waits, in this order, for its code, its operands, a
slot that it may issue in, and memory just stored to; each wait is kept for the accounts.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bnnsim.timing.issue_rules import ROLES, DualIssue
from bnnsim.timing.issue_table import (
    ADDRESS,
    ALONE,
    BASE,
    COST_CLASS,
    DOWNWARDS,
    EARLY_EITHER,
    EARLY_FIRST,
    EARLY_SHIFT,
    ISSUE_CLASS,
    LOAD,
    MULTIPLE,
    OFFSET,
    RESULTS,
    SIZE,
    SOURCES,
    STORE,
    TRAITS,
    WORDS,
    IssueTable,
    class_mask,
)
from bnnsim.timing.operands import FLAGS, REGISTERS

TICKS_PER_CYCLE = 2
FETCH, OPERAND, NO_PAIR, STORE_TO_LOAD = range(4)  # columns of the waits
WAITS = ("fetch", "operand", "no_pair", "store_to_load")
_LONG_AGO = -1000
_STORES = 16  # stores remembered

# state of a sequence
_CYCLE, _SLOTS, _FIRST, _CONFLICT_PERCENT, _FETCHED, _CHUNK, _CHUNKS, _RESTART, _STORED, _LIMITING = range(10)
# columns of the register table
_LATE, _EARLY, _WORD_LOAD, _BYTE_LOAD, _CHAINED, _PRODUCER, _VERSION, _MOVED = range(8)
# columns of the store table
_ISSUED, _STORE_BASE, _STORE_VERSION, _LOW, _HIGH = range(5)
# parameters
_CHUNK_BYTES, _QUEUE, _STORE_CYCLES, _UNKNOWN_PERCENT = range(4)
_EARLY_RESULT, _REVERSE_RESULT, _WRITEBACK_RESULT, _CUSTOM_RESULT = range(4, 8)


def parameters(part: DualIssue, table: IssueTable) -> tuple[np.ndarray, ...]:
    """The numbers of a core in the order that `row_ends` takes them.

    roles: int64 [roles, 5]; latencies: int64 [results, 5]; pairs: bool [I, I], the second (column) may issue
    beside the first; shifters: bool [I]; scalars: int64.
    """
    operands = [part.operands[name] for name in ROLES]
    roles = [
        (
            o.uses == "early",
            o.ahead_cycles,
            o.after_word_load_cycles,
            o.after_byte_load_cycles,
            o.ahead_of_chained_cycles,
        )
        for o in operands
    ]
    found = [part.results[name] for name in table.result_names]
    latencies = [(r.late_cycles, r.early_cycles, r.word_load, r.byte_load, r.chained) for r in found]
    pairs = np.ones((len(table.issue_classes),) * 2, bool)
    for rule in part.no_pair.values():
        pairs &= ~(class_mask(table, rule.first)[:, None] & class_mask(table, rule.second))
    shifters = class_mask(table, part.early_alu.shifter_users)
    indices = [table.result_names.index(name) for name in ("early", "early_reverse", "writeback", "custom")]
    unknown = part.load_banks.unknown_conflict_percent
    scalars = [part.fetch.bytes_per_cycle, part.fetch.queue_chunks, part.store_to_load.cycles, unknown, *indices]
    return np.array(roles, np.int64), np.array(latencies, np.int64), pairs, shifters, np.array(scalars, np.int64)


@njit(cache=True)
def row_ends(
    table, sources, results, row, leaves, starts, class_cycles, class_latencies, roles, latencies, pairs, shifters,
    scalars,
):  # fmt: skip
    """Return the end of each of N rows in ticks (half cycles), what it waited for, and for which result.

    Ends: int64 [N]; waits: int64 [N, 4] in ticks, by the columns above; int64 [N]: index of the result that
    it waited for last, -1 for none. table to leaves: see `IssueTable`; starts: int64 [E + 1], rows of each
    sequence; class_cycles, class_latencies: int64 by cost class; the others: see `parameters`. The index of the result
    of a custom instruction is the number of results plus its cost class.
    """
    ends = np.empty(len(row), np.int64)
    waits = np.zeros((len(row), 4), np.int64)
    limiting = np.full(len(row), -1, np.int64)
    state = np.zeros(10, np.int64)
    registers = np.zeros((REGISTERS, 8), np.int64)
    queue = np.zeros(scalars[_QUEUE], np.int64)
    stores = np.zeros((_STORES, 5), np.int64)
    for sequence in range(len(starts) - 1):
        _reset(state, registers, queue, stores)
        for r in range(starts[sequence], starts[sequence + 1]):
            k = row[r]
            wait = waits[r]
            _await_code(state, table[k], queue, scalars, wait)
            _await_operands(state, registers, table, sources, k, roles, wait)
            limiting[r] = state[_LIMITING]
            _await_slot(state, table, k, pairs, scalars, wait)
            _await_memory(state, registers, table[k], stores, scalars, wait)
            cycles = class_cycles[table[k, COST_CLASS]]
            latency = class_latencies[table[k, COST_CLASS]]
            _write_results(state, registers, table, sources, results, k, latency, latencies, shifters, scalars)
            queue[(state[_CHUNKS] - 1) % len(queue)] = state[_CYCLE]
            if state[_SLOTS] == 0:
                state[_FIRST] = k
            state[_SLOTS] += 1
            if cycles > 1 or table[k, TRAITS] & ALONE:
                state[_CYCLE] += cycles - 1
                state[_SLOTS] = 2
            if leaves[r]:
                state[_RESTART] = 1
            ends[r] = 2 * state[_CYCLE] + state[_SLOTS]
    return ends, waits, limiting


@njit(cache=True)
def _reset(state, registers, queue, stores):
    state[:] = 0
    state[_FETCHED] = -1
    state[_RESTART] = 1
    state[_CONFLICT_PERCENT] = 50  # so that at one half the first pair conflicts, then every other one
    registers[:, :] = 0
    registers[:, _LATE] = _LONG_AGO
    registers[:, _EARLY] = _LONG_AGO
    registers[:, _PRODUCER] = -1
    queue[:] = _LONG_AGO
    stores[:, _ISSUED] = _LONG_AGO
    stores[:, _STORE_BASE] = -9


@njit(cache=True)
def _move_to(state, cycle, wait, reason):
    """Go on to a later cycle and note the slots that this leaves empty."""
    wait[reason] += 2 * (cycle - state[_CYCLE]) - state[_SLOTS]
    state[_CYCLE] = cycle
    state[_SLOTS] = 0


@njit(cache=True)
def _await_code(state, instruction, queue, scalars, wait):
    """Fetch the chunks that an instruction needs: one a cycle, when the one `queue` before has been issued from."""
    width = scalars[_CHUNK_BYTES]
    last = (instruction[ADDRESS] + instruction[SIZE] - 1) // width
    first = instruction[ADDRESS] // width if state[_RESTART] else state[_CHUNK] + 1
    for _ in range(first, last + 1):
        place = state[_CHUNKS] % len(queue)
        state[_FETCHED] = max(state[_FETCHED], queue[place]) + 1
        queue[place] = state[_FETCHED]
        state[_CHUNKS] += 1
    if state[_RESTART] or last > state[_CHUNK]:
        state[_CHUNK] = last
        state[_RESTART] = 0
    if state[_FETCHED] > state[_CYCLE]:
        _move_to(state, state[_FETCHED], wait, FETCH)


@njit(cache=True)
def _await_operands(state, registers, table, sources, k, roles, wait):
    need = state[_CYCLE]
    state[_LIMITING] = -1
    for s in range(table[k, SOURCES], table[k + 1, SOURCES]):
        register = registers[sources[s, 0]]
        role = roles[sources[s, 1]]
        ready = register[_EARLY] if role[0] else register[_LATE]
        ready -= role[1]
        if register[_WORD_LOAD]:
            ready += role[2]
        if register[_BYTE_LOAD]:
            ready += role[3]
        if register[_CHAINED]:
            ready -= role[4]
        if ready > need:
            need = ready
            state[_LIMITING] = register[_PRODUCER]
    if need > state[_CYCLE]:
        _move_to(state, need, wait, OPERAND)


@njit(cache=True)
def _await_slot(state, table, k, pairs, scalars, wait):
    """Issue beside the first instruction of the cycle if the pair may, else in the next cycle."""
    if state[_SLOTS] == 0:
        return
    first = state[_FIRST]
    both = table[first, TRAITS] & table[k, TRAITS]
    fits = state[_SLOTS] == 1 and not (table[first, TRAITS] | table[k, TRAITS]) & ALONE
    if fits and not pairs[table[first, ISSUE_CLASS], table[k, ISSUE_CLASS]]:
        fits = False
    if state[_SLOTS] == 1 and both & LOAD and not (table[first, TRAITS] | table[k, TRAITS]) & ALONE:
        if table[first, BASE] == table[k, BASE] and table[k, BASE] >= 0:
            if (table[first, OFFSET] ^ table[k, OFFSET]) & 4 == 0:  # the same four-byte bank
                fits = False
        else:  # unknown
            state[_CONFLICT_PERCENT] += scalars[_UNKNOWN_PERCENT]
            if state[_CONFLICT_PERCENT] >= 100:
                state[_CONFLICT_PERCENT] -= 100
                fits = False
    if not fits:
        _move_to(state, state[_CYCLE] + 1, wait, NO_PAIR)


@njit(cache=True)
def _await_memory(state, registers, instruction, stores, scalars, wait):
    """Hold a load back after a store to the same eight bytes, as far as base register and offset tell; note stores."""
    base = instruction[BASE]
    if base < 0 or not instruction[TRAITS] & (LOAD | STORE):
        return
    low = instruction[OFFSET] + registers[base, _MOVED]
    if instruction[TRAITS] & DOWNWARDS:
        low -= 4 * instruction[WORDS]
    high = low + 4 * instruction[WORDS]
    version = registers[base, _VERSION]
    if instruction[TRAITS] & LOAD:
        for store in stores:
            same = store[_STORE_BASE] == base and store[_STORE_VERSION] == version
            if same and store[_LOW] >> 3 <= (high - 1) >> 3 and low >> 3 <= (store[_HIGH] - 1) >> 3:
                free = store[_ISSUED] + scalars[_STORE_CYCLES]
                if free > state[_CYCLE]:
                    _move_to(state, free, wait, STORE_TO_LOAD)
    else:
        store = stores[state[_STORED] % len(stores)]
        store[_ISSUED] = state[_CYCLE]
        store[_STORE_BASE] = base
        store[_STORE_VERSION] = version
        store[_LOW] = low
        store[_HIGH] = high
        state[_STORED] += 1


@njit(cache=True)
def _executes_early(state, registers, table, sources, k, shifters):
    """Whether an instruction can use the early ALU: its slot and kind allow it and all sources are there early."""
    traits = table[k, TRAITS]
    able = bool(traits & EARLY_EITHER) or (bool(traits & EARLY_FIRST) and state[_SLOTS] == 0)
    if traits & EARLY_SHIFT:
        able = state[_SLOTS] == 0 or not shifters[table[state[_FIRST], ISSUE_CLASS]]
    if not able:
        return False
    for s in range(table[k, SOURCES], table[k + 1, SOURCES]):
        if sources[s, 0] == FLAGS or registers[sources[s, 0], _EARLY] > state[_CYCLE]:
            return False
    return True


@njit(cache=True)
def _write_results(state, registers, table, sources, results, k, custom_latency, latencies, shifters, scalars):
    cycle = state[_CYCLE]
    traits = table[k, TRAITS]
    early = _executes_early(state, registers, table, sources, k, shifters)
    for d in range(table[k, RESULTS], table[k + 1, RESULTS]):
        number = results[d, 0]
        producer = results[d, 1]
        if early and number != FLAGS:
            producer = scalars[_REVERSE_RESULT] if traits & EARLY_EITHER else scalars[_EARLY_RESULT]
        latency = latencies[producer]
        register = registers[number]
        later = results[d, 2] // 2 if traits & MULTIPLE else 0  # two words of a register list a cycle
        if producer == scalars[_CUSTOM_RESULT]:
            later = custom_latency - 1
        register[_LATE] = cycle + latency[0] + later
        register[_EARLY] = cycle + latency[1] + later
        register[_WORD_LOAD] = latency[2]
        register[_BYTE_LOAD] = latency[3]
        register[_CHAINED] = latency[4]
        custom = producer == scalars[_CUSTOM_RESULT]
        register[_PRODUCER] = len(latencies) + table[k, COST_CLASS] if custom else producer
        if producer == scalars[_WRITEBACK_RESULT] and traits & MULTIPLE:
            moved = 4 * table[k, WORDS]
            register[_MOVED] += -moved if traits & DOWNWARDS else moved
        else:
            register[_VERSION] += 1
            register[_MOVED] = 0
