"""Native hooks (Numba) that count while Unicorn runs: block edges, and per-instruction details.

The counting pass has the block hook, which counts (previous block → block) edges, and the custom hook,
which runs custom instructions. The detail pass has one hook on everything: it counts executed
instructions, runs custom ones, classes the operands of divides and checks data addresses. Both look
an instruction up in a table by address and do what its record says.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit

from bnnsim.emulate.custom import BUFFER_AT, CELL, FRAME_WORDS, RESULT
from bnnsim.emulate.native import (
    HOOK_SIGNATURE,
    call_semantics,
    emu_stop,
    mem_read,
    mem_write,
    pointer,
    reg_read,
    reg_write,
)

# --- block hook state, uint64 words ---
PREVIOUS, BUDGET, STOP, USED, TABLE = 0, 1, 2, 3, 8
SLOTS = 1 << 16  # edge table; a slot is previous block, block, count, and (any order) the number of a used slot
STOP_BUDGET, STOP_TABLE_FULL, STOP_SEMANTICS, STOP_MISALIGNED, STOP_LOAD, STOP_STORE = 1, 2, 3, 4, 5, 6

# --- state of the other hooks, int64 words ---
(
    BASE, HALFWORDS, LOOKUP, EXECUTED, RECORDS, REASON, FAULT_PC, FAULT_ADDRESS, BUFFER, SPANS, SPAN_COUNT, ENTRIES,
    REGIONS, REGION_COUNT,
) = range(14)  # fmt: skip
REGION_WORDS = 3  # of memory: first address, end, whether it is writable
SITE_WORDS = 16
SPAN_WORDS = 3  # of a stretch of memory with code: first address, halfwords, its first entry in the lookup table
# --- site records, int64 words: kind, then fields by kind ---
RECORD_WORDS = 48
KIND, CUSTOM, DIVIDE, MEMORY = 0, 1, 2, 3
# custom: semantics address and the frame's; base register or -1, its step, bytes loaded and stored; slot of imm or
# -1, and imm; how many reads and writes; how many reads if there is nothing but narrow ones and one result, else 0, and
# that result's register; then (Unicorn register id, slot of the frame, 64-bit) of each
(
    F_FUNCTION, F_FRAME, F_POINTER, F_STEP, F_LOADS, F_STORES, F_IMM_SLOT, F_IMM, F_READS, F_WRITES, F_NARROW,
    F_RESULT, F_MOVES,
) = range(1, 14)  # fmt: skip
MOVE_WORDS = 3
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


@njit
def _stop(uc, address, state, reason, fault_address):
    state[REASON] = reason
    state[FAULT_PC] = np.int64(address)
    state[FAULT_ADDRESS] = fault_address
    emu_stop(uc)


@njit
def _is_writable(state, address):
    regions = carray(pointer(state[REGIONS]), state[REGION_COUNT] * REGION_WORDS, dtype=np.int64)
    for at in range(0, state[REGION_COUNT] * REGION_WORDS, REGION_WORDS):
        if regions[at] <= address < regions[at + 1]:
            return regions[at + 2] != 0
    return False


@njit
def _store(uc, address, state, record, frame):
    """Write the bytes of the buffer that the mask names, run by run; return the first address that refuses, or -1."""
    first = np.int64(0)
    mask = frame[RESULT]
    while first < record[F_STORES]:
        if (mask >> first) & 1 == 0:
            first += 1
            continue
        end = first
        while end < record[F_STORES] and (mask >> end) & 1 != 0:
            end += 1
        low, last = address + first, address + end - 1  # in one region or in two: those are whole KiB
        source = pointer(record[F_FRAME] + 8 * BUFFER_AT + first)
        writable = _is_writable(state, low) and _is_writable(state, last)
        if not writable or mem_write(uc, np.uint64(low), source, np.uint64(end - first)) != 0:
            return low
        first = end
    return np.int64(-1)


@njit(inline="always")
def _run_custom(uc, address, state, record):
    """Run a custom instruction. Most have up to three core registers as operands and one as result: no loops."""
    reads = record[F_NARROW]
    if reads == 0:
        _run_any(uc, address, state, record)
        return
    at_frame = record[F_FRAME]
    frame = carray(pointer(at_frame), FRAME_WORDS, dtype=np.int64)
    cell = pointer(at_frame + 8 * CELL)
    value = carray(cell, 1, dtype=np.uint32)
    reg_read(uc, np.int32(record[F_MOVES]), cell)
    frame[0] = np.int64(value[0])
    if reads > 1:
        reg_read(uc, np.int32(record[F_MOVES + MOVE_WORDS]), cell)
        frame[1] = np.int64(value[0])
    if reads > 2:
        reg_read(uc, np.int32(record[F_MOVES + 2 * MOVE_WORDS]), cell)
        frame[2] = np.int64(value[0])
    if call_semantics(record[F_FUNCTION], pointer(at_frame)) != 0:  # they raised
        _stop(uc, address, state, STOP_SEMANTICS, np.int64(0))
        return
    reg_write(uc, np.int32(record[F_RESULT]), pointer(at_frame + 8 * RESULT))


@njit
def _run_any(uc, address, state, record):
    """Run a custom instruction: operands from registers and memory, results into registers and memory."""
    at_frame = record[F_FRAME]
    frame = carray(pointer(at_frame), FRAME_WORDS, dtype=np.int64)
    cell = pointer(at_frame + 8 * CELL)
    halves = carray(cell, 2, dtype=np.uint32)
    last_read = F_MOVES + MOVE_WORDS * record[F_READS]
    for at in range(F_MOVES, last_read, MOVE_WORDS):
        slot = record[at + 1]
        # By way of a cell: a processor is slow to load eight bytes of which four were just stored.
        reg_read(uc, np.int32(record[at]), cell)
        frame[slot] = np.int64(halves[0])
        if record[at + 2] != 0:
            frame[slot + 1] = np.int64(halves[1])
    if record[F_IMM_SLOT] >= 0:
        frame[record[F_IMM_SLOT]] = record[F_IMM]
    base = np.int64(0)
    if record[F_POINTER] >= 0:
        reg_read(uc, np.int32(record[F_POINTER]), cell)
        base = np.int64(halves[0])
        if record[F_LOADS] != 0:
            buffer = pointer(at_frame + 8 * BUFFER_AT)
            if base & 3 != 0:
                _stop(uc, address, state, STOP_MISALIGNED, base)
                return
            if mem_read(uc, np.uint64(base), buffer, np.uint64(record[F_LOADS])) != 0:
                _stop(uc, address, state, STOP_LOAD, base)
                return
        else:
            frame[BUFFER_AT:] = 0  # not what an earlier instruction left
    if call_semantics(record[F_FUNCTION], pointer(at_frame)) != 0:  # they raised
        _stop(uc, address, state, STOP_SEMANTICS, base)
        return
    if record[F_POINTER] >= 0:
        if record[F_STORES] != 0:
            if base & 3 != 0:
                _stop(uc, address, state, STOP_MISALIGNED, base)
                return
            wrong = _store(uc, base, state, record, frame)
            if wrong >= 0:
                _stop(uc, address, state, STOP_STORE, wrong)
                return
        if record[F_STEP] != 0:
            frame[CELL] = (base + record[F_STEP]) & 0xFFFFFFFF
            reg_write(uc, np.int32(record[F_POINTER]), cell)
    for at in range(last_read, last_read + MOVE_WORDS * record[F_WRITES], MOVE_WORDS):
        slot = record[at + 1]
        if record[at + 2] == 0:
            reg_write(uc, np.int32(record[at]), pointer(at_frame + 8 * slot))
        else:
            frame[CELL] = frame[slot] | frame[slot + 1] << 32
            reg_write(uc, np.int32(record[at]), cell)


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
                _stop(uc, address, state, STOP_MISALIGNED, np.int64(0))
            elif record[F_SIZE] == 4 and (first & 1) != 0:
                record[F_ODD] += 1
            else:
                record[F_CROSSING] += 1
