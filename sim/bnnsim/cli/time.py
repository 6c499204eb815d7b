"""`bnnsim time`: cycles of any bare-metal ELF file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bnnsim.cli.options import Names, split
from bnnsim.errors import UsageError

if TYPE_CHECKING:
    from bnnsim.elf.measure import Measurement
    from bnnsim.elf.program import Request


@click.command(
    "time",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  bnnsim time firmware.elf --call crc32 --args 0x20001000,64 --memory data.bin@0x20001000
  bnnsim time firmware.elf --core cortex-m0plus              # from reset to BKPT
  bnnsim time firmware.elf --from loop_begin --to loop_end   # from reset, counting between two symbols
  bnnsim time firmware.elf --call fir --args input,output,32 --annotate
  bnnsim time firmware.elf --call fir --json - | jq .cycles

\b
Memory: the pages (64 KiB) of every segment at its load and run address, 16 MiB of zeros at
0x20000000, the pages of --memory, plain memory at 0xE0000000 in place of the system registers,
and for --call a stack of 256 KiB below 0x40000000, far from the program. Peripherals are not mapped.

\b
Exit code: 0 timed, 1 a fault or an instruction without a cost, 2 wrong usage.
""",
)
@click.argument("program", metavar="PROGRAM", type=click.Path())
@click.option("--core", default="cortex-m4", show_default=True, metavar="NAME", type=Names("core", many=False),
              help="The core to time it on.")
@click.option("--call", metavar="FUNCTION",
              help="Call this function (symbol or address) and count until it returns; without it the "
                   "program runs from reset.")
@click.option("--args", "arguments", multiple=True, metavar="VALUE[,…]",
              help="Arguments of the call, numbers or symbols: r0 to r3, the rest on the stack.")
@click.option("--memory", multiple=True, metavar="FILE@ADDR",
              help="Put a file into memory first, at an address or a symbol. Repeatable.")
@click.option("--from", "start", metavar="SYMBOL", help="Count from here, a symbol or an address.")
@click.option("--to", "end", metavar="SYMBOL", help="End here, when it is reached the first time. BKPT ends, too.")
@click.option("--isa", default="base", show_default=True, metavar="ISA", type=Names("extension", ("base",), many=False),
              help="Extensions whose custom instructions the program uses, joined by '+'.")
@click.option("--limit", default=1_000_000_000, show_default=True, metavar="N", type=click.IntRange(1, 2**60),
              help="Give up after about this many instructions.")
@click.option("--json", "json_file", metavar="FILE|-", type=click.Path(allow_dash=True),
              help="Also write JSON to FILE, or only that to stdout (-).")
@click.option("--annotate", is_flag=True, help="Print the disassembly with executions, cycles and source lines.")
def command(
    program: str, core: str, call: str | None, arguments: tuple[str, ...], memory: tuple[str, ...],
    start: str | None, end: str | None, isa: str, limit: int, json_file: str | None, annotate: bool,
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
    _run(Path(program), core, isa, request, json_file, annotate)


def _run(path: Path, core_name: str, isa: str, request: Request, json_file: str | None, annotate: bool) -> None:
    from bnnsim.elf.listing import listing
    from bnnsim.elf.measure import measure
    from bnnsim.elf.program import load_program, make_plan
    from bnnsim.elf.show import print_measurement, to_json
    from bnnsim.isa import load_isa
    from bnnsim.report.files import check_file, write
    from bnnsim.timing.core import load_core

    if json_file not in (None, "-"):
        check_file(Path(json_file), "--json")
    core = load_core(core_name)
    image, plan = make_plan(load_program(path, load_isa(isa)), request)
    measured = measure(image, plan, core)
    if json_file == "-":
        click.echo(to_json(measured), nl=False)
        return
    if json_file:
        write(Path(json_file), to_json(measured).encode())
    title = f"{path.name} · {request.call or 'from reset'} · {core.name} · {measured.board}"
    lines = listing(image, measured) if annotate else None
    print_measurement(measured, title, _ended(measured, request), lines)


def _ended(measured: Measurement, request: Request) -> str:
    if measured.breakpoint:
        return f"ended at the BKPT at {measured.ended_at:#010x}"
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
