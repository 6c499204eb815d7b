"""isa.h of every extension of ours: intrinsics and macros give the encoding's words in both compilers, or refuse."""

import io
import random

import pytest
from elftools.elf.elffile import ELFFile

from bnnsim.build.intrinsics import header, prototype
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.errors import ToolchainError
from bnnsim.isa import load_isa
from bnnsim.paths import own_names
from tests.conftest import compilers
from tests.isa.words import random_operands, words_of

SAMPLES = 30  # of each instruction
NAMES = {12: ("r12", "ip"), 13: ("sp",), 14: ("lr",), 9: ("r9", "sb"), 10: ("r10", "sl"), 11: ("r11", "fp")}
USES_THE_FPU = "typedef float uses_the_fpu;\n"  # else the file would be compiled without D registers


def compiled(tmp_path, isa, compiler, lines):
    (tmp_path / "isa.h").write_text(header(isa))
    source = tmp_path / "words.c"
    source.write_text('#include "isa.h"\n' + USES_THE_FPU + "\n".join(lines) + "\n")
    elf = ELFFile(io.BytesIO(load_toolchain(compiler, "cortex-m4").compile(source, (tmp_path,), 0, Cache())))
    return {s.name: list(words_of(s.data())) for s in elf.iter_sections() if s["sh_flags"] & 4}


def named(kind, number, draw):
    return f"d{number}" if kind == "double" else draw.choice(NAMES.get(number, (f"r{number}",)))


def macro_use(instruction, registers, constants, draw):
    fields = instruction.encoding.form.fields
    operands = [named(f.kind, registers[f.name], draw) for f in fields] + [str(value) for value in constants]
    return f"bnnsim_{instruction.name} {', '.join(operands)}".rstrip()


def constants_of(encoding, imm, step_bytes):
    return [imm] * bool(encoding.immediate_bits) + [step_bytes] * bool(encoding.form.step_at)


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("extension", own_names("extension"))
def test_macros(tmp_path, extension, compiler):
    isa, draw, lines, expected = load_isa(extension), random.Random(7), [], []
    for instruction in isa.instructions:
        for _ in range(SAMPLES):
            registers, imm, step_bytes = random_operands(instruction.encoding, draw)
            expected.append(instruction.encoding.word(registers, imm, step_bytes))
            use = macro_use(instruction, registers, constants_of(instruction.encoding, imm, step_bytes), draw)
            lines.append(f'    "{use}\\n"')
    text = ['__asm__(".section .text.uses,\\"ax\\",%progbits\\n"', *lines, '    ".text\\n");']
    found = compiled(tmp_path, isa, compiler, text)[".text.uses"]
    wrong = [f"{t}: {f:#x}, not {e:#x}" for t, f, e in zip(lines, found, expected, strict=True) if f != e]
    assert not wrong


def arguments_of(instruction):
    """Parameters of the intrinsic without constants, and the register that each field's value arrives in (AAPCS)."""
    inside = prototype(instruction).partition("(")[2].removesuffix(")")
    parameters = [p for p in inside.split(", ") if not p.startswith("int ") and p != "void"]
    registers, at = {}, 0
    for f in instruction.encoding.form.fields:
        if not f.read:
            continue
        if f.kind in ("pair", "double"):
            at += at % 2
        registers[f.name] = at
        at += 2 if f.kind in ("pair", "double") else 1
    return parameters, registers


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("extension", own_names("extension"))
def test_intrinsics(tmp_path, extension, compiler):
    """Sources are where the caller put them; what is written lies where the compiler likes."""
    isa, draw, lines, cases = load_isa(extension), random.Random(8), [], []
    for instruction in isa.instructions:
        parameters, registers = arguments_of(instruction)
        returned = prototype(instruction).partition(f" {instruction.name}(")[0]
        for _ in range(SAMPLES // 6 if instruction.encoding.immediate_bits or instruction.memory_bytes else 1):
            _, imm, step_bytes = random_operands(instruction.encoding, draw)
            given = [p.rpartition(" ")[2].lstrip("*") for p in parameters]
            given += map(str, constants_of(instruction.encoding, imm, step_bytes))
            call = f"{instruction.name}({', '.join(given)});"
            call = call if returned == "void" else f"return {call}"
            lines.append(f"{returned} f{len(cases)}({', '.join(parameters) or 'void'}) {{ {call} }}")
            cases.append((instruction, imm, step_bytes, registers))
    found = compiled(tmp_path, isa, compiler, lines)
    for number, (instruction, imm, step_bytes, registers) in enumerate(cases):
        words = found[f".text.f{number}"]
        (word,) = [w for w in words if w >> 16 and instruction.encoding.matches(w)]
        assert (instruction.encoding.immediate_of(word), instruction.encoding.step_of(word)) == (imm, step_bytes)
        fields = instruction.encoding.form.fields
        if any(f.kind == "pair" for f in fields):
            continue  # GCC moves sources out of a pair's way
        sources = {f.name: registers[f.name] for f in fields if not f.written and f.kind == "core"}
        assert sources.items() <= instruction.encoding.registers_of(word).items()


UNIT = """
from bnnsim.isa import *
unit = Extension("unit", "A test.", state_words=1)
COST = {"source": Source.assumed("test")}
@unit.instruction(CX3DA(op=1, immediate_bits=3), **COST, vectors=[((1, 2, 3, 4, 5, [0]), (4, 6))])
def wide(d, d_hi, n, m, imm, state):
    return d + n, d_hi + m
@unit.instruction(LDC(op=1, coprocessor=7), loads_bytes=4, **COST, vectors=[(([0], [5]), Effect(state=[5]))])
def load(state, memory):
    state[0] = memory[0]
@unit.instruction(VCX3A(op=1), **COST, vectors=[((1, 2, 3, 4, 5, 6, [0]), (4, 6))])
def vector(d, d_hi, n, n_hi, m, m_hi, state):
    return d + n, d_hi + n_hi
"""
REFUSED = {
    "wide(x, n, n, 8)": "wide: imm is 0 to 7",
    "wide(x, n, n, -1)": "wide: imm is 0 to 7",
    "load(&n, 2)": "load: the step is whole words, -1020 to 1020 bytes",
    "load(&n, 1024)": "load: the step is whole words",
    "load(&n, -1024)": "load: the step is whole words",
    'asm("bnnsim_wide r1, r0, r0, 0")': "wide: d names a pair of registers, which starts at r0, r2, … or r10",
    'asm("bnnsim_wide r12, r0, r0, 0")': "wide: d names a pair of registers",
    'asm("bnnsim_wide r2, r0, r0, 8")': "wide: imm is 0 to 7",
    'asm("bnnsim_load r0, 3")': "load: the step is whole words",
    'asm("bnnsim_load r0, -1024")': "load: the step is whole words",
    'asm("bnnsim_wide r0, r13, r0, 0")': "wide: n is a core register, r0 to r12 or lr",
    'asm("bnnsim_wide r0, r0, sp, 0")': "wide: m is a core register",
    'asm("bnnsim_wide r0, d5, r0, 0")': "wide: n is a core register",
    'asm("bnnsim_wide pc, r5, r0, 0")': "wide: d names a pair of registers",
    'asm("bnnsim_load pc, 0")': "load: n is the address, in r0 to r12, sp or lr",
    'asm("bnnsim_vector d1, r2, d3")': "vector: n is a register of the FPU, d0 to d15",
}  # fmt: skip
ACCEPTED = [
    "wide(x, n, n, 7)",
    "wide(x, n, n, 0)",
    "load(&n, -1020)",
    "load(&n, 1020)",
    'asm("bnnsim_load sp, 0")',
    'asm("bnnsim_vector d1, d2, d15")',
]


@pytest.mark.parametrize("compiler", compilers())
def test_what_a_word_cannot_hold_is_refused(tmp_path, compiler):
    path = tmp_path / "unit.py"
    path.write_text(UNIT)
    isa = load_isa(str(path))
    frame = "void f(uint64_t x, uint32_t n) {{ (void)x; (void)n; {}; }}"
    for use in ACCEPTED:
        compiled(tmp_path, isa, compiler, [frame.format(use)])
    for use, message in REFUSED.items():
        with pytest.raises(ToolchainError) as caught:
            compiled(tmp_path, isa, compiler, [frame.format(use)])
        assert message in str(caught.value), use


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m33", "cortex-m7"])
@pytest.mark.parametrize("compiler", compilers())
def test_pairs_of_registers_are_even_whatever_the_compiler_prefers(tmp_path, compiler, target):
    (tmp_path / "isa.h").write_text(header(load_isa("csa")))
    source = tmp_path / "pairs.c"
    source.write_text("""
#include "isa.h"
uint64_t f(const uint32_t *p, int n)
{
    uint64_t s = 0, t = 0, u = 0;
    uint32_t k = 0;
    for (int i = 0; i < n; i++) {
        s = csa(s, p[i], p[i + 1]);
        t = csa(t, (uint32_t)s, p[i + 2]);
        u = csa(u, (uint32_t)(t >> 32), k);
        k += p[i];
    }
    return s + t + u + k;
}
""")
    load_toolchain(compiler, target).compile(source, (tmp_path,), 0, Cache())
