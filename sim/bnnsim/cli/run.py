"""`bnnsim run`: an experiment file."""

from __future__ import annotations

from typing import Any

import click

from bnnsim.cli.options import Names, changes_from, output_options, study_options


@click.command(
    "run",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  bnnsim run popcount-on-m4                         # `bnnsim list experiments` shows their names
  bnnsim run my_study.yaml --out results            # tables, figure and JSON into results/
  bnnsim run popcount-on-m4 --set popcnt.popc.latency=2

\b
An experiment file:
  name: popcount-on-m4
  network: smallcifar          # name or path, relative to this file
  cores: [cortex-m4]
  isa: [base, popcnt]          # names, paths, or several joined by '+'
  reference: base              # optional, like all that follows
  boards: [zero-wait]
  place: {weights: flash}      # memories of the board for code, weights, activations, stack
  set: {popcnt.popc.latency: 2}
  variants: [BBConv2D=faithful]
  toolchain: clang             # or gcc
  input_seed: 1
  shift_code_bytes: 0          # or 2
""",
)
@click.argument("experiment", type=Names("experiment", many=False), metavar="EXPERIMENT")
@study_options
@output_options
@click.pass_context
def command(
    ctx: click.Context,
    experiment: str,
    form: str | None,
    json_file: str | None,
    folder: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Run EXPERIMENT, a name or a YAML file, and print its comparison.

    Options change what the file says.
    """
    from bnnsim.cli.output import chosen, run_and_report
    from bnnsim.study.config import load_study

    study = load_study(experiment, changes_from(options))
    ctx.exit(run_and_report(study, chosen(form, json_file, folder, quiet)))
