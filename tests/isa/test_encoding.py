"""Encodings: reference words, what each form holds, and the way from operands to a word and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnsim.errors import ExtensionError
from bnnsim.isa.encoding import (
    CDP,
    CX1,
    CX2,
    CX2A,
    CX3,
    CX3A,
    CX3DA,
    FORMS,
    LDC,
    MCRR,
    MRRC,
    STC,
    VCX3,
    Encoding,
    Pattern,
)  # fmt: skip
from tests.isa.words import drawn_operands

# (form, whole immediate, registers, word): assembled by GNU as (binutils 2.40) and llvm-mc 14, coprocessor 0.
REFERENCE = [
    ("CX1", 0, {"d": 0}, 0xEE000000),
    ("CX1", 8191, {"d": 1}, 0xEE3F10BF),
    ("CX1A", 5, {"d": 2}, 0xFE002005),
    ("CX2", 0, {"d": 0, "n": 1}, 0xEE410000),
    ("CX2", 511, {"d": 0, "n": 1}, 0xEE7100BF),
    ("CX2A", 1, {"d": 0, "n": 1}, 0xFE410001),
    ("CX3", 0, {"d": 0, "n": 1, "m": 2}, 0xEE812000),
    ("CX3", 63, {"d": 0, "n": 1, "m": 2}, 0xEEF120B0),
    ("CX3A", 1, {"d": 0, "n": 1, "m": 2}, 0xFE812010),
    ("CX1D", 7, {"d": 2}, 0xEE002047),
    ("CX1DA", 7, {"d": 2}, 0xFE002047),
    ("CX2D", 1, {"d": 2, "n": 1}, 0xEE412041),
    ("CX2DA", 1, {"d": 2, "n": 1}, 0xFE412041),
    ("CX3D", 1, {"d": 4, "n": 1, "m": 2}, 0xEE812054),
    ("CX3DA", 1, {"d": 4, "n": 1, "m": 2}, 0xFE812054),
    ("VCX3", 7, {"d": 0, "n": 1, "m": 2}, 0xEDB10012),
    ("VCX3A", 7, {"d": 0, "n": 1, "m": 2}, 0xFDB10012),
    ("VCX3", 0, {"d": 17 - 2, "n": 8, "m": 9}, 0xED88F009),
]


def encoding_of(form: str, immediate: int, coprocessor: int = 0, immediate_bits: int = 0) -> Encoding:
    """The encoding that has fixed all of an immediate but the lowest bits."""
    below = max(FORMS[form].modifier_bits, immediate_bits)
    modifier = immediate & (1 << below) - 1 & -(1 << immediate_bits)
    return Encoding(FORMS[form], immediate >> below, modifier, coprocessor, immediate_bits)


@pytest.mark.parametrize(("form", "immediate", "registers", "word"), REFERENCE)
def test_reference_words(form, immediate, registers, word):
    encoding = encoding_of(form, immediate)
    assert encoding.word(registers) == word
    assert encoding.matches(word)
    assert encoding.registers_of(word) == registers
    with_operand = encoding_of(form, immediate, immediate_bits=len(FORMS[form].immediate_at))
    assert with_operand.word(registers, immediate) == word
    assert with_operand.immediate_of(word) == immediate


@st.composite
def encodings(draw):
    """Any encoding of any form."""
    form = FORMS[draw(st.sampled_from(sorted(FORMS)))]
    size = len(form.immediate_at)
    immediate, operand_bits = draw(st.integers(0, (1 << size) - 1)), draw(st.integers(0, size))
    return encoding_of(form.name, immediate, draw(st.integers(0, 7)), operand_bits)


@given(st.data())
def test_operands_come_back_from_the_word(data):
    encoding = data.draw(encodings())
    registers, imm, step_bytes = data.draw(drawn_operands(encoding))
    word = encoding.word(registers, imm, step_bytes)
    assert encoding.matches(word)
    assert encoding.registers_of(word) == registers
    assert encoding.immediate_of(word) == imm
    assert encoding.step_of(word) == step_bytes


@given(encodings())
def test_each_bit_is_fixed_or_belongs_to_one_operand(encoding):
    form = encoding.form
    owned = sum(len(f.at) for f in form.fields) + encoding.immediate_bits + len(form.step_at)
    assert encoding.value & ~encoding.mask == 0
    assert (~encoding.mask & 0xFFFFFFFF).bit_count() == len(encoding.operand_bits) == owned


@given(st.data())
def test_a_word_matches_no_encoding_that_does_not_overlap(data):
    ours, other = data.draw(encodings()), data.draw(encodings())
    word = ours.word(*data.draw(drawn_operands(ours)))
    assert ours.overlaps(other) == other.overlaps(ours)
    assert ours.overlaps(other) or not other.matches(word)


@given(st.sampled_from(sorted(FORMS)), st.data())
def test_two_whole_immediates_overlap_only_if_equal(form, data):
    size = 1 << len(FORMS[form].immediate_at)
    ours, other = (encoding_of(form, data.draw(st.integers(0, size - 1))) for _ in range(2))
    assert ours.overlaps(other) == (ours == other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CX2(op=32),
        lambda: CX2(op=-1),
        lambda: CX2(op=True),
        lambda: CX3A(op=8),
        lambda: CX3A(op=2, immediate_bits=5),
        lambda: CX1(op=0, coprocessor=8),
        lambda: CX2A(modifier=16),
        lambda: VCX3(op=8),
        lambda: LDC(op=1, immediate_bits=5),
    ],
)
def test_out_of_range_fields_say_what_is_allowed(make):
    with pytest.raises(ExtensionError, match=r"allowed are 0 to \d+$"):
        make()


def test_a_modifier_leaves_the_operands_bits_alone():
    assert CX3A(op=1, modifier=4, immediate_bits=2).value == CX3A(op=1, modifier=4).value
    with pytest.raises(ExtensionError, match="its low bits are the operand imm's"):
        CX3A(op=1, modifier=2, immediate_bits=2)


@pytest.mark.parametrize(
    ("encoding", "operands", "message"),
    [
        (CX2(), ({"d": 13, "n": 0},), "d cannot be core register 13"),
        (CX2(), ({"d": 0, "n": 15},), "n cannot be core register 15"),
        (CX3DA(), ({"d": 3, "n": 0, "m": 0},), "d cannot be pair register 3"),
        (CX3DA(), ({"d": 12, "n": 0, "m": 0},), "d cannot be pair register 12"),
        (VCX3(), ({"d": 16, "n": 0, "m": 0},), "d cannot be double register 16"),
        (LDC(), ({"n": 15},), "n cannot be base register 15"),
        (MRRC(), ({"d": 1, "d_hi": 1},), "d and d_hi cannot both be register 1"),
        (CX3A(immediate_bits=3), ({"d": 0, "n": 0, "m": 0}, 8), "imm=8; allowed are 0 to 7"),
        (CX3A(), ({"d": 0, "n": 0, "m": 0}, 1), "imm=1; allowed are 0 to 0"),
        (STC(), ({"n": 0}, 0, 1024), "step of 1024 bytes; allowed are whole words to ±1020"),
        (LDC(), ({"n": 0}, 0, -2), "step of -2 bytes"),
    ],
)
def test_operands_that_no_word_holds_are_refused(encoding, operands, message):
    with pytest.raises(ExtensionError, match=message):
        encoding.word(*operands)


@pytest.mark.parametrize("number", [13, 15])
def test_words_with_registers_that_may_not_be_are_nobodys(number):
    assert not CX2().matches(CX2().value | number << 16)
    assert not CX2().matches(CX2().value | number << 12)
    assert MCRR().matches(MCRR().value | 2 << 16 | 2 << 12)
    assert not MRRC().matches(MRRC().value | 2 << 16 | 2 << 12)


def test_forms_do_not_overlap_within_their_kind():
    """CDE and coprocessor forms share the space: those may not be on one coprocessor number (see `checks`)."""
    for owner in ("CDE", "coprocessor"):
        found = [Encoding(form, 0) for form in FORMS.values() if form.owner == owner]
        for a in found:
            assert [b.form.name for b in found if a.overlaps(b)] == [a.form.name]
    assert VCX3().overlaps(LDC()) or CX3().overlaps(CDP(op=8))


def test_patterns_are_spelled_bit_by_bit():
    same = Pattern("1111 1110 1000 nnnn mmmm 0000 0i01 DDDD")
    assert same.value == 0xFE800010
    assert same.operands == ("D".lower(), "n", "m", "imm")
    assert same.word({"d": 1, "n": 2, "m": 3}, 1) == 0xFE823051
    assert Pattern("1111 1110 1000 nnnn mmmm 0000 0i01 dddd").operands == ("n", "m", "imm")
    for wrong in ("1111", "1111 1110 1000 nnnn mmmm 0000 0x01 DDDD", "1111 1110 1000 nnnn mmm0 0000 0001 DDDD"):
        with pytest.raises(ExtensionError, match=r"Pattern\("):
            Pattern(wrong)
    with pytest.raises(ExtensionError, match="d or D is the destination"):
        Pattern("1111 1110 1000 dddd mmmm 0000 0001 DDDD")
