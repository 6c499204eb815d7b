"""The terminal that tables are printed to."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 200  # columns when stdout is no terminal: wide enough for every table, so nothing wraps


@contextmanager
def page(file: TextIO | None = None, width: int | None = None) -> Iterator[Console]:
    """Yield a console; what is printed goes to `file` (default stdout) in one go when the block ends.

    So a closed pipe is main()'s to handle, not rich's. width: columns; default: the terminal's, or PIPE_WIDTH.
    """
    stream: TextIO = file or sys.stdout
    there = Console(file=stream, width=width or (None if stream.isatty() else PIPE_WIDTH))
    text = io.StringIO()
    colors: Any = there.color_system  # rich returns a str where it accepts a Literal
    yield Console(file=text, width=there.width, force_terminal=there.is_terminal, color_system=colors, highlight=False)
    stream.write(text.getvalue())


def plain_table(left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    """Return an empty table with these columns, aligned to the left and, for numbers, to the right."""
    table = Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for heading in left:
        table.add_column(heading, no_wrap=True)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
