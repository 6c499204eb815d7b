"""`bnnsim time`: cycles of any bare-metal ELF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bnnsim.cli.options import Names, split
from bnnsim.cli.options import settings as parse_settings
from bnnsim.errors import UsageError

if TYPE_CHECKING:
    from bnnsim.elf.measure import Measurement, Settings
    from bnnsim.elf.program import Request
    from bnnsim.isa import Isa
    from bnnsim.timing.core import Core

_DEFAULT_CORE = "cortex-m4"
_MOST_CYCLES = 1000  # of --allow-unknown


class _Command(click.Command):
    """Tells of a negative --allow-unknown, whose value click would take for the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Raise UsageError for --allow-unknown=-CYCLES."""
        options = args[: args.index("--")] if "--" in args else args
        for text in options:
            name, _, value = text.partition("=")
            if name == "--allow-unknown" and value.startswith("-"):
                raise UsageError(f"--allow-unknown: found {value}; the cycles must be >= 0, at most {_MOST_CYCLES}")
        return super().parse_args(ctx, args)


class _UnknownCycles(click.ParamType):
    """Whole cycles; click takes an argument that follows the bare option for its value."""

    name = "cycles"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Raise BadParameter for anything else."""
        try:
            cycles = int(value, 0) if isinstance(value, str) else int(value)
        except ValueError:
            cycles = -1
        if not 0 <= cycles <= _MOST_CYCLES:
            expected = f"--allow-unknown=CYCLES, 0 to {_MOST_CYCLES}, or the option after PROGRAM"
            self.fail(f"found {value!r}; expected {expected}")
        return cycles


@click.command(
    "time",
    cls=_Command,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  bnnsim time firmware.elf --call crc32 --args 0x20001000,64 --memory data.bin@0x20001000
  bnnsim time firmware.elf --core cortex-m0plus              # from reset to BKPT
  bnnsim time firmware.elf --from loop_begin --to loop_end   # from reset, counting between two symbols
  bnnsim time firmware.elf --call fir --args input,output,32 --annotate
  bnnsim time firmware.elf --board my_board.yaml             # its clock and memories
  bnnsim time firmware.elf --set load.cycles=3               # another cost
  bnnsim time firmware.elf --profile out.json                # for speedscope
  bnnsim time firmware.elf --call fir --json - | jq .cycles

\b
Memory: the pages (64 KiB) of every segment at its load and run address, 16 MiB of zeros at
0x20000000, the pages of --memory, plain memory at 0xE0000000 in place of the system registers,
and for --call a stack of 256 KiB below 0x40000000, far from the program. Peripherals are not mapped.

\b
Semihosting (BKPT 0xAB): what the program prints appears on stderr, an exit ends the run, the host's
time is not counted. There is no input, there are no files, and the clock stands still.

\b
Exit code: 0 timed, 1 a fault or an instruction without a cost, 2 wrong usage.
""",
)
@click.argument("program", metavar="PROGRAM", type=click.Path())
@click.option(
    "--core",
    metavar="NAME",
    type=Names("core", many=False),
    help="The core to time it on.  [default: the board's, else cortex-m4]",
)
@click.option(
    "--board",
    metavar="NAME|FILE",
    type=Names("board", many=False),
    help="The board around it: clock and memories.  [default: memory without wait states]",
)
@click.option(
    "--call",
    metavar="FUNCTION",
    help="Call this function (symbol or address) and count until it returns; without it the program runs from reset.",
)
@click.option(
    "--args",
    "arguments",
    multiple=True,
    metavar="VALUE[,…]",
    help="Arguments of the call, numbers or symbols: r0 to r3, the rest on the stack.",
)
@click.option(
    "--memory",
    multiple=True,
    metavar="FILE@ADDR",
    help="Put a file into memory first, at an address or a symbol. Repeatable.",
)
@click.option("--from", "start", metavar="SYMBOL", help="Count from here, a symbol or an address.")
@click.option("--to", "end", metavar="SYMBOL", help="End here, when it is reached the first time. BKPT ends, too.")
@click.option(
    "--isa",
    default="base",
    show_default=True,
    metavar="ISA",
    type=Names("extension", ("base",), many=False),
    help="Extensions whose custom instructions the program uses, joined by '+'.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a cost: load.cycles=3 or another key of the core's file, popcnt.popc.latency=2, "
    "popcnt.popc.issue_cycles=2, or the core: data_port.bits=128. Repeatable.",
)
@click.option("--band", is_flag=True, help="Also give the range of cycles over the core's uncertain parameters.")
@click.option(
    "--allow-unknown",
    metavar="[=CYCLES]",
    is_flag=False,
    flag_value="1",
    type=_UnknownCycles(),
    help="Price an instruction without a cost at so many cycles (1 if not said), and flag every total, "
    "instead of an error.",
)
@click.option(
    "--limit",
    default=1_000_000_000,
    show_default=True,
    metavar="N",
    type=click.IntRange(1, 2**60),
    help="Give up after about this many instructions.",
)
@click.option(
    "--json",
    "json_file",
    metavar="FILE|-",
    type=click.Path(allow_dash=True),
    help="Also write JSON to FILE, or only that to stdout (-).",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Also write a profile: FILE.json for speedscope, FILE.callgrind for KCachegrind. Repeatable.",
)
@click.option(
    "--annotate",
    is_flag=True,
    help="Print the disassembly with executions, cycles, stall cycles by reason and source lines.",
)
def command(
    program: str, call: str | None, arguments: tuple[str, ...], memory: tuple[str, ...],
    start: str | None, end: str | None, limit: int, json_file: str | None, profiles: tuple[str, ...], annotate: bool,
    **pricing: Any,
) -> None:  # fmt: skip
    """Time PROGRAM, a bare-metal Thumb ELF file, or one function of it.

    A call counts from the function's first instruction, with the refill of the branch to it, to its
    return. Prints cycles, instructions and stalls, by function.
    """
    from bnnsim.elf.program import Request

    if json_file == "-" and annotate:
        raise UsageError("--json - and --annotate both print to stdout; choose one, or give --json a file")
    given = split(tuple(text for text in arguments if text.strip()))
    request = Request(call, tuple(given), _memory(memory), start, end, limit)
    output = _Output(json_file, tuple(map(Path, profiles)), annotate)
    output.check()
    _run(Path(program), request, _Pricing(**pricing), output)


@dataclass(frozen=True)
class _Pricing:
    """The options that decide what a run costs."""

    core: str | None
    board: str | None
    isa: str
    settings: tuple[str, ...]
    band: bool
    allow_unknown: int | None


@dataclass(frozen=True)
class _Output:
    """Where results go: JSON file, None or "-"; profiles; annotate: the disassembly, too."""

    json_file: str | None
    profiles: tuple[Path, ...]
    annotate: bool

    def check(self) -> None:
        """Raise UsageError for a file that cannot be written or is of no known kind."""
        from bnnsim.report.files import check_file

        files = [p.resolve() for p in (*self.profiles, *([Path(self.json_file)] if self.json_file else []))]
        if twice := [p for n, p in enumerate(files) if p in files[:n]]:
            raise UsageError(f"--json, --profile: {twice[0].name} is named twice; each needs a file of its own")
        for path in self.profiles:
            if path.suffix not in (".json", ".callgrind"):
                raise UsageError(f"--profile: found {str(path)!r}; expected FILE.json (speedscope) or FILE.callgrind")
            check_file(path, "--profile")
        if self.json_file not in (None, "-"):
            check_file(Path(self.json_file), "--json")


def _run(path: Path, request: Request, pricing: _Pricing, output: _Output) -> None:
    from bnnsim.elf.ending import stderr_writer
    from bnnsim.elf.listing import listing
    from bnnsim.elf.measure import measure
    from bnnsim.elf.program import load_program, make_plan
    from bnnsim.elf.show import print_measurement, to_json
    from bnnsim.isa import load_isa
    from bnnsim.report.files import write

    isa = load_isa(pricing.isa)
    core, settings = _settings(pricing, isa)
    image, plan = make_plan(load_program(path, isa), request)
    measured = measure(image, plan, core, settings, stderr_writer())
    title = f"{path.name} · {request.call or 'from reset'} · {core.name} · {measured.board}"
    _write_profiles(measured, output.profiles, title)
    if output.json_file == "-":
        click.echo(to_json(measured), nl=False)
        return
    if output.json_file:
        write(Path(output.json_file), to_json(measured).encode())
    lines = listing(measured) if output.annotate else None
    print_measurement(measured, title, _ended(measured, request), lines)


def _settings(pricing: _Pricing, isa: Isa) -> tuple[Core, Settings]:
    """Load core and board and sort the keys of --set. Raises UsageError, ConfigError."""
    from bnnsim.elf.measure import Settings
    from bnnsim.study.run import has_core
    from bnnsim.timing.board import load_board
    from bnnsim.timing.core import load_core
    from bnnsim.timing.custom_costs import check_custom_costs, split_settings

    board = None if pricing.board is None else load_board(pricing.board)
    own = board.core if board and board.core else _DEFAULT_CORE
    core = load_core(own if pricing.core is None else pricing.core)
    if board and not has_core(board, core):
        raise UsageError(f"--core: board {board.name} has a {board.core}, not a {core.name}")
    custom_costs, costs = split_settings(parse_settings(pricing.settings), isa.cost_keys)
    check_custom_costs(custom_costs)
    return core.with_overrides(costs), Settings(board, custom_costs, pricing.allow_unknown, pricing.band)


def _write_profiles(measured: Measurement, files: tuple[Path, ...], title: str) -> None:
    if not files:
        return
    from bnnsim.elf.callgrind import to_callgrind
    from bnnsim.elf.profile import make_profile
    from bnnsim.elf.speedscope import to_speedscope
    from bnnsim.report.files import write

    profile = make_profile(measured)
    for path in files:
        text = (to_speedscope if path.suffix == ".json" else to_callgrind)(measured, profile, title)
        write(path, text.encode())


def _ended(measured: Measurement, request: Request) -> str:
    if measured.breakpoint:
        code = "" if measured.exit_code is None else f", exit code {measured.exit_code}"
        missed = f", --to {request.end} was not reached" if request.end else ""
        return f"ended at the BKPT at {measured.ended_at:#010x}{code}{missed}"
    return f"ended at {request.end}" if request.end else "ended at its return"


def _memory(options: tuple[str, ...]) -> tuple[tuple[bytes, str], ...]:
    """Read the files of --memory options; raises UsageError naming the option."""
    found = []
    for option in options:
        name, at, where = option.rpartition("@")
        if not at or not name or not where:
            raise UsageError(f"--memory: found {option!r}; expected FILE@ADDR, e.g. data.bin@0x20001000")
        try:
            found.append((Path(name).read_bytes(), where))
        except OSError as error:
            raise UsageError(f"--memory: cannot read {name!r}: {error.strerror}") from error
    return tuple(found)
