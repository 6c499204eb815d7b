"""How many custom instructions a second does counting emulation execute?

For each ISA the binary layers of the default network (conv2 to fc), where its instructions are, run again and again
for at least --seconds. Side by side in one run, taking turns for --rounds rounds whose medians count:

  native   semantics compiled by Numba, called from the native hook
  skipped  the same image with every custom instruction a NOP: what the rest of the program takes (not xvpu)
  python   (popcnt only) the semantics in Python, as for those that Numba does not compile

Rates are custom instructions over the whole time of the inferences, everything between them included.

    python benchmarks/custom_instructions.py

Exits with 1 below target: 30 M instructions/s between core registers, 5 M/s of the vector unit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from emulation_speed import arguments, medians, prepare

from bnnsim.build.image import Image
from bnnsim.emulate import custom, probes
from bnnsim.emulate.machine import Machine
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.sites import find_sites
from bnnsim.model.network import network_of
from bnnsim.model.reference import run_reference
from bnnsim.study.cell import Cell
from bnnsim.study.config import make_study
from bnnsim.study.run import make_cells

TARGETS = {"popcnt": 30e6, "xpopa": 30e6, "xvpu": 5e6}
# Without the unit's instructions, which move its pointers on, its loops would not end.
MODES = {"popcnt": ("native", "skipped", "python"), "xpopa": ("native", "skipped"), "xvpu": ("native",)}


def binary_layers(cell: Cell) -> Cell:
    """The cell's network without what comes before conv2."""
    first, *rest = cell.network.layers[2:]
    network = network_of("binary", [replace(first, inputs=("input",)), *rest])
    x = cell.expected["pool1"]
    return replace(cell, network=network, x=x, expected=run_reference(network, x))


def runner(image: Image, plan: Plan, mode: str) -> Callable[[], None]:
    """One inference per call on a machine of its own."""
    machine = Machine(image, plan, "cortex-m4")
    compiled = {}
    if mode != "skipped":
        compiled = custom.compile_semantics(image.custom_instructions)
        if mode == "python":
            with patch.object(custom, "_native", side_effect=NotImplementedError("measured in Python on purpose")):
                compiled = {i.name: custom._compile.__wrapped__(i) for i in image.custom_instructions}
        machine.hook_sites(find_sites(image, compiled, details=False), everywhere=False)
    machine.count_edges()

    def run(kept: object = compiled) -> None:
        """kept: what the hooks call."""
        machine.blocks[probes.BUDGET] = 2**62
        machine.uc.emu_start(plan.start | 1, plan.slices[-1].until)

    return run


def executions(image: Image, plan: Plan, cell: Cell) -> int:
    """Custom instructions of one inference, by the detail pass's count of every executed instruction."""
    from bnnsim.emulate.run import emulate

    trace = emulate(image, plan, cell.core.unicorn_cpu)
    total = 0
    for (_, block), count in zip(trace.edges, trace.counts.sum(axis=0), strict=True):
        address, size = trace.blocks[block]
        total += int(count) * sum(address <= site < address + size for site in image.sites)
    return total - int(trace.skipped[:, [a in image.sites for a in trace.skipped_at]].sum())


def main() -> int:
    """Measure, print a table, compare with the targets."""
    options = arguments(__doc__)
    missed = []
    print(f"{'ISA':8} {'custom':>9} {'native':>10} {'M/s':>7} {'skipped / native':>17} {'python / native':>16}")
    for cell in make_cells(make_study({"isa": list(TARGETS)})):
        cell = binary_layers(cell)
        image, plan = prepare(cell)
        modes = MODES[cell.isa.name]
        median = medians({m: runner(image, plan, m) for m in modes}, options.seconds, options.rounds)
        executed = executions(image, plan, cell)
        rate = executed / median["native"]
        ratios = [f"{median[m] / median['native']:.2f}" if m in median else "" for m in ("skipped", "python")]
        print(
            f"{cell.isa.name:8} {executed:9,} {median['native'] * 1e3:7.2f} ms {rate / 1e6:7.1f} "
            f"{ratios[0]:>17} {ratios[1]:>16}"
        )
        missed += [cell.isa.name] if rate < TARGETS[cell.isa.name] else []
    if missed:
        print(f"below target: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
