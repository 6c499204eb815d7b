"""Disassembly of what a run executed, with executions, cycles, stall cycles by reason and source lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bnnsim.build.image import Image
from bnnsim.elf.disassembly import instructions
from bnnsim.elf.measure import Measurement
from bnnsim.elf.names import Names
from bnnsim.timing.decode import size_bytes


@dataclass(frozen=True)
class Line:
    """One instruction; stalls: cycles by reason; source: "file.c:12", or None without DWARF."""

    function: str
    address: int
    code: str
    text: str
    executions: int
    cycles: int
    stalls: Mapping[str, int]
    source: str | None


def listing(measured: Measurement) -> Iterator[Line]:
    """Yield every instruction of the functions that ran, by address."""
    image = measured.image
    names = Names(image)
    ran = {function.name for function in measured.functions}
    for start, end in image.code_ranges:
        for address, size, text in instructions(image, start, end):
            function = names.function(address)
            if function in ran:
                times, cycles = measured.executions_at.get(address, 0), measured.cycles_at.get(address, 0)
                stalls = measured.stalls_at.get(address, {})
                code = halfwords(image.read(address, size))
                yield Line(function, address, code, text, times, cycles, stalls, source_at(image, address))


def source_at(image: Image, address: int) -> str | None:
    """Source position "file.c:12" of an address; None without DWARF and for code of no line."""
    line = image.line_at(address)
    return None if line is None or line.endswith(":0") else line  # DWARF's line 0: no line of its own


def halfwords(code: bytes) -> str:
    """Code as the manuals write it: halfwords in hexadecimal."""
    return " ".join(f"{code[i + 1]:02x}{code[i]:02x}" for i in range(0, len(code) - 1, 2))


def instruction_at(image: Image, address: int) -> tuple[bytes, str]:
    """Bytes and disassembly of the instruction at an address."""
    size = size_bytes(int.from_bytes(image.read(address, 2), "little"))
    return image.read(address, size), next(instructions(image, address, address + size))[2]
