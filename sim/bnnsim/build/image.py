"""A built program as the later stages see it: segments, symbols, Thumb code, custom-instruction sites, source lines."""

from __future__ import annotations

import bisect
import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bnnsim.build.includes import isa_with
from bnnsim.cache import digest
from bnnsim.errors import BuildError
from bnnsim.isa import Instruction, Isa


@dataclass(frozen=True)
class Segment:
    """Bytes to load at an address (the load address of initialised data)."""

    address: int
    data: bytes


@dataclass(frozen=True)
class Function:
    """A function symbol, without the Thumb bit."""

    name: str
    address: int
    size_bytes: int


@dataclass(frozen=True)
class CustomSite:
    """One custom instruction in the code; `registers` maps "d", "n", "m" to register numbers."""

    address: int
    word: int
    instruction: Instruction
    registers: Mapping[str, int]

    @property
    def text(self) -> str:
        """Disassembly: mnemonic and operands."""
        return self.instruction.text(self.word)


@dataclass(frozen=True)
class Image:
    """A linked program and the custom instructions that an ISA gives a meaning in it."""

    elf: bytes
    isa: Isa
    segments: tuple[Segment, ...]
    code_ranges: tuple[tuple[int, int], ...]  # Thumb code [start, end) by the ELF's mapping symbols
    symbols: Mapping[str, int]
    functions: tuple[Function, ...]
    sites: Mapping[int, CustomSite]
    section_bytes: Mapping[str, int]

    @property
    def custom_instructions(self) -> set[Instruction]:
        """The custom instructions that occur in the code."""
        return {site.instruction for site in self.sites.values()}

    @cached_property
    def digest(self) -> str:
        """Hash of the ELF and of the extensions whose instructions are in it: the same for all ISAs with those."""
        used = self.custom_instructions
        return digest(self.elf, isa_with(tuple(e for e in self.isa.extensions if used & set(e.instructions))).digest)

    def read(self, address: int, size_bytes: int) -> bytes:
        """Original bytes of the image, i.e. with custom instructions as the compiler wrote them."""
        for segment in self.segments:
            offset = address - segment.address
            if 0 <= offset < len(segment.data):
                return segment.data[offset : offset + size_bytes]
        return b""

    def symbol(self, name: str) -> int:
        """Address of a symbol without the Thumb bit; raises BuildError if the image has none of that name."""
        if name not in self.symbols:
            raise BuildError(f"the image has no symbol {name!r}")
        return self.symbols[name] & ~1

    def words(self) -> tuple[tuple[int, int, int], ...]:
        """All instructions of the code ranges: (address, size in bytes, hw1 << 16 | hw2 or hw1)."""
        return self._words

    @cached_property
    def _words(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(self._scan())

    def _scan(self) -> Iterator[tuple[int, int, int]]:
        for start, end in self.code_ranges:
            code, at = self.read(start, end - start), 0
            while at + 2 <= len(code):
                (word,) = struct.unpack_from("<H", code, at)
                size = 4 if word >> 11 in (0x1D, 0x1E, 0x1F) and at + 4 <= len(code) else 2
                if size == 4:
                    word = word << 16 | struct.unpack_from("<H", code, at + 2)[0]
                yield start + at, size, word
                at += size

    def function_at(self, address: int) -> Function | None:
        """The function that holds an address."""
        at = bisect.bisect_right(self._function_starts, address) - 1
        if at < 0:
            return None
        function = self.functions[at]
        return function if address < function.address + max(function.size_bytes, 2) else None

    def line_at(self, address: int) -> str | None:
        """Source position "file.c:123" of an address, if the image has DWARF lines."""
        starts, lines = self._lines
        at = bisect.bisect_right(starts, address) - 1
        return lines[at] if at >= 0 else None

    @cached_property
    def _function_starts(self) -> list[int]:
        return [f.address for f in self.functions]

    @cached_property
    def _lines(self) -> tuple[list[int], list[str | None]]:
        from elftools.elf.elffile import ELFFile

        rows: list[tuple[int, str | None]] = []
        file = ELFFile(io.BytesIO(self.elf))
        if file.has_dwarf_info():
            dwarf = file.get_dwarf_info()
            for unit in dwarf.iter_CUs():
                program = dwarf.line_program_for_CU(unit)
                if program is not None:
                    rows += _line_rows(program)
        rows.sort(key=lambda row: row[0])
        return [address for address, _ in rows], [line for _, line in rows]


def _line_rows(program: Any) -> Iterator[tuple[int, str | None]]:
    names = program["file_entry"]
    base = 0 if program["version"] >= 5 else 1
    for entry in program.get_entries():
        if (state := entry.state) is None:
            continue
        index = state.file - base
        name = names[index].name.decode().removeprefix("./") if 0 <= index < len(names) else "?"
        yield state.address, None if state.end_sequence else f"{name}:{state.line}"


def load_image(elf: bytes, isa: Isa, run_addresses: bool = False) -> Image:
    """Read an ELF file for Arm Cortex-M; raises BuildError if it is none.

    run_addresses: put segments also where startup code would copy them (their virtual address), and take a file
    without symbols: its code ranges are then whole executable sections or segments, constants in them included.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        file = ELFFile(io.BytesIO(elf))
    except ELFError as error:
        raise BuildError(f"not an ELF file: {error}") from error
    if file["e_machine"] != "EM_ARM" or not file.little_endian:
        raise BuildError(f"not a little-endian Arm ELF file (machine {file['e_machine']})")
    loaded = [s for s in file.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
    segments = tuple(Segment(s["p_paddr"], s.data()) for s in loaded)
    if run_addresses:
        segments += tuple(Segment(s["p_vaddr"], s.data()) for s in loaded if s["p_vaddr"] != s["p_paddr"])
    symbols, functions = _symbols(file, optional=run_addresses)
    sections = {s.name: s["sh_size"] for s in file.iter_sections() if s["sh_flags"] & 2}
    image = Image(elf, isa, segments, _code_ranges(file), symbols, functions, {}, sections)
    sites = {
        address: CustomSite(address, word, i, i.encoding.registers_of(word))
        for address, size, word in image.words()
        if size == 4
        for i in isa.instructions
        if i.encoding.matches(word)
    }
    return Image(elf, isa, segments, image.code_ranges, symbols, functions, sites, sections)


def _symbols(file: Any, optional: bool) -> tuple[dict[str, int], tuple[Function, ...]]:
    table = file.get_section_by_name(".symtab")
    if table is None and optional:
        return {}, ()
    if table is None:
        raise BuildError("the ELF file has no symbol table (stripped?)")
    symbols, functions = {}, {}
    for symbol in table.iter_symbols():
        if symbol.name and not symbol.name.startswith("$"):
            symbols[symbol.name] = symbol["st_value"]
            if symbol["st_info"]["type"] == "STT_FUNC":
                address = symbol["st_value"] & ~1
                functions[address] = Function(symbol.name, address, symbol["st_size"])
    return symbols, tuple(functions[a] for a in sorted(functions))


def _code_ranges(file: Any) -> tuple[tuple[int, int], ...]:
    """Thumb ranges by the mapping symbols ($t code, $d data) of each section that holds code.

    Functions that run in RAM may lie in sections that are not marked executable; there objects count as data, too.
    """
    marks: dict[int, list[tuple[int, str]]] = {}
    table = file.get_section_by_name(".symtab")
    if table is None and not file.num_sections():
        segments = (s for s in file.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_flags"] & 1)
        return tuple(sorted((s["p_vaddr"], s["p_vaddr"] + s["p_filesz"]) for s in segments))
    for symbol in table.iter_symbols() if table is not None else ():
        if not isinstance(symbol["st_shndx"], int):
            continue
        if symbol.name[:2] in ("$t", "$d", "$a"):
            marks.setdefault(symbol["st_shndx"], []).append((symbol["st_value"] & ~1, symbol.name[:2]))
        elif symbol["st_info"]["type"] == "STT_OBJECT":
            marks.setdefault(symbol["st_shndx"], []).append((symbol["st_value"], "$d"))
    ranges = []
    for index, section in enumerate(file.iter_sections()):
        holds_code = section["sh_flags"] & 4 or any(kind == "$t" for _, kind in marks.get(index, ()))
        if not holds_code or section["sh_type"] != "SHT_PROGBITS":
            continue
        end = section["sh_addr"] + section["sh_size"]
        here = sorted(marks.get(index, [(section["sh_addr"], "$t")]))
        for (start, kind), (stop, _) in zip(here, [*here[1:], (end, "")], strict=True):
            if kind == "$t" and start < stop:
                ranges.append((start, stop))
    return tuple(sorted(ranges))
