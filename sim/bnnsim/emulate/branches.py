"""Branch prediction while Unicorn runs: a native block hook with a 2-bit counter and a last target per branch.

A core with a branch predictor needs, beside edge counts, how often each branch went another way than a counter of
two bits foretold, and how often it went to another target than before. Both depend on the order of events only, not
on cycles, so one trace serves every core.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc

from bnnsim.emulate.native import HOOK_SIGNATURE, emu_stop
from bnnsim.emulate.probes import STOP_TABLE_FULL

# --- state, uint64 words ---
PREVIOUS, STOP, USED, TABLE = 0, 1, 2, 8
SLOTS = 1 << 16
# An entry: block that the branch ends, counter, last taken target or 0, mispredictions, target changes, and (any
# order) the number of a used slot.
ENTRY_WORDS = 6
_BLOCK, _COUNTER, _TARGET, _MISPREDICTS, _CHANGES, _USED_SLOT = range(ENTRY_WORDS)
_WEAKLY_NOT_TAKEN, _WEAKLY_TAKEN, _STRONGLY_TAKEN = 1, 2, 3


@cfunc(HOOK_SIGNATURE, cache=True)
def predict_hook(uc, address, size, data):
    """Compare the way from the previous block to this one with its prediction, then learn from it.

    A branch is known by the block that it ends. Its counter starts weakly taken if it first goes to an address that
    is not above its block's, else weakly not taken; its first taken target is no change of target.
    """
    state = carray(data, TABLE + ENTRY_WORDS * SLOTS, dtype=np.uint64)
    block = state[PREVIOUS]
    state[PREVIOUS] = np.uint64(address) | (np.uint64(size) << np.uint64(32))
    if block == np.uint64(0):
        return
    start = block & np.uint64(0xFFFFFFFF)
    taken = np.uint64(address) != start + (block >> np.uint64(32))
    slot = (block * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(48)
    for _ in range(SLOTS):
        at = np.uint64(TABLE) + slot * np.uint64(ENTRY_WORDS)
        if state[at] == block:
            break
        if state[at] == np.uint64(0):
            backwards = np.uint64(address) <= start
            state[at] = block
            state[at + np.uint64(_COUNTER)] = np.uint64(_WEAKLY_TAKEN if backwards else _WEAKLY_NOT_TAKEN)
            state[np.uint64(TABLE + _USED_SLOT) + state[USED] * np.uint64(ENTRY_WORDS)] = slot
            state[USED] += np.uint64(1)
            break
        slot = (slot + np.uint64(1)) & np.uint64(SLOTS - 1)
    else:
        state[STOP] = np.uint64(STOP_TABLE_FULL)
        emu_stop(uc)
        return
    counter = state[at + np.uint64(_COUNTER)]
    if taken != (counter >= np.uint64(_WEAKLY_TAKEN)):
        state[at + np.uint64(_MISPREDICTS)] += np.uint64(1)
    if taken:
        target = state[at + np.uint64(_TARGET)]
        if target != np.uint64(0) and target != np.uint64(address):
            state[at + np.uint64(_CHANGES)] += np.uint64(1)
        state[at + np.uint64(_TARGET)] = np.uint64(address)
        if counter < np.uint64(_STRONGLY_TAKEN):
            state[at + np.uint64(_COUNTER)] = counter + np.uint64(1)
    elif counter > np.uint64(0):
        state[at + np.uint64(_COUNTER)] = counter - np.uint64(1)


def new_state() -> np.ndarray:
    """uint64 state of `predict_hook` before anything ran."""
    return np.zeros(TABLE + ENTRY_WORDS * SLOTS, np.uint64)


def take_branches(state: np.ndarray) -> dict[int, tuple[int, int]]:
    """Block (size << 32 | address) → mispredicts, target changes, where not zero. Cleared; what was learnt stays."""
    table = state[TABLE:].reshape(-1, ENTRY_WORDS)
    used = table[: int(state[USED]), _USED_SLOT].astype(np.int64)
    rows = table[used]
    counted = rows[:, [_MISPREDICTS, _CHANGES]].any(axis=1)
    found = {b: (m, c) for b, m, c in rows[counted][:, [_BLOCK, _MISPREDICTS, _CHANGES]].tolist()}
    table[used, _MISPREDICTS] = 0
    table[used, _CHANGES] = 0
    return found
