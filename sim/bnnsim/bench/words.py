"""What compilers make of a custom instruction: the words of its C intrinsic and of its assembler macro."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bnnsim.build.intrinsics import header, prototype
from bnnsim.build.toolchain import Toolchain, write_header_folder
from bnnsim.cache import Cache
from bnnsim.errors import ExtensionError
from bnnsim.isa import Extension, Instruction, Isa
from bnnsim.paths import data_root

_REGISTERS = {
    "core": (0, 1, 7, 8, 12, 14, 3, 11),
    "pair": (0, 2, 4, 6, 8, 10),
    "double": (0, 1, 7, 8, 15),
    "base": (0, 4, 12, 14, 13, 7, 9),
}
_STEPS_BYTES = (0, 4, -4, 32, 1020, -1020)
_SAMPLES = 24  # of operands that each macro is tried with
_BX_LR, _NOP = 0x4770, 0xBF00
_SECTION, _FUNCTION = ".text.bnnsim_macro_", "bnnsim_call_"


@dataclass(frozen=True)
class _Sample:
    registers: dict[str, int]
    imm: int
    step_bytes: int


def wrong_words(extension: Extension, toolchain: Toolchain) -> dict[str, list[str]]:
    """Compile macros and intrinsics of an extension; what is wrong with the words, by instruction.

    Raises ToolchainError if the compiler refuses them.
    """
    elf = _compile(extension, toolchain)
    sections = _sections(elf)
    found: dict[str, list[str]] = {}
    for i in extension.instructions:
        wrong = _wrong_macro(i, sections[_SECTION + i.name])
        for number, (imm, step) in enumerate(_constants(i)):
            wrong += _wrong_intrinsic(i, sections[f".text.{_FUNCTION}{i.name}_{number}"], imm, step)
        found[i.name] = wrong
    return found


def samples_of(instruction: Instruction) -> list[_Sample]:
    """Operands in all kinds of registers, with the first and last immediates and steps."""
    encoding, found = instruction.encoding, []
    constants = _constants(instruction)
    for number in range(2 * _SAMPLES):
        registers = {}
        for place, f in enumerate(encoding.form.fields):
            known = _REGISTERS[f.kind]
            registers[f.name] = known[(number * (place + 1) + place) % len(known)]
        try:
            encoding.word(registers)
        except ExtensionError:  # two results in one register
            continue
        found.append(_Sample(registers, *constants[number % len(constants)]))
    return found[:_SAMPLES]


def _constants(instruction: Instruction) -> list[tuple[int, int]]:
    """Immediates and steps in bytes that an instruction is tried with."""
    last = (1 << instruction.encoding.immediate_bits) - 1
    imms = sorted({0, 1 & last, last // 2, last})
    steps = _STEPS_BYTES if instruction.encoding.form.step_at else (0,)
    return [(imm, step) for imm in imms for step in steps]


def _compile(extension: Extension, toolchain: Toolchain) -> bytes:
    cache = Cache()
    isa_h = write_header_folder(cache, header(Isa(extension.name, (extension,))))
    with tempfile.TemporaryDirectory(prefix="bnnsim-") as folder:
        source = Path(folder) / "words.c"
        source.write_text(_program(extension))
        return toolchain.compile(source, (data_root() / "kernels" / "include", isa_h), 0, cache)


def _program(extension: Extension) -> str:
    lines = ['#include "isa.h"', "typedef float uses_the_fpu;"]
    for i in extension.instructions:
        lines.append(f'__asm__(".section {_SECTION}{i.name},\\"ax\\",%progbits\\n"')
        lines += [f'    "bnnsim_{i.name} {_operands(i, sample)}\\n"' for sample in samples_of(i)]
        lines.append('    ".text\\n");')
        returned, _, rest = prototype(i).partition(f" {i.name}(")
        kept = [p for p in rest.removesuffix(")").split(", ") if not p.startswith("int ")]
        for number, (imm, step) in enumerate(_constants(i)):
            arguments = [p.rpartition(" ")[2].lstrip("*") for p in kept if p != "void"]
            arguments += [str(imm)] if i.encoding.immediate_bits else []
            arguments += [str(step)] if i.encoding.form.step_at else []
            call = f"{i.name}({', '.join(arguments)});"
            keyword = "" if returned == "void" else "return "
            lines.append(f"{returned} {_FUNCTION}{i.name}_{number}({', '.join(kept) or 'void'}) {{ {keyword}{call} }}")
    return "\n".join(lines) + "\n"


def _operands(instruction: Instruction, sample: _Sample) -> str:
    names = [
        f"d{sample.registers[f.name]}" if f.kind == "double" else _core_name(sample.registers[f.name])
        for f in instruction.encoding.form.fields
    ]
    names += [str(sample.imm)] if instruction.encoding.immediate_bits else []
    names += [str(sample.step_bytes)] if instruction.encoding.form.step_at else []
    return ", ".join(names)


def _core_name(number: int) -> str:
    return {13: "sp", 14: "lr"}.get(number, f"r{number}")


def _sections(elf: bytes) -> dict[str, bytes]:
    from elftools.elf.elffile import ELFFile

    return {s.name: s.data() for s in ELFFile(io.BytesIO(elf)).iter_sections() if s.name.startswith(".text.")}


def _words(code: bytes) -> Iterator[int]:
    """Instructions of Thumb code: 32-bit ones with the first halfword in bits 31:16."""
    at = 0
    while at + 2 <= len(code):
        (first,) = struct.unpack_from("<H", code, at)
        wide = first >> 11 in (0x1D, 0x1E, 0x1F) and at + 4 <= len(code)
        yield first << 16 | struct.unpack_from("<H", code, at + 2)[0] if wide else first
        at += 4 if wide else 2


def _wrong_macro(instruction: Instruction, code: bytes) -> list[str]:
    wrong, words, samples = [], list(_words(code)), samples_of(instruction)
    if len(words) != len(samples):
        return [f"{len(samples)} uses of the macro bnnsim_{instruction.name} gave {len(words)} instructions"]
    for sample, word in zip(samples, words, strict=True):
        expected = instruction.encoding.word(sample.registers, sample.imm, sample.step_bytes)
        if word != expected:
            text = f"bnnsim_{instruction.name} {_operands(instruction, sample)}"
            wrong.append(f"{text}: the assembler gives {word:#010x}, expected {expected:#010x}")
    return wrong[:1]


def _wrong_intrinsic(instruction: Instruction, code: bytes, imm: int, step_bytes: int) -> list[str]:
    encoding, words = instruction.encoding, list(_words(code))
    call = f"{instruction.name}(…) with imm={imm}, step={step_bytes}"
    mine = [word for word in words if encoding.matches(word)]
    if len(mine) != 1:
        shown = " ".join(f"{word:x}" for word in words)
        return [f"the intrinsic {call} gives {len(mine)} such words, expected one: {shown}"]
    # with nothing but the return behind it, operands are where a call passes them
    alone = words[0] == mine[0] and words[1:2] == [_BX_LR] and set(words[2:]) <= {_NOP}
    registers = _passed(instruction) if alone else encoding.registers_of(mine[0])
    try:
        expected = encoding.word(registers, imm, step_bytes)
    except ExtensionError as error:
        return [f"the intrinsic {call}: {error}"]
    if mine[0] != expected:
        return [f"the intrinsic {call} gives {mine[0]:#010x}, expected {expected:#010x}"]
    return []


def _passed(instruction: Instruction) -> dict[str, int]:
    """Registers of operands and result by the procedure call standard (AAPCS), for core registers."""
    found, free = {}, 0
    for f in instruction.encoding.form.fields:
        if f.read:
            free += free & 1 if f.kind == "pair" else 0
            found[f.name] = free
            free += 2 if f.kind == "pair" else 1
    results = [f for f in instruction.encoding.form.fields if f.written and not f.read]
    return found | {f.name: number for number, f in enumerate(results)}
