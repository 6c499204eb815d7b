"""A validation as text for the terminal: a table per core, its statistics, and the verdict."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from bnnsim.report.console import page
from bnnsim.validate.results import Row, Validation, summarize

_STYLES = {"within": "green", "beyond": "red", "failed": "red", "no reference": "dim"}


def print_validation(validation: Validation) -> None:
    """Print all tables to stdout."""
    with page() as console:
        for core in validation.cores:
            rows = validation.of(core)
            console.print(
                Text(f"{validation.suite} · {core} · {', '.join(sorted({row.board for row in rows}))}", "bold")
            )
            console.print(_table(rows, validation.measured is not None))
            console.print(Text(_statistics(rows)))
            for source in dict.fromkeys(f"{row.kind}: {row.source}" for row in rows if row.kind):
                console.print(Text(source, style="dim"))
            unvalidated = dict.fromkeys(words for row in rows for words in row.unvalidated)
            if unvalidated:
                console.print(Text(f"not confirmed by silicon: {'; '.join(unvalidated)}", style="dim"))
            console.print()
        console.print(Text(verdict(validation), style="bold"))


def verdict(validation: Validation) -> str:
    """One line: how many rows are within tolerance, beyond it, failed or without a reference."""
    parts = [f"{validation.count('within')} within tolerance", f"{validation.count('beyond')} beyond"]
    for name, words in (("failed", "failed"), ("no reference", "without reference")):
        if number := validation.count(name):  # type: ignore[arg-type]
            parts.append(f"{number} {words}")
    if validation.left_out:
        parts.append(f"{validation.left_out} not in {validation.measured}")
    number = len(validation.rows)
    return f"{number} {'row' if number == 1 else 'rows'}: {', '.join(parts)}"


def _table(rows: tuple[Row, ...], measured: bool) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("program", no_wrap=True)
    several_boards = len({row.board for row in rows}) > 1
    if several_boards:
        table.add_column("board", no_wrap=True)
    headings = ["suite", "measured"] if measured else ["reference"]
    for heading in (*headings, "ours", "error"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for row in rows:
        error = "–" if row.error_percent is None else f"{row.error_percent:+.2f} %"
        style = _STYLES[row.verdict]
        numbers = [row.manual, row.reference] if measured else [row.reference]
        shown = [_number(n) for n in (*numbers, row.cycles)]
        board = [Text(row.board)] if several_boards else []
        table.add_row(Text(row.program), *board, *shown, Text(error, style=style), Text(_remark(row), style=style))
    return table


def _number(cycles: float | None) -> str:
    if cycles is None:
        return "–"
    return f"{cycles:,.0f}" if cycles == round(cycles) else f"{cycles:,.2f}"


def _remark(row: Row) -> str:
    if row.verdict == "beyond":
        return f"beyond {row.tolerance_percent:g} %"
    if row.verdict == "failed":
        return f"failed: {row.short_reason}"
    return "no reference" if row.verdict == "no reference" else ""


def _statistics(rows: tuple[Row, ...]) -> str:
    found = summarize(rows)
    if found is None:
        return "no program with a reference was timed"
    plural = "" if found.programs == 1 else "s"
    return (
        f"{found.programs} program{plural}: mean {found.mean:.2f} %, median {found.median:.2f} %, "
        f"max {found.max:.2f} %, bias {found.bias:+.2f} %, rms {found.rms:.2f} %"
    )
