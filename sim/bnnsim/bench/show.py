"""A checked kernel as text for the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from bnnsim.bench.case import Case
from bnnsim.bench.check import Checked
from bnnsim.bench.measure import Bench, Measured
from bnnsim.bench.shapes import title
from bnnsim.model.kernels import Kernel
from bnnsim.report.console import page, plain_table

SCHEMA = 1
Timed = Sequence[tuple[Case, Sequence[Measured]]]


def print_check(kernel: Kernel, checked: Sequence[Checked], timed: Timed, bench: Bench) -> None:
    """Print where the kernel is right, then its cycles and bytes next to the other variants'."""
    with page() as console:
        needs = ", ".join(kernel.needs) or "nothing beyond the base ISA"
        console.print(Text(f"{kernel.path.name}: {kernel.operator}, variant {kernel.variant}, needs {needs}", "bold"))
        table = plain_table(("core", "ISA", "compiler"), ("layers", "outputs", "fixed time", "stack B"))
        for row in checked:
            right = "right" if row.problem is None else "WRONG" if row.built else "not built"
            fixed = "yes" if row.same_time else "no" if not kernel.fixed_time else "NO"
            bench_ = row.bench
            table.add_row(
                bench_.core.name,
                bench_.isa.name,
                bench_.compiler,
                str(row.layers),
                right,
                fixed,
                f"{row.stack_bytes:,}",
            )
        console.print(table)
        for row in checked:
            if row.problem:
                console.print(Text(f"{row.bench.name}: {row.problem}", style="red"))
        if kernel.fixed_time and any(not row.same_time for row in checked):
            console.print(Text("its time depends on the data; set fixed_time: false", style="red"))
        for case, found in timed:
            console.print(Text(f"\n{kernel.operator} {title(case)}, on {bench.name}", "bold"))
            console.print(_timing_table(kernel, found))


def _timing_table(kernel: Kernel, found: Sequence[Measured]) -> Any:
    numbers = ("cycles", "per MAC", "per word", "per output", "× best", "code B", "weights B", "parameters B")
    table = plain_table(("variant",), (*numbers, "scratch B", "stack B"))
    for m in found:
        own, memory = m.kernel.function == kernel.function, m.memory
        name = f"{m.kernel.variant}{' ◀' if own else ''}{'' if m.kernel.fixed_time else ' (data-dependent)'}"
        table.add_row(
            name,
            f"{m.cycles:,}",
            _rate(m.cycles_per_mac),
            _rate(m.cycles_per_word),
            _rate(m.cycles_per_output),
            f"{m.cycles / found[0].cycles:.2f}×",
            *(f"{n:,}" for n in (m.code_bytes, memory.weights_bytes, memory.parameters_bytes)),
            *(f"{n:,}" for n in (memory.scratch_bytes, m.stack_bytes)),
            style="bold" if own else "",
        )
    return table


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def to_json(kernel: Kernel, checked: Sequence[Checked], timed: Timed) -> str:
    """The JSON of docs/kernels.md."""
    document = {
        "schema": SCHEMA,
        "operator": kernel.operator,
        "variant": kernel.variant,
        "checked": [
            {
                "core": row.bench.core.name,
                "isa": row.bench.isa.name,
                "toolchain": row.bench.compiler,
                "layers": row.layers,
                "same_time": row.same_time,
                "stack_bytes": row.stack_bytes,
                "problem": row.problem,
            }
            for row in checked
        ],
        "problems": sum(row.problem is not None for row in checked),
        "timed": [{"shape": title(case), "kernels": [facts(m) for m in found]} for case, found in timed],
    }
    return json.dumps(document, indent=2) + "\n"


def facts(m: Measured) -> dict[str, Any]:
    """What was measured, by the names of the JSON; rates that an operator does not have are null."""
    numbers = ("cycles", "instructions", "cycles_per_mac", "cycles_per_word", "cycles_per_output")
    own = {"operator": m.kernel.operator, "variant": m.kernel.variant, "fixed_time": m.kernel.fixed_time}
    own |= {name: getattr(m, name) for name in numbers}
    return own | {"code_bytes": m.code_bytes, **asdict(m.memory), "stack_bytes": m.stack_bytes}
