"""Encodings against reference words, and against what the compilers' own CDE support emits."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnsim.errors import ExtensionError
from bnnsim.isa.encoding import CX1, CX1A, CX2, CX2A, CX3, CX3A, FORMS, Encoding
from tests.conftest import compilers

# (form, immediate, registers, word): assembled by GNU as (binutils 2.40) and llvm-mc 14, coprocessor 0
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
]


def encoding_of(form: str, immediate: int, coprocessor: int = 0) -> Encoding:
    bits = FORMS[form].modifier_bits
    return Encoding(FORMS[form], immediate >> bits, immediate & ((1 << bits) - 1), coprocessor)


@pytest.mark.parametrize(("form", "immediate", "registers", "word"), REFERENCE)
def test_reference_words(form, immediate, registers, word):
    encoding = encoding_of(form, immediate)
    fields = sum(registers[name] << position for name, position in encoding.form.registers.items())
    assert encoding.value | fields == word
    assert encoding.matches(word)
    assert encoding.registers_of(word) == registers


@given(st.sampled_from(sorted(FORMS)), st.data())
def test_mask_leaves_only_registers(form, data):
    size = 1 << len(FORMS[form].immediate_at)
    immediate = data.draw(st.integers(0, size - 1))
    encoding = encoding_of(form, immediate, data.draw(st.integers(0, 7)))
    assert encoding.value & ~encoding.mask == 0
    assert bin(~encoding.mask & 0xFFFFFFFF).count("1") == 4 * len(encoding.form.registers)
    other = encoding_of(form, data.draw(st.integers(0, size - 1)), encoding.coprocessor)
    assert encoding.overlaps(other) == (encoding == other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CX2(op=32),
        lambda: CX2(op=-1),
        lambda: CX3A(op=8),
        lambda: CX1(op=0, coprocessor=8),
        lambda: CX2A(modifier=16),
    ],
)
def test_out_of_range_fields_say_what_is_allowed(make):
    with pytest.raises(ExtensionError, match="allowed are 0 to"):
        make()


def test_forms_do_not_overlap_each_other():
    encodings = [make() for make in (CX1, CX1A, CX2, CX2A, CX3, CX3A)]
    for a in encodings:
        assert sum(a.overlaps(b) for b in encodings) == 1


@pytest.mark.skipif("gcc" not in compilers(), reason="compares with GCC's own CDE intrinsics")
def test_gcc_intrinsics_emit_the_same_words(tmp_path):
    source = tmp_path / "cde.c"
    source.write_text(
        "#include <arm_cde.h>\n"
        "unsigned a(unsigned n) { return __arm_cx2(0, n, 16); }\n"
        "unsigned b(unsigned d, unsigned n, unsigned m) { return __arm_cx3a(0, d, n, m, 9); }\n"
    )
    flags = ["-march=armv8-m.main+cdecp0", "-mthumb", "-mfloat-abi=soft", "-O1", "-c"]
    subprocess.run(["arm-none-eabi-gcc", *flags, str(source), "-o", str(tmp_path / "o")], check=True)
    dump = subprocess.run(
        ["arm-none-eabi-objdump", "-d", str(tmp_path / "o")], capture_output=True, text=True, check=True
    )
    words = [
        int(line.split("\t")[1].replace(" ", ""), 16) for line in dump.stdout.splitlines() if line.count("\t") >= 2
    ]
    assert any(CX2(op=1).matches(w) for w in words)
    assert any(CX3A(op=1, modifier=1).matches(w) for w in words)
