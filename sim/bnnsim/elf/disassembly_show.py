"""A disassembled program as text for the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from bnnsim.build.image import Image
from bnnsim.elf.disassembly import Row, Stretch
from bnnsim.elf.listing import halfwords, source_at
from bnnsim.report.console import page

SCHEMA = 1
_MOST_SHOWN_BYTES = 4
_STYLE = {"custom": "bold green", "unknown": "bold red", "data": "dim"}


@dataclass(frozen=True)
class Disassembled:
    """A program by name, with the functions to show; core, toolchain: of a kernel, which is built first."""

    name: str
    image: Image
    stretches: tuple[Stretch, ...]
    core: str = ""
    toolchain: str = ""


def print_disassembly(program: Disassembled, lines: bool) -> None:
    """Print functions, instruction by instruction; lines: source positions, too."""
    with page() as console:
        where = [program.core, f"ISA {program.image.isa.name}", program.toolchain]
        console.print(Text(f"{program.name} · {' · '.join(text for text in where if text)}", "bold"))
        for stretch in program.stretches:
            console.print(Text(f"\n{stretch.address:08x} <{stretch.name}>:", "bold"))
            source = None
            for row in stretch.rows:
                if lines and row.kind != "data" and (at := source_at(program.image, row.address)) not in (None, source):
                    source = at
                    console.print(Text(f"; {at}", "dim"))
                console.print(_line(row), soft_wrap=True)
        for note in _notes(program):
            console.print(Text(f"\n{note}", "yellow"), soft_wrap=True)


def _line(row: Row) -> Text:
    code = row.code if len(row.code) <= _MOST_SHOWN_BYTES else row.code[:2]
    shown = f"{row.code[0]:02x}" if len(row.code) == 1 else halfwords(code)
    text = Text(f"  {row.address:08x}:  {shown:<9}  ")
    text.append(f"{row.text:<32}".rstrip() if not (row.target or row.hint) else f"{row.text:<32}", _STYLE.get(row.kind))
    if row.target:
        text.append(f" ; {row.target}", "dim")
    if row.hint:
        text.append(f" ; {row.hint}", "yellow")
    return text


def _notes(program: Disassembled) -> Iterator[str]:
    unknown = [row for s in program.stretches for row in s.rows if row.kind == "unknown"]
    if unknown:
        words = "1 word is no instruction" if len(unknown) == 1 else f"{len(unknown)} words are no instructions"
        yield f"{words} of ISA {program.image.isa.name}; see the marks"


def to_json(programs: list[Disassembled]) -> str:
    """The JSON of docs/extensions.md."""
    return json.dumps({"schema": SCHEMA, "programs": [_program(p) for p in programs]}, indent=2) + "\n"


def _program(program: Disassembled) -> dict[str, Any]:
    return {
        "name": program.name,
        "isa": program.image.isa.name,
        "core": program.core or None,
        "toolchain": program.toolchain or None,
        "functions": [
            {
                "name": stretch.name,
                "address": f"{stretch.address:#010x}",
                "rows": [_row(program.image, row) for row in stretch.rows],
            }
            for stretch in program.stretches
        ],
    }


def _row(image: Image, row: Row) -> dict[str, Any]:
    return {
        "address": f"{row.address:#010x}",
        "code": row.code.hex() if len(row.code) % 2 else halfwords(row.code),
        "text": row.text,
        "kind": row.kind,
        "target": row.target or None,
        "hint": row.hint or None,
        "source": None if row.kind == "data" else source_at(image, row.address),
    }
