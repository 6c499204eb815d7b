"""What `bnnsim check` does with an extension file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bnnsim.cli.output import Output


def check(name_or_path: str, compilers: list[str], inputs: int, seed: int, output: Output) -> int:
    """Check an extension by name or path, print and write what was found, and return the exit code."""
    from bnnsim.bench.extension import Effort, check_extension
    from bnnsim.bench.extension_show import print_checked, to_json
    from bnnsim.cli.output import progress
    from bnnsim.report.files import write

    effort = Effort(tuple(compilers) or Effort.compilers, inputs, seed)
    with progress(output.quiet) as report:
        done = 0

        def step(text: str) -> None:
            nonlocal done
            done += 1
            if report:
                report(done, done, text)

        checked = check_extension(name_or_path, effort, step)
    if output.form == "json":
        click.echo(to_json(checked), nl=False)
    else:
        print_checked(checked)
    if output.json_file:
        write(output.json_file, to_json(checked).encode())
    return 0 if checked.right else 1
