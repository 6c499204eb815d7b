"""The terminal table of a comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bnnsim.report import lines
from bnnsim.report.bounds import bounds
from bnnsim.report.console import page
from bnnsim.report.lines import Line
from bnnsim.study.results import CellResult, Comparison

NOTE_WIDTH = 110  # columns of running text above and below the table


@dataclass(frozen=True)
class Column:
    """Heading, how it shows a line, and when a narrow terminal drops it (highest first; 0 stays)."""

    heading: str
    show: Callable[[Line], str]
    drop: int = 0
    right: bool = True
    colored: bool = False  # green for faster than the reference, red for slower


def number(value: int | None) -> str:
    """Return 1,234,567, or an en dash for None."""
    return "–" if value is None else f"{value:,}"


def factor(value: float | None) -> str:
    """Return 1.23×, or an en dash for None."""
    return "–" if value is None else f"{value:.2f}×"


def columns(reference: str) -> list[Column]:
    """Return the table's columns; `reference` is the ISA that speed-ups are relative to."""
    return [
        Column("ISA", lambda line: line.isa, right=False),
        Column("kernel", lambda line: line.variant or "", right=False),
        Column("cycles", lambda line: number(line.cycles)),
        Column("ms", lambda line: f"{line.milliseconds:,.3f}"),
        Column("share", lambda line: f"{line.share:.1%}", drop=2),
        Column(f"× {reference}", lambda line: factor(line.times_reference), colored=True),
        Column("× faithful", lambda line: factor(line.times_faithful)),
        Column("instructions", lambda line: number(line.instructions), drop=3),
        Column("CPI", lambda line: f"{line.cpi:.2f}", drop=3),
        Column("code B", lambda line: _blank(line.code_bytes), drop=4),
        Column("flash B", lambda line: _blank(line.flash_bytes), drop=4),
        Column("RAM B", lambda line: _blank(line.ram_bytes), drop=4),
    ]


def print_table(comparison: Comparison, file: TextIO | None = None, width: int | None = None) -> None:
    """Print one table per core and board, with what it was made with above and how to read it below.

    width: columns of text; default: the terminal's, or PIPE_WIDTH when `file` (stdout) is no terminal.
    """
    with page(file, width) as console:
        _print(comparison, console)


def _print(comparison: Comparison, console: Console) -> None:
    if not comparison.cells:
        return
    note_width = min(console.width, NOTE_WIDTH)
    for cells in lines.groups(comparison):
        console.print(Text(lines.title(comparison, cells[0]), style="bold"), width=note_width)
        if made := lines.made_with(comparison, cells[0].core):
            console.print(Text(made, style="dim"), width=note_width)
        shown = _fitting(comparison, cells, console)
        table = _table(cells, shown)
        narrow, console.width = console.width, max(console.width, _width(table))
        console.print(table)
        console.width = narrow
        for text in (*_dropped(comparison, cells, shown), *bounds(comparison, cells)):
            console.print(Text(text), width=note_width)
    for text in lines.notes(comparison):
        console.print(Text(text, style="dim"), width=note_width)


def _fitting(comparison: Comparison, cells: tuple[CellResult, ...], console: Console) -> list[Column]:
    """Return the columns that fit the console, leaving out the least needed ones."""
    shown = columns(comparison.reference_isa)
    for level in (4, 3, 2):
        if _width(_table(cells, shown)) <= console.width:
            break
        shown = [column for column in shown if column.drop < level]
    return shown


def _dropped(comparison: Comparison, cells: tuple[CellResult, ...], shown: list[Column]) -> list[str]:
    """Return the byte counts as sentences, and what else the terminal is too narrow for."""
    headings = {column.heading for column in shown}
    texts = []
    if "code B" not in headings:
        texts += [
            f"{line.isa}: {number(line.code_bytes)} bytes of code, {number(line.flash_bytes)} of flash, "
            f"{number(line.ram_bytes)} of RAM"
            for line in lines.totals(cells)
        ]
    hidden = [c.heading for c in columns(comparison.reference_isa) if c.heading not in headings and c.drop < 4]
    if hidden:
        texts.append(f"Not shown at this width: {', '.join(hidden)} (--format csv has them).")
    return texts


def _width(table: Table) -> int:
    """Return the columns of text that the table needs when nothing wraps."""
    return Console(width=1000).measure(table).maximum


def _table(cells: tuple[CellResult, ...], shown: list[Column]) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("layer", no_wrap=True)
    for column in shown:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=True)
    for section in lines.layer_sections(cells):
        for position, line in enumerate(section):
            table.add_row(_heading(line, position, len(section)), *(_text(column, line) for column in shown))
        table.add_section()
    for position, line in enumerate(lines.totals(cells)):
        table.add_row("total" if position == 0 else "", *(_text(c, line) for c in shown), style="bold")
    return table


def _heading(line: Line, position: int, count: int) -> Text:
    """Return the layer's name for a section's first line and its operator for the second (or beside it)."""
    operator = Text(line.operator or "", style="dim")
    if position == 0:
        return Text(line.layer) if count > 1 else Text(f"{line.layer} ").append_text(operator)
    return operator if position == 1 else Text("")


def _text(column: Column, line: Line) -> Text:
    value = line.times_reference if column.colored else None
    style = "" if value is None or abs(value - 1) < 0.005 else "green" if value > 1 else "red"
    return Text(column.show(line), style=style)


def _blank(value: int | None) -> str:
    return "" if value is None else number(value)
