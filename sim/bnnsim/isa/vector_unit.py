"""Semantics of an XMOS-style vector unit, shared by the extensions that give it different roads to memory.

State: uint32 words. vC, vR and vD hold 256 bits each. In int16 and int8 mode, 16 accumulators of 32 bits lie in them:
number i is vD.s16[i] * 65536 + vR.u16[i]. Saturation is symmetric, ±(2^(n-1) - 1).

Source: the C model of the XS3A's vector unit in xmos/lib_nn (develop, 52a6187) and the format of accumulators in
xmos/lib_xcore_math. Not modelled: the 40-bit accumulators of int32 mode (refused), shift mode and headroom bits of the
control word (kept, without effect).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

VC, VR, VD, CONTROL, MASK, OPERAND = 0, 8, 16, 24, 25, 26  # first words of the state
VECTOR_WORDS, VECTOR_BYTES = 8, 32
STATE_WORDS, STATE_WORDS_WITH_OPERAND = OPERAND, OPERAND + VECTOR_WORDS
TYPE_BIT = 8  # of the control word: two bits that tell the type of elements
INT32, INT16, INT8 = 0, 1, 2
EVERY_BYTE = -1  # what a store returns that leaves no byte out
_WORD = 0xFFFFFFFF
_MOST_SHIFT = 40  # any larger one gives 0, too


class Shared:
    """A plain function that other semantics may call; Numba compiles it where it meets it, and is loaded only then."""

    def __init__(self, function: Callable[..., Any]):
        self.py_func = function  # named as in what Numba makes of functions
        self.__doc__ = function.__doc__

    def __call__(self, *arguments: Any) -> Any:
        return self.py_func(*arguments)

    @cached_property
    def compiled(self) -> Any:
        """What Numba makes of it."""
        from numba import njit

        return njit(self.py_func)

    @property
    def _numba_type_(self) -> Any:  # the name by which Numba asks an object for its type
        from numba.core.types import Dispatcher

        return Dispatcher(self.compiled)


@Shared
def saturated(value, bits):
    """value within ±(2^(bits-1) - 1)."""
    most = (1 << (bits - 1)) - 1
    return min(max(value, -most), most)


@Shared
def element_bits(state):
    """Bits of an element in the current mode; raises ValueError for a mode that does not exist."""
    kind = (np.int64(state[CONTROL]) >> TYPE_BIT) & 3
    if kind == 3:
        raise ValueError("the vector unit has no such mode")
    return 32 >> kind


@Shared
def element(words, first, bits, number):
    """A signed element of a vector that begins at a word."""
    at = number * bits
    field = (np.int64(words[first + (at >> 5)]) >> (at & 31)) & ((1 << bits) - 1)
    return field - ((field >> (bits - 1)) << bits)


@Shared
def set_element(words, first, bits, number, value):
    """Write the low bits of a value into an element of a vector that begins at a word."""
    at = number * bits
    mask = ((1 << bits) - 1) << (at & 31)
    kept = np.int64(words[first + (at >> 5)]) & (_WORD ^ mask)
    words[first + (at >> 5)] = kept | ((value << (at & 31)) & mask)


@Shared
def copy_vector(to, to_first, words, first):
    """Copy 256 bits."""
    for i in range(VECTOR_WORDS):
        to[to_first + i] = words[first + i]


@Shared
def clear_accumulators(state):
    """VCLRDR: vR = vD = 0."""
    for i in range(VECTOR_WORDS):
        state[VR + i] = 0
        state[VD + i] = 0


@Shared
def require_short_elements(state):
    """Raise ValueError in int32 mode, whose accumulators are not modelled."""
    if element_bits(state) == 32:
        raise ValueError("accumulators of int32 mode are not modelled; set int16 or int8 mode")


@Shared
def push_accumulator(state, value):
    """Move accumulators 0 to 14 up one place; number 0 becomes what number 15 was plus a value, saturated."""
    last = (np.int64(state[VD + 7]) >> 16 << 16) | (np.int64(state[VR + 7]) >> 16)
    last -= (last >> 31) << 32
    last = saturated(last + value, 32)
    for i in range(VECTOR_WORDS - 1, 0, -1):
        state[VR + i] = ((np.int64(state[VR + i]) << 16) & _WORD) | (np.int64(state[VR + i - 1]) >> 16)
        state[VD + i] = ((np.int64(state[VD + i]) << 16) & _WORD) | (np.int64(state[VD + i - 1]) >> 16)
    state[VR] = ((np.int64(state[VR]) << 16) & _WORD) | (last & 0xFFFF)
    state[VD] = ((np.int64(state[VD]) << 16) & _WORD) | ((last >> 16) & 0xFFFF)


@Shared
def multiply_accumulate_bits(state, words, first):
    """VLMACCR1: accumulator 15 plus half the ±1 dot product of vC and a vector, 128 - differing bits; rotate."""
    require_short_elements(state)
    bytes_ = np.int64(0)
    for i in range(VECTOR_WORDS):
        x = np.int64(state[VC + i]) ^ np.int64(words[first + i])
        x = x - ((x >> 1) & 0x55555555)
        x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
        bytes_ += (x + (x >> 4)) & 0x0F0F0F0F  # at most 8 each, 64 in the end
    differing = (bytes_ & 0xFF) + ((bytes_ >> 8) & 0xFF) + ((bytes_ >> 16) & 0xFF) + (bytes_ >> 24)
    push_accumulator(state, 128 - differing)


@Shared
def multiply_accumulate(state, words, first):
    """VLMACCR: accumulator 15 plus the dot product of vC and a vector of int8 or int16; rotate."""
    require_short_elements(state)
    bits = element_bits(state)
    total = np.int64(0)
    for i in range(256 // bits):
        total += element(state, VC, bits, i) * element(words, first, bits, i)
    push_accumulator(state, total)


@Shared
def add_vector(state, words, first, sign):
    """VLADD (sign 1), VLSUB (sign -1): vR = vector ± vR, each element saturated."""
    bits = element_bits(state)
    for i in range(256 // bits):
        value = element(words, first, bits, i) + sign * element(state, VR, bits, i)
        set_element(state, VR, bits, i, saturated(value, bits))


@Shared
def saturate_accumulators(state, words, first):
    """VLSAT: vR = accumulators by 2^(u16 of a vector), half up, saturated to elements; vD and what is left 0."""
    require_short_elements(state)
    bits = element_bits(state)
    for i in range(16):
        shift = min(element(words, first, 16, i) & 0xFFFF, _MOST_SHIFT)
        value = (element(state, VD, 16, i) << 16) | (element(state, VR, 16, i) & 0xFFFF)
        value = (value + ((1 << shift) >> 1)) >> shift
        # in int8 mode an element goes where no later accumulator's half lies
        set_element(state, VR, bits, i, saturated(value, bits))
    for i in range(VECTOR_WORDS):
        state[VD + i] = 0
        if i >= bits // 2:
            state[VR + i] = 0


@Shared
def sign_bits(state):
    """VDEPTH1: bit i of vR = element i is negative; the rest 0."""
    bits = element_bits(state)
    found = np.int64(0)
    for i in range(256 // bits):
        found |= np.int64(element(state, VR, bits, i) < 0) << i
    for i in range(1, VECTOR_WORDS):
        state[VR + i] = 0
    state[VR] = found


def unit(
    vc: Sequence[int] = (), vr: Sequence[int] = (), vd: Sequence[int] = (), mode: int = INT8, mask: int = 0,
    operand: Sequence[int] | None = None,
) -> list[int]:  # fmt: skip
    """Words of a state for test vectors: vectors by their first words, the rest 0; operand: None if there is none."""
    words = [0] * (STATE_WORDS if operand is None else STATE_WORDS_WITH_OPERAND)
    for first, values in ((VC, vc), (VR, vr), (VD, vd), (OPERAND, operand or ())):
        words[first : first + len(values)] = values
    words[CONTROL], words[MASK] = mode << TYPE_BIT, mask
    return words
