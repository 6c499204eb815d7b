"""Runs a study for a verb: checks where results go, shows progress, prints and writes what was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bnnsim.errors import UsageError

if TYPE_CHECKING:
    from bnnsim.study.config import Study
    from bnnsim.study.results import Comparison

Progress = Callable[[int, int, str], None]  # steps done, steps in all, what is being done now


@dataclass(frozen=True)
class Output:
    """Where results go: format of stdout, JSON file, folder of files; quiet means no progress bar."""

    form: str
    json_file: Path | None
    folder: Path | None
    quiet: bool


def chosen(form: str | None, json_file: str | None, folder: str | None, quiet: bool) -> Output:
    """Check the output options and that every file can be written, before the long work.

    Raises UsageError naming the option.
    """
    from bnnsim.report.files import check_file, check_folder

    if json_file == "-" and form not in (None, "json"):
        raise UsageError(f"--json - and --format {form} both print to stdout; choose one, or give --json a file")
    for flag, given, expected in (("--out", folder, "a folder"), ("--json", json_file, "a file or -")):
        if given == "":
            raise UsageError(f"{flag}: found an empty name; expected {expected}")
    if folder is not None:
        check_folder(Path(folder), "--out")
    if json_file not in (None, "-"):
        check_file(Path(json_file), "--json")
    return Output(
        form="json" if json_file == "-" else form or "table",
        json_file=Path(json_file) if json_file and json_file != "-" else None,
        folder=Path(folder) if folder is not None else None,
        quiet=quiet,
    )


def run_and_report(study: Study, output: Output) -> int:
    """Run the study, print and write it, and return the exit code: 1 if a cell failed, else 0."""
    from bnnsim.study.run import run_study

    with progress(output.quiet) as report:
        comparison = run_study(study, report)
    try:
        _write(comparison, output)
    finally:  # a full disk costs the files, not the results
        show(comparison, output.form)
    for failure in comparison.failures:
        place = f"{failure.core}, {failure.board}, {failure.isa}: {failure.stage}"
        click.echo(f"{click.style('error:', fg='red', bold=True)} {place}: {failure.message}", err=True)
    return 1 if comparison.failures else 0


def _write(comparison: Comparison, output: Output) -> None:
    from bnnsim.report.files import write, write_all
    from bnnsim.study.results import to_json

    if output.json_file:
        write(output.json_file, to_json(comparison).encode())
    if output.folder:
        write_all(comparison, output.folder)


def show(comparison: Comparison, form: str) -> None:
    """Print a comparison to stdout in one of the formats of `--format`."""
    if form == "table":
        from bnnsim.report.table import print_table

        print_table(comparison)
    else:
        from bnnsim.report.export import TEXTS

        sys.stdout.write(TEXTS[form](comparison))


@contextmanager
def progress(quiet: bool) -> Iterator[Progress | None]:
    """Yield what `run_study` calls after every step; None (no bar) when quiet or stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    parts: tuple[Any, ...] = (
        BarColumn(30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, text: bar.update(task, completed=done, total=total, description=text)
