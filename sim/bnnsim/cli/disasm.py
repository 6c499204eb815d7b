"""`bnnsim disasm`: disassembly in which custom instructions have their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from bnnsim.cli.options import Names
from bnnsim.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bnnsim.elf.disassembly import Stretch
    from bnnsim.elf.disassembly_show import Disassembled
    from bnnsim.model.kernels import Kernel

_FLASH, _RAM = 0x0800_0000, 0x2000_0000  # where a kernel is linked to; nothing depends on it


class _Program(click.ParamType):
    """An ELF file, a kernel's C file, or one of our kernels as OPERATOR=VARIANT."""

    name = "program"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Our kernels, else files."""
        from bnnsim.errors import BnnsimError
        from bnnsim.model.kernels import load_kernels

        try:
            known = [f"{k.operator}={k.variant}" for k in load_kernels()]
        except BnnsimError:
            known = []
        found = [CompletionItem(name) for name in known if incomplete and name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


@click.command(
    "disasm",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  bnnsim disasm BBConv2D=xpopa_blocked                     # one of our kernels, for its ISA
  bnnsim disasm ./my_conv.c --isa popcnt --core cortex-m33 --toolchain gcc
  bnnsim disasm firmware.elf --isa popcnt+xpopa --lines
  bnnsim disasm firmware.elf --function main --function crc32
  bnnsim disasm BBFC=plain --json - | jq '.programs[0].functions[].name'

\b
Exit code: 0 shown, 1 a file that is no program, 2 wrong usage, 3 the compiler refuses the kernel.
""",
)
@click.argument("programs", metavar="FILE.elf|KERNEL.c|OPERATOR=VARIANT…", nargs=-1, required=True, type=_Program())
@click.option(
    "--isa",
    metavar="ISA",
    type=Names("extension", ("base",), many=False),
    help="Extensions that give words a meaning, joined by '+'.  [default: base; of a kernel, the smallest ISA that "
    "has what it needs]",
)
@click.option(
    "--core",
    metavar="NAME",
    default="cortex-m4",
    show_default=True,
    type=Names("core", many=False),
    help="The core that kernels are compiled for.",
)
@click.option(
    "--toolchain",
    type=click.Choice(("clang", "gcc")),
    default="clang",
    show_default=True,
    help="The compiler of kernels.",
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME",
    help="Only this function. Repeatable.  [default: all; of a kernel, its own and those that it calls]",
)
@click.option("--lines", is_flag=True, help="Say of which source line the code is.")
@click.option(
    "--json",
    "json_file",
    metavar="FILE|-",
    type=click.Path(allow_dash=True),
    help="Write everything as JSON to FILE, or only that to stdout (-).",
)
def command(
    programs: tuple[str, ...], isa: str | None, core: str, toolchain: str, functions: tuple[str, ...],
    lines: bool, json_file: str | None,
) -> None:  # fmt: skip
    """Disassemble ELF files and kernels.

    Custom instructions are shown by mnemonic and operands, branches with the function that they go to, data between
    the code as data. A word that no extension of --isa defines is marked, with the extension of ours that does.
    """
    from bnnsim.cli.output import chosen
    from bnnsim.elf.disassembly_show import print_disassembly, to_json
    from bnnsim.report.files import write

    output = chosen(None, json_file, None, quiet=True)
    found = [_of(text, isa, core, toolchain) for text in programs]
    if functions:
        found = _only(found, functions)
    if output.form == "json":
        click.echo(to_json(found), nl=False)
        return
    if output.json_file:
        write(output.json_file, to_json(found).encode())
    for program in found:
        print_disassembly(program, lines)


def _of(text: str, isa: str | None, core: str, toolchain: str) -> Disassembled:
    """Disassemble what an argument names. Raises UsageError if nothing is called that."""
    from bnnsim.elf.disassembly import stretches
    from bnnsim.elf.disassembly_show import Disassembled
    from bnnsim.elf.program import load_program
    from bnnsim.isa import load_isa

    if text.endswith(".c") or not (Path(text).is_file() or "/" in text or Path(text).suffix in (".elf", ".axf")):
        return _kernel(_kernel_named(text), isa, core, toolchain)
    image = load_program(Path(text), load_isa(isa or "base"))
    return Disassembled(Path(text).name, image, tuple(stretches(image)))


def _kernel_named(text: str) -> Kernel:
    from bnnsim.model.kernels import load_kernel, load_kernels

    if text.endswith(".c"):
        return load_kernel(Path(text).absolute())
    known = load_kernels()
    found = [k for k in known if text in (f"{k.operator}={k.variant}", k.variant, k.function)]
    names = [f"{k.operator}={k.variant}" for k in found or known]
    if not found:
        expected = "an ELF file, a kernel's .c file or OPERATOR=VARIANT (`bnnsim list kernels`)"
        raise UsageError(f"found {text!r}; expected {expected}{nearest(text, names)}")
    if len(found) > 1:
        raise UsageError(f"{text!r} can be {', '.join(names)}; name one of them")
    return found[0]


def _kernel(kernel: Kernel, isa: str | None, core: str, toolchain: str) -> Disassembled:
    """Build a kernel alone and disassemble its functions, without what every program has."""
    from bnnsim.bench.check import isas_for
    from bnnsim.build.program import Builder
    from bnnsim.build.toolchain import load_toolchain
    from bnnsim.cache import Cache
    from bnnsim.elf.disassembly import stretches
    from bnnsim.elf.disassembly_show import Disassembled
    from bnnsim.isa import load_isa
    from bnnsim.timing.core import load_core

    target = load_core(core)
    able = [isa] if isa else isas_for(kernel, target.features)
    if not able or kernel.missing(load_isa(able[0]).provides | set(target.features)):
        where = f"{core} with ISA {isa}" if isa else f"{core} with any of our extensions"
        raise UsageError(f"{kernel.path.name} needs {', '.join(kernel.needs)}; {where} has not all of that")
    if toolchain not in target.target:
        raise UsageError(f"core {core} has no target for {toolchain}")
    selected = load_isa(able[0])
    tools = load_toolchain(toolchain, target.target[toolchain])
    builder = Builder(tools, selected, Cache(), _FLASH, _RAM)
    image, empty = builder.build_kernel(kernel), builder.build_empty()
    common = {f.name for f in empty.functions} | set(empty.symbols)
    own = tuple(s for s in stretches(image) if s.name not in common)
    return Disassembled(f"{kernel.operator}={kernel.variant}", image, own, core, toolchain)


def _only(programs: Sequence[Disassembled], functions: Iterable[str]) -> list[Disassembled]:
    """The programs with these functions only. Raises UsageError for one that none has."""
    from dataclasses import replace

    def named(stretch: Stretch) -> bool:
        return stretch.name in functions

    known = {s.name for program in programs for s in program.stretches}
    for name in functions:
        if name not in known:
            raise UsageError(f"--function: found {name!r}, which no program has{nearest(name, known)}")
    return [replace(program, stretches=tuple(filter(named, program.stretches))) for program in programs]
