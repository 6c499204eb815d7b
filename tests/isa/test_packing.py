"""The extensions thrpk, signpk and bmax: encodings, and what they do against definitions of other form."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bnnsim.isa import load_isa
from bnnsim.isa.encoding import CX2A, CX3A

WORDS = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])


def only(name):
    (instruction,) = load_isa(name).instructions
    return instruction


def shifted(d, bits, count, right):
    """d with `count` bits shifted in at one end, through strings."""
    old, new = f"{d:032b}", f"{bits:0{count}b}"
    return int(new + old[: 32 - count] if right else old[count:] + new, 2)


def test_encodings():
    assert only("thrpk").encoding == CX3A(op=3, immediate_bits=3)
    assert only("signpk").encoding == CX2A(op=0, immediate_bits=3)
    assert only("bmax").encoding == CX3A(op=7, immediate_bits=1)


def test_they_can_be_selected_together():
    assert load_isa("thrpk+signpk+bmax+xpopa").provides >= {"thrpk", "signpk", "bmax", "xor_popcount_accumulate"}


def test_the_null_control_says_so_in_reports():
    (extension,) = load_isa("bmax").extensions
    assert "null control" in extension.note


@given(WORDS, WORDS, WORDS, st.integers(0, 7))
def test_thrpk_shifts_a_comparison_in(d, n, m, imm):
    kind = np.int32 if imm & 4 else np.uint32
    at_least = bool(np.array(n, np.uint32).view(kind) >= np.array(m, np.uint32).view(kind))
    bit = at_least != bool(imm & 2)
    assert only("thrpk").evaluate(d, n, m, imm) == shifted(d, int(bit), 1, imm & 1)


@given(WORDS, st.integers(-(2**15), 2**15), st.integers(-(2**15), 2**15), st.integers(1, 2**16))
def test_thrpk_tells_outside_from_inside_a_window(d, count, first, width):
    """The kernels' rule: (count - first) as an unsigned word is less than width in a window, else not."""
    outside = not first <= count < first + width
    found = only("thrpk").evaluate(d, (count - first) % 2**32, width, 0)
    assert found == (d << 1 | int(outside)) % 2**32


@given(WORDS, WORDS, st.integers(0, 7))
def test_signpk_shifts_signs_of_lanes_in(d, n, imm):
    lanes = np.array([n], np.uint32).view(np.int16 if imm & 4 else np.int8)
    chosen = lanes >= 0 if imm & 2 else lanes < 0
    bits = sum(int(c) << i for i, c in enumerate(chosen))
    assert only("signpk").evaluate(d, n, imm) == shifted(d, bits, len(lanes), imm & 1)


@given(WORDS, WORDS, WORDS, st.integers(0, 1))
def test_bmax_joins_three_words(d, n, m, imm):
    planes = [[int(b) for b in f"{x:032b}"] for x in (d, n, m)]
    joined = [min(bits) if imm else max(bits) for bits in zip(*planes, strict=True)]
    assert only("bmax").evaluate(d, n, m, imm) == int("".join(map(str, joined)), 2)
