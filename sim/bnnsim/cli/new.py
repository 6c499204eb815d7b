"""`bnnsim new`: templates of what users write themselves."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import click

from bnnsim.errors import UsageError

_IN_TEMPLATE = ("extension", "u32")
_PACKAGES = ("bnnsim", "capstone", "click", "numba", "numpy", "rich", "unicorn")  # that a folder's files would hide
_LONGEST = 63  # letters of a name: what C compilers must tell apart (C11, 5.2.4.1)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _forms(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from bnnsim.isa.encoding import FORMS

    return [name for name in FORMS if name.startswith(incomplete.upper())]


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

    _check_name(name, "my_conv")
    taken = [k.variant for k in load_kernels() if k.operator == operator and k.variant == name]
    if taken:
        raise UsageError(f"{operator} has a variant {name!r} already; choose another name")
    path = Path(f"{name}.c")
    _write(path, lambda: template(operator, name), force)
    click.echo(f"wrote {path}; next: bnnsim check ./{path}")


@command.command(
    "extension",
    epilog="""\b
Examples:
  bnnsim new extension my_ext                        # ./my_ext.py: one instruction, d and two sources
  bnnsim new extension my_unit --form LDC            # one that loads into state of its own
  bnnsim check ./my_ext.py                           # is it right, what are its bits
  bnnsim compare --isa base,./my_ext.py              # what is it worth (kernels use it through needs: [my_ext])

\b
Forms: CX1 CX2 CX3 (d; d, n; d, n, m), with A if d is read too, D if d is 64 bits wide; VCX2 VCX3 on
D registers; CDP MCR MRC MCRR MRRC LDC STC for a coprocessor with state.
""",
)
@click.argument("name", metavar="NAME")
@click.option("--form", metavar="FORM", default="CX3A", show_default=True, shell_complete=_forms,
              help="Which registers it has.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def extension(name: str, form: str, force: bool) -> None:  # fmt: skip
    """Write NAME.py here: an extension with one instruction NAME, in an encoding that none of ours has."""
    from bnnsim.bench.extension_template import template
    from bnnsim.isa.inspect import called, check_name

    _check_name(name, "my_ext")
    if name in _IN_TEMPLATE:
        raise UsageError(f"found the name {name!r}, which the file itself uses; choose another name")
    check_name(name)
    if other := called(name):
        raise UsageError(f"{other}; choose another name")
    if name in sys.stdlib_module_names or name in _PACKAGES:
        raise UsageError(f"a file {name}.py would hide Python's module {name!r}; choose another name")
    path = Path(f"{name}.py")
    _write(path, lambda: template(name, form.upper()), force)
    click.echo(f"wrote {path}; next: bnnsim check ./{path}, then write {name} and its test vectors")


def _check_name(name: str, example: str) -> None:
    if len(name) > _LONGEST:
        raise UsageError(f"found a name of {len(name)} letters; allowed are {_LONGEST}")
    if not _NAME.fullmatch(name):
        raise UsageError(f"found the name {name!r}; wanted small letters, digits and _, a letter first, e.g. {example}")


def _write(path: Path, text: Callable[[], str], force: bool) -> None:
    """Write a file that is not there yet. Raises UsageError if it is, or cannot be written."""
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force overwrites it")
    try:
        path.write_text(text(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
