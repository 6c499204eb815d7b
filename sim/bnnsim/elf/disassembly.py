"""Disassembly of a program: instructions, custom ones by mnemonic and operands, and the data between them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bnnsim.build.image import Image
from bnnsim.elf.names import Names
from bnnsim.isa.inspect import hint, is_custom_word
from bnnsim.timing.decode import size_bytes

_NOP_W = b"\xaf\xf3\x00\x80"  # stands for a custom instruction, so that IT blocks go on and give it its condition
_TARGET = re.compile(r"#(0x[0-9a-f]+)$")
_BRANCH = re.compile(r"^(b|bl|blx|b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)|cbz|cbnz)(\.w|\.n)?$")
_LITERAL = re.compile(r"^v?ldr[a-z.0-9]* [^\[]*\[pc, #(-?(?:0x)?[0-9a-f]+)\]$")
_FILL = b"\xd4\xd4"  # LLD puts it between functions
_EXECUTABLE, _NOTHING = 4, "SHT_NOBITS"


@dataclass(frozen=True)
class Row:
    """One instruction or piece of data. kind: instruction, custom, unknown (no selected extension defines it), data;
    target: of a branch "function+0x10", or where a literal is read and its value; empty without; hint: which
    extension defines an unknown word.
    """

    address: int
    code: bytes
    text: str
    kind: str = "instruction"
    target: str = ""
    hint: str = ""

    @property
    def word(self) -> int:
        """A 32-bit instruction with its first halfword in bits 31:16, else the halfword."""
        first = int.from_bytes(self.code[:2], "little")
        return first << 16 | int.from_bytes(self.code[2:], "little") if len(self.code) == 4 else first


def instructions(image: Image, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """(address, size in bytes, text) of the code in [start, end).

    Custom instructions are told by their mnemonics, with the condition that an IT block gives them; what the
    disassembler does not know is ".inst.n" or ".inst.w" with its halfwords.
    """
    from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, CS_OPT_SYNTAX_NOREGNAME, Cs

    code = bytearray(image.read(start, end - start))
    for site in image.sites:
        if start <= site < end:
            code[site - start : site - start + 4] = _NOP_W
    engine = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    engine.syntax = CS_OPT_SYNTAX_NOREGNAME  # r9 to r12, as custom instructions are shown
    at = start
    while at < start + len(code) - 1:
        for address, size, mnemonic, operands in engine.disasm_lite(bytes(code[at - start :]), at):
            site = image.sites.get(address)
            yield address, size, f"{mnemonic} {operands}".strip() if site is None else _conditional(site.text, mnemonic)
            at = address + size
        if at < start + len(code) - 1:  # no instruction that the disassembler knows
            first = code[at - start : at - start + 4]
            size = min(size_bytes(int.from_bytes(first[:2], "little")), len(first))
            yield at, size, unknown_text(bytes(first[:size]))
            at += size


def unknown_text(code: bytes) -> str:
    """Code that is no instruction of the base ISA, as an assembler's directive."""
    row = Row(0, code, "")
    return f".inst.{'w' if len(code) == 4 else 'n'} {row.word:#0{2 + 2 * len(code)}x}"


def _conditional(text: str, nop: str) -> str:
    """A custom instruction's text with the condition of the no-operation in its place, e.g. "nopne.w"."""
    condition = nop.removeprefix("nop").removesuffix(".w")
    mnemonic, blank, operands = text.partition(" ")
    return f"{mnemonic}{condition}{blank}{operands}"


@dataclass(frozen=True)
class Stretch:
    """A function with what follows it, or data before the first one. name: of a function, label or section."""

    name: str
    address: int
    rows: tuple[Row, ...]


def stretches(image: Image) -> Iterator[Stretch]:
    """Yield the functions of an image, by address."""
    names = Names(image)
    labels = {value & ~1: name for name, value in sorted(image.symbols.items(), reverse=True)}
    name, found = "", []
    for row in rows(image):
        own = _owner(image, names, labels, row) or name or f"{row.address:#010x}"
        if own != name and found:
            yield Stretch(name, found[0].address, tuple(found))
            found = []
        name = own
        found.append(row)
    if found:
        yield Stretch(name, found[0].address, tuple(found))


def _owner(image: Image, names: Names, labels: dict[int, str], row: Row) -> str:
    """Function or label that a row starts or lies in; empty if it goes with what is before it."""
    if (function := image.function_at(row.address)) is not None:
        return function.name
    found = labels.get(row.address, "") if row.kind == "data" else names.function(row.address)
    return "" if found.startswith("0x") else found  # padding behind a function


def rows(image: Image) -> Iterator[Row]:
    """The image's code and the data in its executable sections, by address."""
    names = Names(image)
    for start, end, code in _pieces(image):
        if not code:
            yield from _data(image, start, end)
            continue
        fill = 0
        for address, size, text in instructions(image, start, end):
            if address < fill:
                continue
            if (fill := _fill_end(image, address, end)) > address:
                count = (fill - address) // len(_FILL)
                yield Row(address, _FILL * count, f".fill {count}, 2, {int.from_bytes(_FILL, 'little'):#x}", "data")
                continue
            yield _row(image, names, address, image.read(address, size), text)


def _fill_end(image: Image, address: int, end: int) -> int:
    """Where the linker's filling that starts at an address ends; the address itself if there is none."""
    while address < end and image.read(address, 2) == _FILL and image.function_at(address) is None:
        address += 2
    return address


def _row(image: Image, names: Names, address: int, code: bytes, text: str) -> Row:
    if address in image.sites:
        return Row(address, code, text, "custom")
    row = Row(address, code, text, target=_target(image, names, address, text))
    if text.startswith(".inst") or (len(code) == 4 and is_custom_word(row.word)):
        advice = hint(row.word) if len(code) == 4 and is_custom_word(row.word) else "no instruction of the base ISA"
        return Row(address, code, text, "unknown", hint=advice)
    return row


def _target(image: Image, names: Names, address: int, text: str) -> str:
    """Where a branch goes as "function+0x10", or "0x08000120: 0x2a" for what a load takes from behind the code."""
    mnemonic = text.partition(" ")[0]
    if _BRANCH.match(mnemonic) and (found := _TARGET.search(text)):
        to = int(found[1], 16)
        function, first = names.find(to)
        return f"{function}+{to - first:#x}" if to != first else function
    if found := _LITERAL.match(text):
        at = ((address + 4) & ~3) + int(found[1], 0)  # Arm DDI 0553, LDR (literal): relative to the aligned PC
        value = image.read(at, 4)
        return f"{at:#010x}: {int.from_bytes(value, 'little'):#x}" if len(value) == 4 else f"{at:#010x}"
    return ""


def _pieces(image: Image) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether it is code) of the executable sections, by address."""
    ranges = image.code_ranges
    ends = {start: end for start, end in ranges}
    found = [(start, end, True) for start, end in ranges]
    for low, high in _executable_sections(image.elf):
        at = low
        for start in sorted(s for s in ends if low <= s < high):
            if at < start:
                found.append((at, start, False))
            at = max(at, ends[start])
        if at < high:
            found.append((at, high, False))
    yield from sorted(set(found))


def _executable_sections(elf: bytes) -> list[tuple[int, int]]:
    from elftools.elf.elffile import ELFFile

    return [
        (s["sh_addr"], s["sh_addr"] + s["sh_size"])
        for s in ELFFile(io.BytesIO(elf)).iter_sections()
        if s["sh_flags"] & _EXECUTABLE and s["sh_type"] != _NOTHING
    ]


def _data(image: Image, start: int, end: int) -> Iterator[Row]:
    """Data as words where they are aligned, else as halfwords and bytes."""
    at = start
    while at < end:
        size = next(size for size in (4, 2, 1) if at % size == 0 and at + size <= end)
        code = image.read(at, size)
        if not code:
            return
        name = {4: ".word", 2: ".short", 1: ".byte"}[size]
        yield Row(at, code, f"{name} {int.from_bytes(code, 'little'):#0{2 + 2 * size}x}", "data")
        at += size
