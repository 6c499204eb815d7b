"""Disassembly of what a run executed, with executions, cycles and source lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bnnsim.build.image import Image
from bnnsim.elf.measure import Measurement
from bnnsim.elf.names import Names


@dataclass(frozen=True)
class Line:
    """One instruction; source: "file.c:12", or None without DWARF."""

    function: str
    address: int
    code: str
    text: str
    executions: int
    cycles: int
    source: str | None


def listing(image: Image, measured: Measurement) -> Iterator[Line]:
    """Yield every instruction of the functions that ran, by address."""
    names = Names(image)
    ran = {function.name for function in measured.functions}
    for start, end in image.code_ranges:
        for address, size, text in _disassemble(image, start, end):
            function = names.function(address)
            if function in ran:
                code = image.read(address, size)
                words = " ".join(f"{code[i + 1]:02x}{code[i]:02x}" for i in range(0, len(code) - 1, 2))
                times, cycles = measured.executions_at.get(address, 0), measured.cycles_at.get(address, 0)
                yield Line(function, address, words, text, times, cycles, _source(image, address))


def _source(image: Image, address: int) -> str | None:
    line = image.line_at(address)
    return None if line is None or line.endswith(":0") else line  # DWARF's line 0: no line of its own


def _disassemble(image: Image, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """(address, size in bytes, text); whole stretches at a time, so that IT blocks show their conditions."""
    from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs

    sites = sorted(site for site in image.sites if start <= site < end)
    at = start
    while at < end:
        if (site := image.sites.get(at)) is not None:
            yield at, 4, site.text
            at += 4
            continue
        stop = next((site for site in sites if site > at), end)
        engine = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
        for address, size, mnemonic, operands in engine.disasm_lite(image.read(at, stop - at), at):
            yield address, size, f"{mnemonic} {operands}".strip()
            at = address + size
        if at < stop:  # no instruction that the disassembler knows
            yield at, 2, ".short"
            at += 2
