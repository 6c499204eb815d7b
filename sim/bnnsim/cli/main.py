"""The `bnnsim` command: finds the verb, and turns errors into messages and exit codes.

Verbs are imported when they are used, so that `bnnsim --help` and completion answer at once.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

from bnnsim import __version__, interrupt
from bnnsim.errors import BnnsimError, ConfigError, nearest

# verb → (module, one line for --help, which would otherwise import every verb)
VERBS = {
    "compare": ("bnnsim.cli.compare", "Compare ISAs on one network: cycles, speed-up, code size per layer."),
    "run": ("bnnsim.cli.run", "Run an experiment file (YAML) and print its comparison."),
    "time": ("bnnsim.cli.time", "Time a function or a run of any bare-metal ELF file on a core."),
    "validate": ("bnnsim.cli.validate", "Compare cycles with references: measured on silicon or by manual."),
    "disasm": ("bnnsim.cli.disasm", "Disassemble an ELF file or a kernel, custom instructions by name."),
    "new": ("bnnsim.cli.new", "Write a template to change into a kernel or an extension of your own."),
    "check": ("bnnsim.cli.check", "Check a kernel or an extension: is it right, what does it cost?"),
    "list": ("bnnsim.cli.list", "Show the extensions, cores, boards, networks and kernels there are."),
    "completion": ("bnnsim.cli.completion", "Print the completion script for bash, zsh or fish."),
}

INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 + SIGINT, 128 + SIGPIPE: what a shell expects


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return importlib.import_module(VERBS[cmd_name][0]).command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # before click turns it into exit code 1
            return _pipe_closed()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            hint = f"known: {', '.join(VERBS)}{nearest(args[0], VERBS)}"
            raise click.UsageError(f"No such command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Try:
  bnnsim compare                                   # base ISA against popcnt on a Cortex-M4
  bnnsim new extension my_ext                      # your own instruction: one Python file
  bnnsim compare --isa base,./my_ext.py            # what it is worth
  bnnsim compare --set popcnt.popc.latency=3       # a slower popcount unit
  bnnsim run popcount-on-m4 --out results          # an experiment, with tables and a figure
""",
)
@click.version_option(__version__, "--version", "-V", prog_name="bnnsim")
def cli() -> None:
    """What would one more instruction do for binarized neural networks on a microcontroller?

    bnnsim compiles a network's kernels once per ISA, emulates them, checks every output bit for bit and
    prices each instruction with a cycle-level model of the core.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code (errors.py lists them)."""
    interrupt.watch()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without × shows ?
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(arguments, prog_name="bnnsim", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BnnsimError as error:
        for problem in error.problems if isinstance(error, ConfigError) else [str(error)]:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {problem}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _pipe_closed()


def _pipe_closed() -> int:
    """Take back what could not be printed: Python would complain when it flushes stdout at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED


if __name__ == "__main__":
    sys.exit(main())
