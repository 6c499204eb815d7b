"""What do the kernels cost on the Cortex-M4 model, and are the project's targets met?

    python benchmarks/kernels.py                       # all operators, about a minute with an empty cache
    python benchmarks/kernels.py --operator BBConv2D   # some of them
    python benchmarks/kernels.py --core cortex-m7 --toolchain gcc --json kernels.json
    python benchmarks/kernels.py --markdown            # the tables of docs/kernel-figures.md

Every output is verified bit for bit. Per word: cycles by words of 32 binary multiply-accumulates, taps outside the
image counted too; per MAC: by multiply-accumulates inside the image; thresholds, packing and requantization included.
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
from bnnsim.isa import load_isa
from bnnsim.model.kernels import load_kernels
from bnnsim.timing.core import load_core

ISAS = ("base", "popcnt", "xpopa")


@dataclass(frozen=True)
class Row:
    """One kernel on one shape and ISA."""

    case: Case
    isa: str
    measured: Measured

    @property
    def rate(self) -> tuple[float, str]:
        """Cycles by what the operator's work is counted in, and its name."""
        m = self.measured
        if m.cycles_per_word is not None:
            return m.cycles_per_word, "word"
        return (m.cycles_per_output, "output") if m.cycles_per_mac is None else (m.cycles_per_mac, "MAC")


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
    """Measure every kernel on every shape; under an extended ISA only kernels that an extension makes different."""
    kernels, core = load_kernels(), load_core(options.core)
    for case in SHAPES:
        if options.operator and case.operator not in options.operator:
            continue
        for isa in ISAS:
            bench = Bench(core, load_isa(isa), options.toolchain, kernels)
            for kernel in kernels:
                if not kernel.accepts(case.layer) or not bench.runs(kernel):
                    continue
                if isa != "base" and not set(kernel.needs) & (bench.isa.provides):
                    continue
                print(f"\r\033[K{title(case)} {isa} {kernel.function}", end="", file=sys.stderr, flush=True)
                yield Row(case, isa, measure(bench, case.layer, kernel, case.inputs(0)))
    print("\r\033[K", end="", file=sys.stderr)


def print_tables(found: list[Row], markdown: bool) -> None:
    """Print a table for each shape, fewest cycles first."""
    headings = ["ISA", "kernel", "cycles", "rate", "instructions", "code B", "weights B", "parameters B", "RAM B"]
    for case in dict.fromkeys(row.case.name for row in found):
        here = [row for row in found if row.case.name == case]
        print(f"\n{'## ' if markdown else ''}{here[0].case.operator} {title(here[0].case)}\n")
        table = [headings]
        for row in sorted(here, key=lambda r: (ISAS.index(r.isa), r.measured.cycles)):
            m, (rate, unit) = row.measured, row.rate
            name = m.kernel.variant + ("" if m.kernel.fixed_time else " (data-dependent)")
            memory = m.memory
            ram = memory.activations_bytes + memory.scratch_bytes + m.stack_bytes
            numbers = (m.instructions, m.code_bytes, memory.weights_bytes, memory.parameters_bytes, ram)
            table.append([row.isa, name, f"{m.cycles:,}", f"{rate:.2f} / {unit}", *(f"{n:,}" for n in numbers)])
        _print(table, markdown)


def _print(table: list[list[str]], markdown: bool) -> None:
    widths = [max(len(line[n]) for line in table) for n in range(len(table[0]))]
    for number, line in enumerate(table):
        cells = [
            text.ljust(w) if n < 2 else text.rjust(w) for n, (text, w) in enumerate(zip(line, widths, strict=True))
        ]
        print(f"| {' | '.join(cells)} |" if markdown else "  ".join(cells))
        if markdown and number == 0:
            print("|" + "|".join(":---" if n < 2 else "---:" for n in range(len(line))) + "|")


def check_targets(found: list[Row]) -> bool:
    """Print each target with the worst shape's rate; returns whether all are met."""
    met = True
    fixed = [row for row in found if row.measured.kernel.fixed_time]
    print("\n## Targets\n")
    for target in TARGETS:
        names = dict.fromkeys(row.case.name for row in fixed if target.holds(row.case))
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
    """The fastest fixed-time kernel that an ISA can run, those for the base ISA too."""
    able = [row for row in found if row.case.name == name and row.isa in ("base", isa)]
    return min(able, key=lambda row: row.measured.cycles)


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
    parser.add_argument("--core", default="cortex-m4", help="default: cortex-m4")
    parser.add_argument("--toolchain", default="clang", choices=("clang", "gcc"))
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write everything here")
    options = parser.parse_args()
    found = list(rows(options))
    made = f"{options.core}, zero-wait memory, {options.toolchain} -O2; every output equals NumPy's."
    if options.markdown:
        print("# Kernel figures\n\nPrinted by `python benchmarks/kernels.py --markdown`:", made)
        print(" ".join(str(__doc__).split("\n\n")[2].split()), "Fewest cycles first.")
    else:
        print(made)
    print_tables(found, options.markdown)
    if options.json:
        data = [{"shape": title(row.case), "isa": row.isa, **facts(row.measured)} for row in found]
        options.json.write_text(json.dumps(data, indent=2) + "\n")
    return 0 if options.core != "cortex-m4" or check_targets(found) else 1


if __name__ == "__main__":
    sys.exit(main())
