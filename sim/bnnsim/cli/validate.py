"""`bnnsim validate`: our cycles against reference cycles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bnnsim.cli.options import Names, split
from bnnsim.errors import UsageError, nearest

if TYPE_CHECKING:
    from bnnsim.validate.results import Validation
    from bnnsim.validate.run import Options


@click.command(
    "validate",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  bnnsim validate validation/rules.yaml
  bnnsim validate validation/rules.yaml --core cortex-m4,cortex-m0plus --figure errors.svg
  bnnsim validate validation/rules.yaml --measured nucleo.csv --core cortex-m4
  bnnsim validate suite.yaml --tolerance 2 --json - | jq .cores

\b
Exit code: 0 every program within its tolerance, 1 one beyond it or failed, 2 wrong usage.
""",
)
@click.argument("suite_file", metavar="SUITE.yaml", type=click.Path())
@click.option(
    "--core",
    "cores",
    multiple=True,
    metavar="NAME[,…]",
    type=Names("core"),
    help="Only these cores of the suite. Repeatable.  [default: all]",
)
@click.option(
    "--tolerance",
    metavar="PERCENT",
    type=click.FloatRange(0, 1000),
    help="Largest error allowed, instead of the suite's.",
)
@click.option(
    "--measured",
    metavar="FILE.csv",
    type=click.Path(),
    help="Compare with these counts (name,cycles[,core]) instead of the suite's references.",
)
@click.option(
    "--elf",
    metavar="FILE.elf",
    type=click.Path(),
    help="Time the functions in this ELF file, e.g. the firmware that was measured, instead of what the suite names.",
)
@click.option(
    "--json",
    "json_file",
    metavar="FILE|-",
    type=click.Path(allow_dash=True),
    help="Also write JSON to FILE, or only that to stdout (-).",
)
@click.option(
    "--figure",
    "figure_file",
    metavar="FILE",
    type=click.Path(),
    help="Draw the error of every program: .svg, .pdf or .png.",
)
@click.option("--jobs", metavar="N", type=click.IntRange(1, 256), help="Processes to use.  [default: one per CPU]")
@click.option("--quiet", "-q", "--no-progress", is_flag=True, help="No progress bar.")
@click.pass_context
def command(
    ctx: click.Context, suite_file: str, cores: tuple[str, ...], tolerance: float | None, measured: str | None,
    elf: str | None, json_file: str | None, figure_file: str | None, jobs: int | None, quiet: bool,
) -> None:  # fmt: skip
    """Time the programs of SUITE.yaml and compare with their reference cycles, core by core.

    A program that fails is told and does not stop the others.
    """
    from bnnsim.validate.run import Options

    figure_form = _check_files(json_file, figure_file)
    path = Path(suite_file)
    elf_path = Path(elf).absolute() if elf else None
    options = Options(path.absolute().parent, tolerance, elf_path, jobs or os.cpu_count() or 1)
    found = _run(path, split(cores), options, measured, quiet)
    _report(found, json_file, figure_file, figure_form)
    ctx.exit(0 if found.good else 1)


def _check_files(json_file: str | None, figure_file: str | None) -> str:
    """Return the figure's format; raises UsageError for files that cannot be written, before the long work."""
    from bnnsim.report.files import check_file

    for flag, name in (("--json", json_file), ("--figure", figure_file)):
        if name == "":
            raise UsageError(f"{flag}: found an empty name; expected a file")
        if name not in (None, "-"):
            check_file(Path(name), flag)
    forms = ("svg", "pdf", "png")
    form = Path(figure_file).suffix.lower().removeprefix(".") if figure_file else ""
    if figure_file and form not in forms:
        expected = ", ".join(f".{name}" for name in forms)
        raise UsageError(
            f"--figure: found {figure_file!r}; expected a file that ends in {expected}{nearest(form, forms)}"
        )
    return form


def _run(path: Path, cores: list[str], options: Options, measured_file: str | None, quiet: bool) -> Validation:
    from bnnsim.cli.output import progress
    from bnnsim.validate.measured import read_measured
    from bnnsim.validate.run import choose_cores, run_suite
    from bnnsim.validate.suite import load_suite

    suite = load_suite(path)
    chosen = choose_cores(suite, cores)
    measured = read_measured(Path(measured_file), suite, chosen) if measured_file is not None else None
    if options.elf is not None and not options.elf.is_file():
        raise UsageError(f"--elf: no such file: {options.elf}")
    with progress(quiet) as report:
        return run_suite(suite, chosen, options, measured, report)


def _report(found: Validation, json_file: str | None, figure_file: str | None, figure_form: str) -> None:
    from bnnsim.report.files import write
    from bnnsim.validate.results import to_json

    if json_file == "-":
        click.echo(to_json(found), nl=False)
    else:
        from bnnsim.validate.show import print_validation

        print_validation(found)
        if json_file:
            write(Path(json_file), to_json(found).encode())
    if figure_file:
        from bnnsim.validate.figure import draw

        write(Path(figure_file), draw(found, figure_form))
    for row in found.rows:
        if row.reason is not None:
            place = f"{row.program} on {row.core}"
            click.echo(f"{click.style('error:', fg='red', bold=True)} {place}: {row.short_reason}", err=True)
