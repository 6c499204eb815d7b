"""Which extension a word belongs to, and which names are taken."""

from __future__ import annotations

import pytest

from bnnsim.errors import ExtensionError
from bnnsim.isa import load_isa
from bnnsim.isa.inspect import called, check_name, hint, is_custom_word, who_defines


def word(isa, **registers):
    (instruction,) = load_isa(isa).instructions
    return instruction.encoding.word(registers)


def test_who_defines_a_word():
    (found,) = who_defines(word("xpopa", d=0, n=1, m=2))
    assert (found.name, found.extension) == ("xpopa.xpopa", "xpopa")
    assert hint(word("popcnt", d=3, n=14)) == "popc r3, lr with --isa popcnt"


def test_a_word_of_nobody():
    assert who_defines(0xEEFF_45BF) == ()
    assert hint(0xEEFF_45BF) == "no extension of `bnnsim list extensions` defines it (coprocessor 5)"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0xEE41_0000, True),  # CX2 on coprocessor 0
        (0xECB1_0708, True),  # LDC on 7
        (0xFE81_2010, True),  # CX3A
        (0xEE30_0A20, False),  # VADD.F32: coprocessor 10
        (0xEE01_0F10, False),  # MCR on 15
        (0xEF00_0140, False),  # vectors of the M profile
        (0xF3AF_8000, False),  # NOP.W
        (0xE92D_4FF0, False),  # PUSH.W
    ],
)
def test_the_space_of_custom_words(number, expected):
    assert is_custom_word(number) is expected


def test_names_that_are_taken():
    assert "there is an extension 'xpopa'" in str(called("xpopa"))
    assert "extension popcnt has an instruction 'popc'" in str(called("popc"))
    assert called("nobody_has_this") is None


@pytest.mark.parametrize("name", ["int", "base", "class"])
def test_names_that_cannot_be(name):
    with pytest.raises(ExtensionError, match=name):
        check_name(name)
