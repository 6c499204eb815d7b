"""How fast does counting emulation run? Side by side with bare Unicorn and with a Python block hook.

Each configuration repeats whole inferences of the default network for at least --seconds, on the same
image and alone on the machine; configurations take turns for --rounds rounds and the medians count.
The base image is the whole network; the popcnt image holds its binary layers (conv2 to fc), where popcount
instructions are, and custom instructions per second are those executed over the whole time of its inferences.

    python benchmarks/emulation_speed.py

Exits with 1 below target: 0.6 of bare Unicorn, 12 times a Python block hook, 30 M custom instructions/s.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import unicorn

from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.custom import compile_semantics
from bnnsim.emulate.layouts import network_plan
from bnnsim.emulate.machine import Machine
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.sites import find_sites
from bnnsim.model.network import network_of
from bnnsim.model.pack import pack_tensor
from bnnsim.model.reference import run_reference
from bnnsim.study.cell import Cell, build_program, fastest
from bnnsim.study.config import make_study
from bnnsim.study.run import make_cells

TARGETS = {"ratio_bare": 0.6, "ratio_python": 12.0, "custom_per_s": 30e6}


def prepare(cell: Cell) -> tuple[Image, Plan]:
    """Build the cell's network with its fastest kernels."""
    program = build_program(cell, tuple(fastest(cell, layer) for layer in cell.network.layers))
    return program.image, network_plan(program, cell.regions, pack_tensor(cell.x, cell.network.input))


def binary_layers(cell: Cell) -> Cell:
    """The cell's network without what comes before conv2."""
    first, *rest = cell.network.layers[2:]
    network = network_of("binary", [replace(first, inputs=("input",)), *rest])
    x = cell.expected["pool1"]
    return replace(cell, network=network, x=x, expected=run_reference(network, x))


def runner(image: Image, plan: Plan, mode: str) -> Callable[[], None]:
    """One inference per call on a machine of its own. mode: bare, counting or python."""
    machine = Machine(image, plan, "cortex-m4")
    if image.sites:
        machine.hook_sites(find_sites(image, compile_semantics(image.isa), details=False), everywhere=False)
    if mode == "python":
        counts: dict[tuple[tuple[int, int], tuple[int, int]], int] = {}
        previous, left = (0, 0), 2**62

        def count(uc: unicorn.Uc, address: int, size: int, _data: object) -> None:
            """The native hook's job in Python: edges by address and size, and the instruction limit."""
            nonlocal previous, left
            block = (address, size)
            edge = (previous, block)
            counts[edge] = counts.get(edge, 0) + 1
            previous = block
            left -= size >> 1
            if left < 0:
                uc.emu_stop()

        machine.uc.hook_add(unicorn.UC_HOOK_BLOCK, count)
    if mode == "counting":
        machine.count_edges()

    def run() -> None:
        machine.blocks[probes.BUDGET] = 2**62
        machine.uc.emu_start(plan.start | 1, plan.slices[-1].until)

    return run


def seconds_per_inference(run: Callable[[], None], seconds: float) -> float:
    """Repeat for at least `seconds`; mean time of one inference."""
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        run()
        count += 1
    return elapsed / count


def custom_executions(image: Image, plan: Plan, cell: Cell) -> int:
    """Custom instructions of one inference, by the detail pass's count of every executed instruction."""
    from bnnsim.emulate.run import emulate

    trace = emulate(image, plan, cell.core.unicorn_cpu)
    total = 0
    for (_, block), count in zip(trace.edges, trace.counts.sum(axis=0), strict=True):
        address, size = trace.blocks[block]
        total += int(count) * sum(address <= site < address + size for site in image.sites)
    return total - int(trace.skipped[:, [a in image.sites for a in trace.skipped_at]].sum())


def main() -> int:
    """Measure, print one line of ratios, compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="least time per configuration and round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds whose median counts")
    options = parser.parse_args()
    base, popcnt = make_cells(make_study({"isa": ["base", "popcnt"]}))
    base_image, base_plan = prepare(base)
    popcnt = binary_layers(popcnt)
    custom_image, custom_plan = prepare(popcnt)
    runs = {mode: runner(base_image, base_plan, mode) for mode in ("bare", "counting", "python")}
    runs["custom"] = runner(custom_image, custom_plan, "counting")
    for run in runs.values():
        run()  # translate and warm up
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name, run in runs.items():
            times[name].append(seconds_per_inference(run, options.seconds))
    median = {name: statistics.median(values) for name, values in times.items()}
    executed = custom_executions(custom_image, custom_plan, popcnt)
    found = {
        "ratio_bare": median["bare"] / median["counting"],
        "ratio_python": median["python"] / median["counting"],
        "custom_per_s": executed / median["custom"],
    }
    for name, value in median.items():
        print(f"{name:10} {value * 1e3:9.2f} ms per inference")
    print(f"custom instructions per inference on the popcnt image: {executed:,}")
    print(" ".join(f"{name}={value:.3g}" for name, value in found.items()))
    return int(any(found[name] < target for name, target in TARGETS.items()))


if __name__ == "__main__":
    sys.exit(main())
