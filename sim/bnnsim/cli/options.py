"""Options that several verbs share, with completion from the names of our own files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from bnnsim.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])

_TOO_MUCH = 2**31  # no cost comes near; infinities and numbers beyond int64 end here

FORMATS = ("table", "csv", "markdown", "latex", "json")


class Names(click.ParamType):
    """A name or path, or several with commas; the study checks them, completion knows our own names."""

    def __init__(self, kind: str, extra: tuple[str, ...] = (), many: bool = True):
        self.name, self.kind, self.extra, self.many = kind, kind, extra, many

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Shown in --help."""
        return f"{self.kind.upper()}[,…]" if self.many else self.kind.upper()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the last part of a comma list; a path is left to the shell."""
        from bnnsim import paths

        given, comma, last = incomplete.rpartition(",") if self.many else ("", "", incomplete)
        if "/" in last:
            return [CompletionItem(incomplete, type="file")]
        used = given.split(",")
        known = [*self.extra, *paths.names(self.kind)]
        return [CompletionItem(f"{given}{comma}{name}") for name in known if name.startswith(last) and name not in used]


def split(values: tuple[str, ...]) -> list[str]:
    """Return the parts of repeated options that may each hold a comma list."""
    return [part.strip() for value in values for part in value.split(",")]


def settings(pairs: tuple[str, ...]) -> dict[str, float]:
    """Parse `--set KEY=VALUE` options; a repeated key is an error, not a silent override.

    Raises ConfigError with every problem.
    """
    found: dict[str, float] = {}
    problems = []
    for pair in pairs:
        key, equals, text = pair.partition("=")
        key, text = key.strip(), text.strip()
        try:
            value = float(text) if any(c in text for c in ".eE") else int(text, 0)
        except ValueError:
            value = None
        if not equals or not key or value is None or not abs(value) < _TOO_MUCH:
            problems.append(f"--set: found {pair!r}; expected KEY=NUMBER, e.g. popcnt.popc.latency=2")
        elif key in found:
            problems.append(f"--set: {key!r} is set twice")
        else:
            found[key] = value
    if problems:
        raise ConfigError(problems)
    return found


def places(options: tuple[str, ...]) -> dict[str, str]:
    """Parse `--place PART=MEMORY,…` options. Raises ConfigError with every problem."""
    found: dict[str, str] = {}
    problems = []
    for text in split(options):
        part, equals, name = (piece.strip() for piece in text.partition("="))
        if not equals or not part or not name:
            problems.append(f"--place: found {text!r}; expected PART=MEMORY, e.g. weights=dtcm")
        elif part in found:
            problems.append(f"--place: {part!r} is placed twice")
        else:
            found[part] = name
    if problems:
        raise ConfigError(problems)
    return found


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what the user did not give, so that defaults and files speak for it."""
    return {key: value for key, value in values.items() if value not in (None, (), [], {})}


def study_options(command: F) -> F:
    """Add the options that change a study; all of them may be given to `compare` and `run`."""
    for option in reversed(
        (
            click.option("--reference", type=Names("extension", ("base",), many=False), metavar="ISA",
                         help="ISA that speed-ups are relative to.  [default: the first ISA]"),
            click.option("--variant", "variants", multiple=True, metavar="[LAYER=|OPERATOR=]VARIANT",
                         help="Use this kernel instead of the fastest one, for one layer, one operator or "
                              "wherever it exists; a path to a .c file is a kernel of yours. Repeatable."),
            click.option("--toolchain", type=click.Choice(["clang", "gcc"]),
                         help="Compiler; clang comes with bnnsim, so everybody gets the same numbers.  "
                              "[default: clang]"),
            click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
                         help="Change a cost: popcnt.popc.latency=3, popcnt.popc.issue_cycles=2, or a key of a core "
                              "file: cortex-m4.data_port.bits=128. Repeatable."),
            click.option("--place", "places", multiple=True, metavar="PART=MEMORY[,…]",
                         help="Where code, weights, activations or stack live, by the memories of the board: "
                              "weights=dtcm. Repeatable."),
            click.option("--input-seed", type=click.IntRange(0, 2**32 - 1), metavar="N",
                         help="Seed of the random input image.  [default: 1]"),
            click.option("--shift-code", "shift_code_bytes", type=click.Choice(["0", "2"]),
                         help="Move all code by this many bytes, to see how much of a result is alignment.  "
                              "[default: 0]"),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def output_options(command: F) -> F:
    """Add the options that say what is printed and written."""
    for option in reversed(
        (
            click.option("--format", "form", type=click.Choice(FORMATS),
                         help="What stdout shows.  [default: table]"),
            click.option("--json", "json_file", metavar="FILE|-", type=click.Path(allow_dash=True),
                         help="Also write everything as JSON to FILE, or only that to stdout (-)."),
            click.option("--out", "folder", metavar="DIR", type=click.Path(),
                         help="Also write results.json, table.csv, .md, .tex and cycles.svg, .png here."),
            click.option("--quiet", "-q", "--no-progress", is_flag=True, help="No progress bar."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def changes_from(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `study_options` gave as keys of an experiment file."""
    values = given({key: options[key] for key in ("reference", "toolchain", "input_seed")})
    if options["variants"]:
        values["variants"] = list(options["variants"])
    if options["settings"]:
        values["set"] = settings(options["settings"])
    if options["places"]:
        values["place"] = places(options["places"])
    if options["shift_code_bytes"] is not None:
        values["shift_code_bytes"] = int(options["shift_code_bytes"])
    return values
