"""The native hook (Numba) of the memory pass: the lines of code and the data that instructions touch, and cache hits.

Addresses of data are computed from the registers before the instruction runs, because Unicorn's own memory hooks
corrupt IT state. A condition-failed instruction is not seen, so it touches nothing.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit

from bnnsim.emulate.native import HOOK_SIGNATURE, pointer, reg_read
from bnnsim.emulate.probes import SPAN_WORDS

# --- state, int64 words; pointers are to int64 arrays (LOOKUP and CODE, the cache that code comes through: int32) ---
STATE_WORDS = 16
(SPANS, SPAN_COUNT, LOOKUP, ENTRIES, RECORDS, BUFFER, WINDOWS, WINDOW_COUNT, CACHES, PATHS, PATH_COUNT, COUNTS,
 FETCHES, LAST_LINE, CODE) = range(15)  # fmt: skip
# --- a load or store: Unicorn's register ids or -1 (no base: OFFSET is the address), words, 1 for a store ---
RECORD_WORDS = 6
R_BASE, R_INDEX, R_SHIFT, R_OFFSET, R_WORDS, R_WRITES = range(RECORD_WORDS)
# --- memory from LOW to HIGH: data path or -1 ---
WINDOW_WORDS = 3
W_LOW, W_HIGH, W_PATH = range(WINDOW_WORDS)
# --- a cache: sets and line bytes are powers of two, BACK: writes fetch lines; TAGS: pointer to [sets * ways] ---
CACHE_WORDS = 5
C_SETS, C_WAYS, C_SHIFT, C_BACK, C_TAGS = range(CACHE_WORDS)
# --- what is counted: per load or store and data path; per halfword of code (see `Sites`) ---
COUNT_COLUMNS = 5
READS, READ_MISSES, WRITES, WRITE_MISSES, WRITE_BACKS = range(COUNT_COLUMNS)
FETCH_COLUMNS = 2
TOUCHES, MISSES = range(FETCH_COLUMNS)

_HIT, _MISS, _MISS_WRITE_BACK = 0, 1, 2


@njit
def _touch(cache, address, write):
    """Look an address up; the lines of a set lie in order of use. A tag is (line + 1) << 1 | written, 0 if empty."""
    ways = cache[C_WAYS]
    line = address >> cache[C_SHIFT]
    tags = carray(pointer(cache[C_TAGS]), cache[C_SETS] * ways, dtype=np.int64)
    first = (line & (cache[C_SETS] - 1)) * ways
    dirty = np.int64(1) if write and cache[C_BACK] != 0 else np.int64(0)
    key = (line + 1) << 1
    for way in range(ways):
        tag = tags[first + way]
        if tag & ~np.int64(1) == key:
            for place in range(way, 0, -1):
                tags[first + place] = tags[first + place - 1]
            tags[first] = tag | dirty
            return _HIT
    if write and cache[C_BACK] == 0:
        return _MISS
    evicted = tags[first + ways - 1]
    for place in range(ways - 1, 0, -1):
        tags[first + place] = tags[first + place - 1]
    tags[first] = key | dirty
    return _MISS_WRITE_BACK if evicted & 1 else _MISS


@njit
def _entry(state, address):
    """The halfword's entry in LOOKUP and FETCHES, -1 outside known code."""
    spans = carray(pointer(state[SPANS]), state[SPAN_COUNT] * SPAN_WORDS, dtype=np.int64)
    for span in range(0, state[SPAN_COUNT] * SPAN_WORDS, SPAN_WORDS):
        at = (address - spans[span]) >> 1
        if 0 <= at < spans[span + 1]:
            return spans[span + 2] + at
    return np.int64(-1)


@njit
def _window(state, address):
    """Number of the window that holds an address, or -1."""
    windows = carray(pointer(state[WINDOWS]), state[WINDOW_COUNT] * WINDOW_WORDS, dtype=np.int64)
    for number in range(state[WINDOW_COUNT]):
        at = number * WINDOW_WORDS
        if windows[at + W_LOW] <= address < windows[at + W_HIGH]:
            return number
    return -1


@njit
def _cache(state, number):
    """The fields of a cache."""
    return carray(pointer(state[CACHES] + number * (CACHE_WORDS * 8)), CACHE_WORDS, dtype=np.int64)


@njit
def _fetch(state, address, size, at):
    """Touch the lines of code that an instruction begins in; what is left of the line before is in a buffer."""
    number = np.int64(carray(pointer(state[CODE]), state[ENTRIES], dtype=np.int32)[at])
    if number < 0:
        return
    cache = _cache(state, number)
    shift = cache[C_SHIFT]
    for line in range(address >> shift, ((address + size - 1) >> shift) + 1):
        if line != state[LAST_LINE]:
            state[LAST_LINE] = line
            counts = carray(pointer(state[FETCHES] + at * (FETCH_COLUMNS * 8)), FETCH_COLUMNS, dtype=np.int64)
            counts[TOUCHES] += 1
            if _touch(cache, line << shift, False) != _HIT:
                counts[MISSES] += 1


@njit
def _count_access(state, record, number, address):
    """Count one word of a load or store."""
    window = _window(state, address)
    if window < 0:
        return
    path = carray(pointer(state[WINDOWS] + window * (WINDOW_WORDS * 8)), WINDOW_WORDS, dtype=np.int64)[W_PATH]
    if path < 0:
        return
    slot = (number * state[PATH_COUNT] + path) * (COUNT_COLUMNS * 8)
    counts = carray(pointer(state[COUNTS] + slot), COUNT_COLUMNS, dtype=np.int64)
    write = record[R_WRITES] != 0
    cache = carray(pointer(state[PATHS]), state[PATH_COUNT], dtype=np.int64)[path]
    outcome = _MISS
    if cache >= 0:
        outcome = _touch(_cache(state, cache), address, write)
    counts[WRITES if write else READS] += 1
    if outcome != _HIT:
        counts[WRITE_MISSES if write else READ_MISSES] += 1
    if outcome == _MISS_WRITE_BACK:
        counts[WRITE_BACKS] += 1


@cfunc(HOOK_SIGNATURE, cache=True)
def access_hook(uc, address, size, data):
    """Touch the lines that an instruction lies in and, word by word, the data that a load or store accesses.

    A hook on instructions, not on blocks, because Unicorn splits long blocks in two where it hooks instructions.
    """
    state = carray(data, STATE_WORDS, dtype=np.int64)
    at = _entry(state, np.int64(address))
    if at < 0:
        return
    _fetch(state, np.int64(address), np.int64(size), at)
    number = np.int64(carray(pointer(state[LOOKUP]), state[ENTRIES], dtype=np.int32)[at]) - 1
    if number < 0:
        return
    record = carray(pointer(state[RECORDS] + number * (RECORD_WORDS * 8)), RECORD_WORDS, dtype=np.int64)
    cell = pointer(state[BUFFER])
    value = carray(cell, 1, dtype=np.uint32)
    first = record[R_OFFSET]
    if record[R_BASE] >= 0:
        reg_read(uc, np.int32(record[R_BASE]), cell)
        first += np.int64(value[0])
    if record[R_INDEX] >= 0:
        reg_read(uc, np.int32(record[R_INDEX]), cell)
        first += np.int64(value[0]) << record[R_SHIFT]
    for word in range(record[R_WORDS]):
        _count_access(state, record, number, (first + 4 * word) & 0xFFFFFFFF)
