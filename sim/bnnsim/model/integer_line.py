"""A scaled integer line that rounds and saturates to the same int8 numbers as a line evaluated in float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

LOW, HIGH = -128, 127
_LIMIT = 2**31 - 1
_SHIFTS = range(24, 1, -1)  # at least 2, so that shifted values lie within 30 bits
# Halves on both sides of 0 are rounded away from it: where there are some, the line must be a little steeper.
_STEEPER = (0, 2**-20, -(2**-20), 2**-16, 2**-14, 2**-12, 2**-11, 2**-10, 2**-9, 2**-8)


def evaluate(line: tuple[int, int, int], t: np.ndarray) -> np.ndarray:
    """Return what kernels compute of t (0 .. 2^15 - 1): the line (multiplier, offset, shift) gives
    (((multiplier · t) >> 16) + offset) >> shift, within int8."""
    multiplier, offset, shift = line
    return np.clip((((multiplier * t.astype(np.int64)) >> 16) + offset) >> shift, LOW, HIGH)


def integer_line(levels: np.ndarray, first: int, slope: float) -> tuple[int, int, int] | None:
    """Return a line that gives levels[i] at t = first + i, or None if none is found.

    levels: int8 numbers, monotone; slope: of the line that they were rounded from. The multiplier has 16 more
    fraction bits than the sum; all three are int32, and so is the sum at every t of the levels.
    """
    t = np.arange(first, first + len(levels), dtype=np.int64)
    if t[-1] >= 2**15:
        return None
    # of the saturated levels the ones next to the others decide, the rest follow as the line is monotone
    inside = (levels > LOW) & (levels < HIGH)
    near = inside | np.roll(inside, 1) | np.roll(inside, -1)
    near[[0, -1]] = True
    if not inside.any():
        near[:] = True
    t, levels = t[near], levels[near].astype(np.int64)
    for multiplier, shift in _candidates(slope):
        scaled = (multiplier * t) >> 16
        least = np.where(levels > LOW, levels << shift, -_LIMIT - 1) - scaled
        most = np.where(levels < HIGH, (levels + 1) << shift, _LIMIT + 1) - 1 - scaled
        low, high = int(least.max()), int(most.min())
        offset = (low + high) // 2
        if low <= high and abs(offset) <= _LIMIT and (abs(scaled + offset) <= _LIMIT).all():
            return multiplier, offset, shift
    return None


def _candidates(slope: float) -> Iterator[tuple[int, int]]:
    """Multipliers and shifts, those of the highest precision first."""
    for shift in _SHIFTS:
        exact = slope * 2.0 ** (shift + 16)
        if abs(exact) < 0.99 * _LIMIT:
            yield from ((round(exact * (1 + steeper)), shift) for steeper in _STEEPER)
