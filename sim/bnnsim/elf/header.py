"""What an ELF file's headers tell before anything is loaded: whether it is whole and for a little-endian 32-bit Arm."""

from __future__ import annotations

import io
import struct
from itertools import pairwise

from bnnsim.errors import BuildError

# "ELF for the Arm Architecture" (Arm IHI 0044) and the System V ABI, chapter 4: values of e_ident and e_machine
_MAGIC = b"\x7fELF"
_CLASS_AT, _DATA_AT, _IDENT_BYTES, _HEADER_BYTES = 4, 5, 16, 52
_CLASS_32, _CLASS_64, _LITTLE_ENDIAN, _BIG_ENDIAN = 1, 2, 1, 2
_ARM = 40
_MACHINES = {3: "x86", 8: "MIPS", 20: "PowerPC", 62: "x86-64", 83: "AVR", 94: "Xtensa", 183: "AArch64", 243: "RISC-V"}
_PROGRAM_HEADER, _SECTION_HEADER = "<8I", "<10I"
_NO_BITS = 8  # a section without bytes in the file, as .bss


def check_header(data: bytes) -> None:
    """Raise BuildError, in words, unless `data` is a whole 32-bit little-endian ELF file for Arm."""
    if not data:
        raise BuildError("the file is empty; expected an ELF file")
    if data[:4] != _MAGIC:
        found = data[:4].hex(" ")
        raise BuildError(f"not an ELF file: it begins with the bytes {found}; expected {_MAGIC.hex(' ')}")
    if len(data) < _IDENT_BYTES:
        raise _cut_off(_HEADER_BYTES, "ELF header", data)
    _check_kind(data[_CLASS_AT], data[_DATA_AT])
    if len(data) < _HEADER_BYTES:
        raise _cut_off(_HEADER_BYTES, "ELF header", data)
    (machine,) = struct.unpack_from("<H", data, 18)
    if machine != _ARM:
        raise BuildError(f"an ELF file for {_MACHINES.get(machine, f'machine {machine}')}; expected Arm, for Cortex-M")
    _check_whole(data)


def _check_kind(width: int, order: int) -> None:
    if width != _CLASS_32:
        found = "a 64-bit ELF file" if width == _CLASS_64 else f"an ELF file of unknown class {width}"
        raise BuildError(f"{found}; expected a 32-bit one, for Cortex-M")
    if order != _LITTLE_ENDIAN:
        found = "a big-endian ELF file" if order == _BIG_ENDIAN else f"an ELF file of unknown byte order {order}"
        raise BuildError(f"{found}; expected a little-endian one")


def _check_whole(data: bytes) -> None:
    programs_at, sections_at = struct.unpack_from("<2I", data, 28)
    program_bytes, programs, section_bytes, sections = struct.unpack_from("<4H", data, 42)
    tables = [(programs_at, program_bytes, programs, _PROGRAM_HEADER, "program headers")]
    tables += [(sections_at, section_bytes, sections, _SECTION_HEADER, "section headers")]
    for at, each, count, form, name in tables:
        if count and each < struct.calcsize(form):
            raise BuildError(f"a broken ELF file: {name} of {each} bytes; expected {struct.calcsize(form)}")
        if count and at + each * count > len(data):
            raise _cut_off(at + each * count, name, data)
    for number in range(programs):
        _, at, _, _, size, *_ = struct.unpack_from(_PROGRAM_HEADER, data, programs_at + number * program_bytes)
        if at + size > len(data):
            raise _cut_off(at + size, f"segment {number}", data)
    for number in range(sections):
        _, kind, _, _, at, size, *_ = struct.unpack_from(_SECTION_HEADER, data, sections_at + number * section_bytes)
        if kind not in (0, _NO_BITS) and at + size > len(data):
            raise _cut_off(at + size, f"section {number}", data)


def _cut_off(end: int, name: str, data: bytes) -> BuildError:
    return BuildError(f"the ELF file is cut off: its {name} would end at byte {end:,}, but it has {len(data):,} bytes")


def arm_state_ranges(data: bytes) -> tuple[tuple[int, int], ...]:
    """Ranges [start, end) of A32 (Arm state) code by the mapping symbols; () without symbols."""
    from elftools.elf.elffile import ELFFile

    file = ELFFile(io.BytesIO(data))
    table = file.get_section_by_name(".symtab")
    marks: dict[int, list[tuple[int, str]]] = {}
    for symbol in table.iter_symbols() if table is not None else ():  # type: ignore[attr-defined]
        if isinstance(symbol["st_shndx"], int) and symbol.name[:2] in ("$a", "$t", "$d"):
            marks.setdefault(symbol["st_shndx"], []).append((symbol["st_value"], symbol.name[:2]))
    ranges = []
    for index, here in marks.items():
        section = file.get_section(index)
        here = [*sorted(here), (section["sh_addr"] + section["sh_size"], "")]
        ranges += [(low, high) for (low, kind), (high, _) in pairwise(here) if kind == "$a"]
    return tuple(sorted((low, high) for low, high in ranges if low < high))
