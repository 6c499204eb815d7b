"""What do the kernels cost on the Cortex-M4 model, under each ISA, and are the project's targets met?

    python benchmarks/kernels.py                                # all operators, some minutes with an empty cache
    python benchmarks/kernels.py --operator BBConv2D            # some of them
    python benchmarks/kernels.py --isa base,xpopa,xpopa+thrpk   # under some ISAs; the base ISA is always among them
    python benchmarks/kernels.py --core cortex-m7 --toolchain gcc --json kernels.json
    python benchmarks/kernels.py --markdown                     # docs/kernel-figures.md

Every output is verified bit for bit. Per word: cycles by words of 32 binary multiply-accumulates, taps outside the
image counted too; per MAC: by multiply-accumulates inside the image; thresholds, packing and requantization included.
A kernel is measured under those ISAs only that change its code.
On a Cortex-M4 the targets are checked; exits with 1 if one is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bnnsim.bench.case import Case
from bnnsim.bench.measure import Bench, Measured, measure
from bnnsim.bench.shapes import SHAPES, title
from bnnsim.bench.show import facts
from bnnsim.build.program import isa_of
from bnnsim.errors import BnnsimError
from bnnsim.isa import BASE, load_isa
from bnnsim.model.kernels import load_kernels
from bnnsim.timing.core import load_core

ISAS = (
    "base", "popcnt", "xpop", "vcnt8", "csa", "xpopa", "xndota", "xpopa_h", "vxpopa", "thrpk", "popcnt+thrpk",
    "xpopa+thrpk", "signpk", "bmax", "sdot4", "sdot4+thrpk", "bdot8", "bsdot", "sdot2b", "sdot4b", "xvpu", "xvpu_m33",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One kernel on one shape; isa: what its code depends on of the ISA that it was built for."""

    case: Case
    isa: str
    measured: Measured

    @property
    def extensions(self) -> frozenset[str]:
        """Names of the extensions that it uses."""
        return _extensions(self.isa)

    @property
    def kernel_text(self) -> str:
        """The variant, with its operator if that is another one than the shape's."""
        kernel = self.measured.kernel
        own = kernel.variant if kernel.operator == self.case.operator else f"{kernel.operator}={kernel.variant}"
        return own + ("" if kernel.fixed_time else " (data-dependent)")

    @property
    def rate(self) -> tuple[float, str]:
        """Cycles by what the operator's work is counted in, and its name."""
        m = self.measured
        if m.cycles_per_word is not None:
            return m.cycles_per_word, "word"
        return (m.cycles_per_output, "output") if m.cycles_per_mac is None else (m.cycles_per_mac, "MAC")


def _extensions(isa: str) -> frozenset[str]:
    return frozenset(isa.split("+")) - {BASE}


@dataclass(frozen=True)
class Target:
    """At most `limit` cycles per word or MAC for the best fixed-time kernel, on the shapes that `holds` for."""

    text: str
    isa: str
    limit: float
    holds: Callable[[Case], bool]


def _conv(operator: str, least_channels: int, sizes: Callable[[int], bool]) -> Callable[[Case], bool]:
    def holds(case: Case) -> bool:
        return case.operator == operator and case.in_shape[2] >= least_channels and sizes(case.in_shape[0])

    return holds


TARGETS = (
    Target("base, ≥ 64 channels, maps ≥ 16×16", "base", 7.0, _conv("BBConv2D", 64, lambda size: size >= 16)),
    Target("base, ≥ 64 channels, maps of 8×8", "base", 10.0, _conv("BBConv2D", 64, lambda size: size == 8)),
    Target("popcnt, ≥ 64 channels", "popcnt", 5.0, _conv("BBConv2D", 64, lambda size: size >= 8)),
    Target("xpopa, ≥ 64 channels", "xpopa", 3.0, _conv("BBConv2D", 64, lambda size: size >= 8)),
    Target("int8, ≥ 32 channels", "base", 1.3, _conv("Conv2D_int8", 32, lambda size: size >= 8)),
)
BINARY_OVER_INT8 = 4.0  # a binary 3×3 convolution on the base ISA against int8 of the same shape


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Measure every kernel on every shape, under the ISAs that make it different code."""
    kernels, core = load_kernels(), load_core(options.core)
    benches = [Bench(core, load_isa(isa), options.toolchain, kernels) for isa in options.isa]
    shapes = [case for case in SHAPES if not options.operator or case.operator in options.operator]
    for number, case in enumerate(shapes):
        done = set[tuple[str, str]]()
        for bench in benches:
            for kernel in kernels:
                if not kernel.accepts(case.layer) or not bench.runs(kernel):
                    continue
                used = isa_of(bench.isa, kernel.path).name
                if (kernel.function, used) in done:
                    continue
                done.add((kernel.function, used))
                at = f"{number + 1}/{len(shapes)} {case.operator} {title(case)} {used} {kernel.function}"
                print(f"\r\033[K{at}", end="", file=sys.stderr, flush=True)
                yield Row(case, used, measure(bench, case.layer, kernel, case.inputs(0)))
    print("\r\033[K", end="", file=sys.stderr)


def without_repeated(found: list[Row]) -> list[Row]:
    """Leave out what costs the same with fewer extensions: code that only mentions an instruction."""

    def cost(row: Row) -> tuple[object, ...]:
        m = row.measured
        return row.case.name, m.kernel.function, m.cycles, m.instructions, m.code_bytes

    least: dict[tuple[object, ...], list[Row]] = {}
    for row in sorted(found, key=lambda row: len(row.extensions)):
        same = least.setdefault(cost(row), [])
        if not any(other.extensions < row.extensions for other in same):
            same.append(row)
    kept = {id(row) for same in least.values() for row in same}
    return [row for row in found if id(row) in kept]


def print_operator(found: list[Row], isas: list[str], markdown: bool) -> None:
    """Print an operator's tables: rates of the best kernels and of all, then what the best ones take."""
    cases = {row.case.name: row.case for row in found}
    unit, titles = found[0].rate[1], [title(case) for case in cases.values()]
    used = {row.extensions for row in found}
    isas = [isa for isa in isas if _extensions(isa) in used]
    print(f"\n{'## ' if markdown else ''}{found[0].case.operator}\n")
    rates = ([isa, *(f"{_best(found, name, isa).rate[0]:.2f}" for name in cases)] for isa in isas)
    _print([[f"best by ISA, cycles per {unit}", *titles], *rates], markdown, 1)
    print()
    by_kernel = {(row.kernel_text, row.isa, row.case.name): f"{row.rate[0]:.2f}" for row in found}
    kernels = dict.fromkeys((kernel, isa) for kernel, isa, _ in by_kernel)
    rates = ([*kernel, *(by_kernel.get((*kernel, name), "") for name in cases)] for kernel in kernels)
    _print([[f"all kernels, cycles per {unit}", "ISA", *titles], *rates], markdown, 2)
    print()
    names = ["cycles", "× base", "instructions", "code B", "weights B", "parameters B", "RAM B"]
    _print([["shape", "ISA", "best kernel", *names], *_costs(found, cases, isas)], markdown, 3)


def _costs(found: list[Row], cases: dict[str, Case], isas: list[str]) -> Iterator[list[str]]:
    """Lines of what the best kernel under each ISA takes that has kernels of its own for the shape."""
    for name, case in cases.items():
        used = {row.extensions for row in found if row.case.name == name}
        base = _best(found, name, BASE).measured.cycles
        for isa in isas:
            if _extensions(isa) not in used:
                continue
            best = _best(found, name, isa)
            m, memory = best.measured, best.measured.memory
            ram = memory.activations_bytes + memory.scratch_bytes + m.stack_bytes
            numbers = (m.instructions, m.code_bytes, memory.weights_bytes, memory.parameters_bytes, ram)
            times = [f"{m.cycles:,}", f"{base / m.cycles:.2f}"]
            yield [title(case) if isa == BASE else "", isa, best.kernel_text, *times, *(f"{n:,}" for n in numbers)]


def _print(table: list[list[str]], markdown: bool, texts: int) -> None:
    """texts: how many columns are no numbers."""
    widths = [max(len(line[n]) for line in table) for n in range(len(table[0]))]
    for number, line in enumerate(table):
        cells = [
            text.ljust(w) if n < texts else text.rjust(w) for n, (text, w) in enumerate(zip(line, widths, strict=True))
        ]
        print(f"| {' | '.join(cells)} |" if markdown else "  ".join(cells))
        if markdown and number == 0:
            print("|" + "|".join(":---" if n < texts else "---:" for n in range(len(line))) + "|")


def check_targets(found: list[Row]) -> bool:
    """Print each target with the worst shape's rate; returns whether all are met."""
    met = True
    fixed = [row for row in found if row.measured.kernel.fixed_time]
    print("\n## Targets\n")
    for target in TARGETS:
        measured = any(row.extensions == _extensions(target.isa) for row in fixed)
        names = dict.fromkeys(row.case.name for row in fixed if measured and target.holds(row.case))
        best = [_best(fixed, name, target.isa) for name in names]
        if not best:
            continue
        worst = max(best, key=lambda row: row.rate[0])
        met &= worst.rate[0] <= target.limit
        verdict = "met" if worst.rate[0] <= target.limit else "MISSED"
        rate, unit = worst.rate
        at = f"{worst.measured.kernel.variant}, {title(worst.case)}"
        print(f"- {verdict}: {target.text}: at most {target.limit:g}, found {rate:.2f} per {unit} ({at})")
    for binary, int8 in _same_shapes(fixed):
        ratio = int8.measured.cycles / binary.measured.cycles
        met &= ratio >= BINARY_OVER_INT8
        verdict = "met" if ratio >= BINARY_OVER_INT8 else "MISSED"
        print(f"- {verdict}: {title(binary.case)}: binary {ratio:.2f}× as fast as int8, at least {BINARY_OVER_INT8:g}×")
    return met


def _best(found: list[Row], name: str, isa: str) -> Row:
    """The fastest fixed-time kernel that an ISA can run on a shape."""
    here = (row for row in found if row.case.name == name and row.measured.kernel.fixed_time)
    return min((row for row in here if row.extensions <= _extensions(isa)), key=lambda row: row.measured.cycles)


def _same_shapes(found: list[Row]) -> Iterator[tuple[Row, Row]]:
    """The best binary and int8 convolutions of equal shape, 3×3."""
    names = {row.case.name: row.case for row in found}
    for name, case in names.items():
        for other, twin in names.items():
            if (case.operator, twin.operator) != ("BBConv2D", "Conv2D_int8"):
                continue
            if (case.in_shape, case.keys) == (twin.in_shape, twin.keys) and case.keys["kernel"] == 3:
                yield _best(found, name, "base"), _best(found, other, "base")


def main() -> int:
    """Measure, print, and tell whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operator", action="append", metavar="NAME", help="only this operator; repeatable")
    parser.add_argument("--isa", default=",".join(ISAS), metavar="NAME,…", help="default: base and our extensions")
    parser.add_argument("--core", default="cortex-m4", help="default: cortex-m4")
    parser.add_argument("--toolchain", default="clang", choices=("clang", "gcc"))
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write everything here")
    options = parser.parse_args()
    options.isa = list(dict.fromkeys([BASE, *options.isa.split(",")]))
    try:
        found = without_repeated(list(rows(options)))
    except BnnsimError as error:
        parser.error(str(error))
    made = f"{options.core}, zero-wait memory, {options.toolchain} -O2."
    if options.markdown:
        print("# Kernel figures\n\nPrinted by `python benchmarks/kernels.py --markdown`:", made)
        print(*str(__doc__).split("\n\n")[2].splitlines()[:-1], sep="\n")
        print(
            "[The extensions](extensions.md) add their instructions. Best are those of fixed time; × base: as fast as"
        )
        print("the best one on the base ISA.\n")
    else:
        print(made)
    notes = {e.name: e.note for isa in options.isa for e in load_isa(isa).extensions if e.note}
    print(*(f"- {name}: {note}" for name, note in notes.items()), sep="\n")
    for operator in dict.fromkeys(row.case.operator for row in found):
        print_operator([row for row in found if row.case.operator == operator], options.isa, options.markdown)
    if options.json:
        data = [
            {"layer": row.case.operator, "shape": title(row.case), "isa": row.isa, **facts(row.measured)}
            for row in found
        ]
        options.json.write_text(json.dumps(data, indent=2) + "\n")
    return 0 if options.core != "cortex-m4" or check_targets(found) else 1


if __name__ == "__main__":
    sys.exit(main())
