"""Encoding diagrams: every bit in its column, and what stands there is what the encoding says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnsim.isa import CX3A, LDC, Encoding, Pattern
from bnnsim.isa.diagram import diagram, fields
from bnnsim.isa.encoding import FORMS

THRPK = """\
  31  30  29  28  27  26  25  24  23  22  21  20  19  18  17  16
   1   1   1   1   1   1   1   0   1   0   1   1  n3  n2  n1  n0
                                     [   op    ] [      n      ]
  15  14  13  12  11  10   9   8   7   6   5   4   3   2   1   0
  m3  m2  m1  m0   0   0   0   0  i2   0  i1  i0  d3  d2  d1  d0
 [      m      ] [ coprocessor ] imm     [ imm ] [      d      ]"""


def test_as_it_looks():
    assert diagram(CX3A(op=3, immediate_bits=3)) == THRPK


def test_steps_and_patterns():
    text = diagram(LDC(coprocessor=7))
    assert " s+ " in text and "s7  s6" in text and "0   1   1   1" in text
    spelled = diagram(Pattern("1110 1110 1000 nnnn dddd 0000 0iii 0000"))
    assert "i2  i1  i0" in spelled and "coprocessor" not in spelled


@given(st.sampled_from(sorted(FORMS)), st.integers(0, 7), st.data())
def test_bits_are_those_of_the_encoding(form, coprocessor, data):
    """Read back from the text: fixed bits are the value's, all others belong to an operand."""
    immediate_bits = data.draw(st.integers(0, min(8, len(FORMS[form].immediate_at))))
    encoding = Encoding(FORMS[form], 0, 0, coprocessor, immediate_bits)
    lines = diagram(encoding).splitlines()
    numbers = [int(text) for line in lines[::3] for text in line.split()]
    bits = [text for line in lines[1::3] for text in line.split()]
    assert numbers == list(range(31, -1, -1)) and len(bits) == 32
    for number, bit in zip(numbers, bits, strict=True):
        if encoding.mask >> number & 1:
            assert bit == str(encoding.value >> number & 1)
        else:
            assert bit[0] == {"imm": "i", "step": "s", "d_hi": "h"}.get(name := fields(encoding)[number], name)


@pytest.mark.parametrize("form", FORMS)
def test_lines_are_aligned(form):
    lines = diagram(Encoding(FORMS[form], 0)).splitlines()
    assert {len(lines[0]), len(lines[1]), len(lines[3]), len(lines[4])} == {64}
    assert max(map(len, lines)) == 64
