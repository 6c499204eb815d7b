"""A measurement as text for the terminal and as JSON."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bnnsim.elf.listing import Line
from bnnsim.elf.measure import Measurement

SCHEMA = 1
_PIPE_WIDTH = 200  # when stdout is no terminal, so that nothing wraps


def to_json(measured: Measurement) -> str:
    """The JSON of docs/time.md; `unknown` is empty because an instruction without a cost stops the run."""
    functions = [{"name": f.name, "cycles": f.cycles, "instructions": f.instructions} for f in measured.functions]
    document = {
        "schema": SCHEMA,
        "core": measured.core,
        "board": measured.board,
        "cycles": measured.cycles,
        "instructions": measured.instructions,
        "stalls": dict(measured.stalls),
        "functions": functions,
        "unknown": [],
    }
    return json.dumps(document, indent=2) + "\n"


def print_measurement(measured: Measurement, title: str, ended: str, lines: Iterable[Line] | None = None) -> None:
    """Print totals and functions to stdout, and the annotated disassembly if there are lines."""
    there = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    text = io.StringIO()  # written in one go: a closed pipe is then main()'s to handle, not rich's
    colors: Any = there.color_system  # rich returns a str where it accepts a Literal
    console = Console(
        file=text, width=there.width, force_terminal=there.is_terminal, color_system=colors, highlight=False
    )
    console.print(Text(title, style="bold"))
    console.print(Text(_summary(measured, ended)))
    console.print(_functions(measured))
    console.print(Text(f"stalls: {_stalls(measured)}", style="dim"))
    console.print(Text(f"cycles rest on: {_shares(measured)}", style="dim"))
    if lines is not None:
        table = _listing(lines)
        console.width = max(console.width, Console(width=1000).measure(table).maximum)
        console.print(table)
    sys.stdout.write(text.getvalue())


def _summary(measured: Measurement, ended: str) -> str:
    cpi = measured.cycles / max(measured.instructions, 1)
    return f"{measured.cycles:,} cycles, {measured.instructions:,} instructions, CPI {cpi:.2f}; {ended}"


def _functions(measured: Measurement) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("function", no_wrap=True)
    for heading in ("cycles", "share", "instructions", "CPI"):
        table.add_column(heading, justify="right", no_wrap=True)
    for f in measured.functions:
        share, cpi = f.cycles / max(measured.cycles, 1), f.cycles / max(f.instructions, 1)
        table.add_row(Text(f.name), f"{f.cycles:,}", f"{share:.1%}", f"{f.instructions:,}", f"{cpi:.2f}")
    return table


def _stalls(measured: Measurement) -> str:
    shown = [f"{reason.replace('_', ' ')} {cycles:,}" for reason, cycles in measured.stalls.items() if cycles]
    return ", ".join(shown) or "none"


def _shares(measured: Measurement) -> str:
    total = max(sum(measured.sources.values()), 1)
    names = {"manual": "manuals", "measured": "measurements", "assumed": "assumptions"}
    return ", ".join(f"{names[kind]} {cycles / total:.1%}" for kind, cycles in measured.sources.items())


def _listing(lines: Iterable[Line]) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading, justify in (("executions", "right"), ("cycles", "right"), ("address", "left"), ("code", "left")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("instruction", no_wrap=True)
    table.add_column("source", no_wrap=True)
    function, source = None, None
    for line in lines:
        if line.function != function:
            function, source = line.function, None
            table.add_section()
            table.add_row("", "", Text(function, style="bold"), "", "", "")
        shown = Text(line.source or "" if line.source != source else "", style="dim")
        times, cycles = (f"{n:,}" if line.executions else "–" for n in (line.executions, line.cycles))
        table.add_row(times, cycles, f"{line.address:08x}", line.code, Text(line.text), shown)
        source = line.source
    return table
