"""`bnnsim compare`: one network on several ISAs."""

from __future__ import annotations

from typing import Any

import click

from bnnsim.cli.options import Names, changes_from, output_options, split, study_options


@click.command(
    "compare",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  bnnsim compare
  bnnsim compare --isa base,popcnt --network smallcifar --core cortex-m4,cortex-m3
  bnnsim compare --isa base,popcnt,./my_ext.py     # your own instruction: one Python file
  bnnsim compare --isa base,popcnt+my_ext          # two extensions together
  bnnsim compare --variant BBConv2D=faithful       # what the plain C would do
  bnnsim compare --set popcnt.popc.latency=3       # a slower popcount unit
  bnnsim compare --board stm32f746 --place code=itcm,weights=dtcm
  bnnsim compare --json - | jq .cells[1].speedup   # for scripts

\b
Exit code: 0 every cell verified, 1 a cell failed, 2 wrong usage, 3 no compiler.
""",
)
@click.option(
    "--isa",
    "isa",
    multiple=True,
    type=Names("extension", ("base",)),
    metavar="ISA[,ISA…]",
    help="What to compare: base (no extension), an extension's name or .py file, or several joined by "
    "'+'. Repeatable.  [default: base,popcnt]",
)
@click.option(
    "--network",
    type=Names("network", many=False),
    metavar="NAME|FILE",
    help="The network.  [default: smallcifar]",
)
@click.option(
    "--core",
    "cores",
    multiple=True,
    type=Names("core"),
    metavar="NAME[,…]",
    help="Cores to run it on. Repeatable.  [default: those of the boards, else cortex-m4]",
)
@click.option(
    "--board",
    "boards",
    multiple=True,
    type=Names("board"),
    metavar="NAME[,…]",
    help="Boards: clock and memories around the core. Repeatable.  [default: zero-wait]",
)
@study_options
@output_options
@click.pass_context
def command(
    ctx: click.Context,
    isa: tuple[str, ...],
    network: str | None,
    cores: tuple[str, ...],
    boards: tuple[str, ...],
    form: str | None,
    json_file: str | None,
    folder: str | None,
    quiet: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Compare ISAs on one network: cycles, speed-up and code size, layer by layer.

    Every kernel is compiled for each ISA, emulated, and its output compared bit for bit with a NumPy
    reference before it gets a number. Each ISA runs the fastest kernel that it can, the base ISA too.
    """
    from bnnsim.cli.output import chosen, run_and_report
    from bnnsim.study.config import make_study

    values = changes_from(options)
    several = {"isa": split(isa), "cores": split(cores), "boards": split(boards)}
    values |= {key: names for key, names in several.items() if names}
    if network is not None:
        values["network"] = network
    study = make_study(values)
    ctx.exit(run_and_report(study, chosen(form, json_file, folder, quiet)))
