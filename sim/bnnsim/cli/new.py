"""`bnnsim new`: templates of what users write themselves."""

from __future__ import annotations

import re
from pathlib import Path

import click

from bnnsim.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@click.group("new", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def command() -> None:
    """Write a template: a file that works, to change into your own."""


@command.command(
    "kernel",
    epilog="""\b
Examples:
  bnnsim new kernel my_conv                          # ./my_conv.c, for BBConv2D
  bnnsim new kernel my_dense --operator BBFC
  bnnsim check ./my_conv.c                           # is it right, and how fast next to the others
  bnnsim compare --variant BBConv2D=./my_conv.c
""",
)
@click.argument("name", metavar="NAME")
@click.option("--operator", metavar="NAME", default="BBConv2D", show_default=True,
              help="What it computes; `bnnsim list operators` shows them.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def kernel(name: str, operator: str, force: bool) -> None:  # fmt: skip
    """Write NAME.c here: the operator's plain loops, right from the start, under a name of their own."""
    from bnnsim.bench.template import template
    from bnnsim.model.kernels import load_kernels

    if not _NAME.fullmatch(name):
        raise UsageError(f"found the name {name!r}; wanted small letters, digits and _, a letter first, e.g. my_conv")
    taken = [k.variant for k in load_kernels() if k.operator == operator and k.variant == name]
    if taken:
        raise UsageError(f"{operator} has a variant {name!r} already; choose another name")
    path = Path(f"{name}.c")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force overwrites it")
    path.write_text(template(operator, name), encoding="utf-8")
    click.echo(f"wrote {path}; next: bnnsim check ./{path}")
