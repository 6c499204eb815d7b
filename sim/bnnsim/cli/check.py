"""`bnnsim check`: is a kernel or an extension of yours right, and what does it cost next to the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from bnnsim.cli.options import Names, split
from bnnsim.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bnnsim.bench.measure import Bench
    from bnnsim.isa import Isa
    from bnnsim.model.kernels import Kernel

COMPILERS = ("clang", "gcc")
INPUTS = 1000
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m33", "cortex-m7")


class _Subject(Names):
    """A file, or the name of an extension of ours."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names first; anything else is a file."""
        return super().shell_complete(ctx, param, incomplete) or [CompletionItem(incomplete, type="file")]


@click.command(
    "check",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  bnnsim check ./my_conv.c
  bnnsim check ./my_conv.c --core cortex-m4 --isa base,popcnt --toolchain clang,gcc
  bnnsim check ./my_conv.c --json - | jq .problems
  bnnsim check ./my_ext.py                            # an extension of yours
  bnnsim check popcnt --json -                        # one of ours

\b
Exit code: 0 all is right, 1 something is not, 2 wrong usage.
""",
)
@click.argument("file", metavar="FILE.c|FILE.py|EXTENSION", type=_Subject("extension", many=False))
@click.option(
    "--core",
    "cores",
    multiple=True,
    type=Names("core"),
    metavar="NAME[,…]",
    help=f"Cores to run on.  [default: those of {', '.join(CORES)} that have what it needs]",
)
@click.option(
    "--isa",
    "isas",
    multiple=True,
    type=Names("extension", ("base",)),
    metavar="NAME[,…]",
    help="ISAs.  [default: the smallest ones that have what it needs]",
)
@click.option(
    "--toolchain",
    "compilers",
    multiple=True,
    metavar="clang|gcc[,…]",
    help="Compilers.  [default: clang, and gcc if it is installed]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of what is random.")
@click.option(
    "--inputs",
    type=click.IntRange(1, 10_000_000),
    metavar="N",
    help=f"Inputs on which each custom instruction's semantics are tried.  [default: {INPUTS}]",
)
@click.option("--no-timing", is_flag=True, help="Only check; do not compare with the other variants.")
@click.option(
    "--json",
    "json_file",
    metavar="FILE|-",
    type=click.Path(allow_dash=True),
    help="Write everything as JSON to FILE, or only that to stdout (-).",
)
@click.option("--quiet", "-q", "--no-progress", is_flag=True, help="No progress bar.")
@click.pass_context
def command(
    ctx: click.Context, file: str, cores: tuple[str, ...], isas: tuple[str, ...], compilers: tuple[str, ...],
    seed: int, inputs: int | None, no_timing: bool, json_file: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Check the kernel in FILE.c, or the extension in FILE.py or of that name.

    A kernel runs on edge and random shapes on every core that it claims, each buffer flush against an unmapped page
    at its end and at its start, and its outputs are held against NumPy bit for bit. Then it is timed next to the
    others of its operator.

    An extension is loaded, its semantics are tried in Python and natively on test vectors, edge values and random
    inputs, and the words that compilers make of it are held against its encoding. What it is, is shown: bits,
    assembly, C, costs, kernels that use it.
    """
    from bnnsim.bench.cases import CASES
    from bnnsim.bench.check import cases_for, check, compare
    from bnnsim.bench.shapes import SHAPES
    from bnnsim.bench.show import print_check, to_json
    from bnnsim.cli.check_extension import check as check_extension
    from bnnsim.cli.output import chosen, progress
    from bnnsim.model.kernels import load_kernel, load_kernels
    from bnnsim.report.files import write

    output = chosen(None, json_file, None, quiet)
    tools = _once(split(compilers))
    if wrong := [name for name in tools if name not in COMPILERS]:
        raise UsageError(f"--toolchain: found {wrong[0]!r}; allowed: clang, gcc{nearest(wrong[0], COMPILERS)}")
    if _is_extension(file):
        _refuse({"--core": cores, "--isa": isas, "--no-timing": no_timing}, "a kernel", file)
        ctx.exit(check_extension(file, tools, inputs or INPUTS, seed, output))
    _refuse({"--inputs": inputs}, "an extension", file)
    kernel = load_kernel(Path(file).absolute())
    if any(k.function == kernel.function and k.path != kernel.path for k in load_kernels()):
        raise UsageError(f"{file}: {kernel.operator} has a variant {kernel.variant!r} already; rename yours")
    benches = _benches(kernel, _once(split(cores)), _once(split(isas)), tools)
    cases = cases_for(kernel, CASES, seed)
    with progress(quiet) as report:
        step = _Steps(report, len(benches) * len(cases))
        checked = [check(kernel, bench, cases, lambda: step(bench.name)) for bench in benches]  # noqa: B023
        right = all(c.problem is None for c in checked)
        bench = _reference(benches)
        timed = [] if no_timing or not right else list(compare(kernel, bench, SHAPES, lambda: step("timing")))
    if output.form == "json":
        click.echo(to_json(kernel, checked, timed), nl=False)
    else:
        print_check(kernel, checked, timed, _reference(benches))
    if output.json_file:
        write(output.json_file, to_json(kernel, checked, timed).encode())
    ctx.exit(0 if right else 1)


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


class _Steps:
    """Tells a progress bar how many of all steps are done."""

    def __init__(self, report, total: int):  # type: ignore[no-untyped-def]
        self.report, self.total, self.done = report, total, 0

    def __call__(self, text: str) -> None:
        self.done += 1
        self.total = max(self.total, self.done)  # how many timings there are shows as they come
        if self.report:
            self.report(self.done, self.total, text)


def _is_extension(file: str) -> bool:
    """Whether a kernel or an extension is meant. Raises UsageError if it is neither."""
    from bnnsim import paths

    if file.endswith(".py") or file in paths.names("extension"):
        return True
    if not file.endswith(".c"):
        known = paths.names("extension")
        expected = "a kernel (FILE.c), an extension (FILE.py)"
        raise UsageError(f"found {file!r}; expected {expected} or one of {', '.join(known)}{nearest(file, known)}")
    return False


def _refuse(options: dict[str, object], other: str, file: str) -> None:
    """Raise UsageError for an option that was given although it is for the other kind of file."""
    for name, value in options.items():
        if value:
            raise UsageError(f"{name} is for {other}; {file} is none")


def _benches(kernel: Kernel, cores: list[str], isas: list[str], compilers: list[str]) -> list[Bench]:
    """All combinations on which the kernel runs. Raises UsageError if there is none."""
    import shutil

    from bnnsim.bench.check import isas_for
    from bnnsim.bench.measure import Bench
    from bnnsim.isa import load_isa
    from bnnsim.model.kernels import load_kernels
    from bnnsim.timing.core import load_core

    known = load_kernels()
    tools = compilers or (["clang", "gcc"] if shutil.which("arm-none-eabi-gcc") else ["clang"])
    loaded = {name: load_isa(name) for name in isas}
    found = []
    for core in map(load_core, cores or CORES):
        for name in isas or isas_for(kernel, core.features):
            isa = loaded[name] = loaded.get(name) or load_isa(name)
            if not kernel.missing(isa.provides | set(core.features)):
                found += [Bench(core, isa, compiler, (*known, kernel)) for compiler in tools]
    if not found:
        _check_needs(kernel, list(loaded.values()))
        isa_text = f" with ISA {', '.join(isas)}" if isas else ""
        where = f"{', '.join(cores or CORES)}{isa_text}"
        raise UsageError(f"{kernel.path.name} needs {', '.join(kernel.needs)}: none of {where} has that")
    return found


def _check_needs(kernel: Kernel, isas: Sequence[Isa]) -> None:
    """Raise UsageError for a need that no core and no extension is known to have."""
    from bnnsim import paths
    from bnnsim.isa import loadable
    from bnnsim.timing.core import load_core
    from bnnsim.yamlfile import display_path

    provided = [load_core(name).features for name in paths.names("core")]
    provided += [isa.provides for isa in (*isas, *loadable().values())]
    known = sorted(set().union(*provided))
    for need in kernel.needs:
        if need not in known:
            text = f"unknown need {need!r}; features and primitives are {', '.join(known)}{nearest(need, known)}"
            raise UsageError(f"{display_path(kernel.path)}: needs: {text}")


def _reference(benches: list[Bench]) -> Bench:
    """Where timings are compared: on a Cortex-M4 with Clang if that is among them."""
    return min(benches, key=lambda b: (b.core.name != "cortex-m4", b.compiler != "clang"))
