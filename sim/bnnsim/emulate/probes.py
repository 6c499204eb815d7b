"""Native hooks (Numba) that count while Unicorn runs: block edges, and per-instruction details.

The counting pass has the block hook, which counts (previous block → block) edges, and the custom hook,
which runs custom instructions. The detail pass has one hook on everything: it counts executed
instructions, runs custom ones, classes the operands of divides and checks data addresses. Both look
an instruction up in a table by address and do what its record says.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit

from bnnsim.emulate.native import HOOK_SIGNATURE, call_semantics, emu_stop, pointer, reg_read, reg_write

# --- block hook state, uint64 words ---
PREVIOUS, BUDGET, STOP, USED, TABLE = 0, 1, 2, 3, 8
SLOTS = 1 << 16  # edge table; a slot is previous block, block, count, and (any order) the number of a used slot
STOP_BUDGET, STOP_TABLE_FULL, STOP_SEMANTICS, STOP_MISALIGNED = 1, 2, 3, 4

# --- state of the other hooks, int64 words ---
(
    BASE, HALFWORDS, LOOKUP, EXECUTED, RECORDS, REASON, FAULT_PC, OPERAND_D, OPERAND_N, OPERAND_M, BUFFER,
    SPANS, SPAN_COUNT, ENTRIES,
) = range(14)  # fmt: skip
SITE_WORDS = 16
SPAN_WORDS = 3  # of a stretch of memory with code: first address, halfwords, its first entry in the lookup table
# --- site records, int64 words: kind, then fields by kind ---
RECORD_WORDS = 48
KIND, CUSTOM, DIVIDE, MEMORY = 0, 1, 2, 3
F_FUNCTION, F_RD, F_D, F_N, F_M = 1, 2, 3, 4, 5  # custom: semantics address, Unicorn register ids or -1
F_NUMERATOR, F_DENOMINATOR, F_SIGNED, F_CLASSES = 1, 2, 3, 8  # divide; F_CLASSES + class: count
F_BASE, F_INDEX, F_SHIFT, F_OFFSET, F_SIZE, F_FAULTS, F_CROSSING, F_ODD = 1, 2, 3, 4, 5, 6, 7, 8  # memory


@cfunc(HOOK_SIGNATURE, cache=True)
def block_hook(uc, address, size, data):
    """Count the edge from the previous block and charge the instruction budget (two bytes a unit)."""
    state = carray(data, TABLE + 4 * SLOTS, dtype=np.uint64)
    previous = state[PREVIOUS]
    block = np.uint64(address) | (np.uint64(size) << np.uint64(32))
    state[PREVIOUS] = block
    left = np.int64(state[BUDGET]) - np.int64(size >> np.uint32(1))
    state[BUDGET] = np.uint64(left)
    slot = ((block ^ (previous << np.uint64(7))) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(48)
    if left < 0:
        state[STOP] = np.uint64(STOP_BUDGET)
        emu_stop(uc)
    for _ in range(SLOTS):
        at = np.uint64(TABLE) + slot * np.uint64(4)
        if state[at + np.uint64(1)] == block and state[at] == previous:
            state[at + np.uint64(2)] += np.uint64(1)
            return
        if state[at + np.uint64(1)] == np.uint64(0):
            state[at] = previous
            state[at + np.uint64(1)] = block
            state[at + np.uint64(2)] = np.uint64(1)
            state[np.uint64(TABLE + 3) + state[USED] * np.uint64(4)] = slot
            state[USED] += np.uint64(1)
            return
        slot = (slot + np.uint64(1)) & np.uint64(SLOTS - 1)
    state[STOP] = np.uint64(STOP_TABLE_FULL)
    emu_stop(uc)


@njit(inline="always")
def _entry_of(address, state):
    """The lookup table's entry of an address, -1 outside known code."""
    found = (np.int64(address) - state[BASE]) >> 1
    if np.uint64(found) >= np.uint64(state[HALFWORDS]):
        found = _entry_in_other_span(np.int64(address), state[SPANS], state[SPAN_COUNT])
    return found


@njit
def _entry_in_other_span(address, at, count):
    spans = carray(pointer(at), count * SPAN_WORDS, dtype=np.int64)
    for span in range(SPAN_WORDS, count * SPAN_WORDS, SPAN_WORDS):
        found = (address - spans[span]) >> 1
        if 0 <= found < spans[span + 1]:
            return spans[span + 2] + found
    return np.int64(-1)


@njit(inline="always")
def _run_custom(uc, address, state, record):
    """Run a custom instruction: operands from registers, result into the destination."""
    cell = pointer(state[BUFFER])
    value = carray(cell, 1, dtype=np.uint32)
    d = np.int64(0)
    n = np.int64(0)
    m = np.int64(0)
    if record[F_D] >= 0:
        reg_read(uc, np.int32(record[F_D]), cell)
        d = np.int64(value[0])
    if record[F_N] >= 0:
        reg_read(uc, np.int32(record[F_N]), cell)
        n = np.int64(value[0])
    if record[F_M] >= 0:
        reg_read(uc, np.int32(record[F_M]), cell)
        m = np.int64(value[0])
    result = call_semantics(record[F_FUNCTION], d, n, m)
    if result < 0:  # the semantics raised
        state[REASON] = STOP_SEMANTICS
        state[FAULT_PC] = np.int64(address)
        state[OPERAND_D], state[OPERAND_N], state[OPERAND_M] = d, n, m
        emu_stop(uc)
        return
    value[0] = np.uint32(result)
    reg_write(uc, np.int32(record[F_RD]), cell)


@cfunc(HOOK_SIGNATURE, cache=True)
def custom_hook(uc, address, size, data):
    """Counting pass: run the custom instruction at this address, if there is one."""
    state = carray(data, SITE_WORDS, dtype=np.int64)
    at = _entry_of(address, state)
    if at < 0:
        return
    number = np.int64(carray(pointer(state[LOOKUP]), state[ENTRIES], dtype=np.int32)[at])
    if number != 0:
        record = carray(pointer(state[RECORDS] + (number - 1) * (RECORD_WORDS * 8)), RECORD_WORDS, dtype=np.int64)
        _run_custom(uc, address, state, record)


@cfunc(HOOK_SIGNATURE, cache=True)
def detail_hook(uc, address, size, data):
    """Detail pass: count the instruction, then look it up and do what its record says."""
    state = carray(data, SITE_WORDS, dtype=np.int64)
    at = _entry_of(address, state)
    if at < 0:
        return
    carray(pointer(state[EXECUTED]), state[ENTRIES], dtype=np.int64)[at] += 1
    number = np.int64(carray(pointer(state[LOOKUP]), state[ENTRIES], dtype=np.int32)[at])
    if number == 0:
        return
    record = carray(pointer(state[RECORDS] + (number - 1) * (RECORD_WORDS * 8)), RECORD_WORDS, dtype=np.int64)
    cell = pointer(state[BUFFER])
    value = carray(cell, 1, dtype=np.uint32)
    if record[KIND] == CUSTOM:
        _run_custom(uc, address, state, record)
    elif record[KIND] == DIVIDE:
        reg_read(uc, np.int32(record[F_NUMERATOR]), cell)
        first = np.int64(value[0])
        reg_read(uc, np.int32(record[F_DENOMINATOR]), cell)
        second = np.int64(value[0])
        if record[F_SIGNED] != 0:
            first = first if first < 0x80000000 else 0x100000000 - first
            second = second if second < 0x80000000 else 0x100000000 - second
        bits = np.int64(0)
        if second == 0 or first < second:
            bits = np.int64(-1)
        else:
            while first > 0:
                first >>= 1
                bits += 1
            while second > 0:
                second >>= 1
                bits -= 1
        record[F_CLASSES + 1 + bits] += 1
    elif record[KIND] == MEMORY:
        reg_read(uc, np.int32(record[F_BASE]), cell)
        first = np.int64(value[0])
        if record[F_INDEX] >= 0:
            reg_read(uc, np.int32(record[F_INDEX]), cell)
            first += np.int64(value[0]) << record[F_SHIFT]
        first = (first + record[F_OFFSET]) & (record[F_SIZE] - 1)
        if first != 0:
            if record[F_FAULTS] != 0:
                state[REASON] = STOP_MISALIGNED
                state[FAULT_PC] = np.int64(address)
                emu_stop(uc)
            elif record[F_SIZE] == 4 and (first & 1) != 0:
                record[F_ODD] += 1
            else:
                record[F_CROSSING] += 1
