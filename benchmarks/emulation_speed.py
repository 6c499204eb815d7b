"""How fast does counting emulation run? Side by side with bare Unicorn and with a Python block hook.

Each configuration repeats whole inferences of the default network for at least --seconds, on the same
image and alone on the machine; configurations take turns for --rounds rounds and the medians count.
`custom_instructions.py` measures custom instructions.

    python benchmarks/emulation_speed.py

Exits with 1 below target: 0.6 of bare Unicorn, 12 times a Python block hook.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import unicorn

from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.layouts import network_plan
from bnnsim.emulate.machine import Machine
from bnnsim.emulate.plan import Plan
from bnnsim.model.pack import pack_tensor
from bnnsim.study.cell import Cell, build_program, fastest
from bnnsim.study.config import make_study
from bnnsim.study.run import make_cells

TARGETS = {"ratio_bare": 0.6, "ratio_python": 12.0}


def prepare(cell: Cell) -> tuple[Image, Plan]:
    """Build the cell's network with its fastest kernels."""
    program = build_program(cell, tuple(fastest(cell, layer) for layer in cell.network.layers))
    return program.image, network_plan(program, cell.regions, pack_tensor(cell.x, cell.network.input))


def runner(image: Image, plan: Plan, mode: str) -> Callable[[], None]:
    """One inference per call on a machine of its own. mode: bare, counting or python."""
    machine = Machine(image, plan, "cortex-m4")
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


def medians(runs: dict[str, Callable[[], None]], seconds: float, rounds: int) -> dict[str, float]:
    """Seconds of one call of each, warmed up; they take turns."""
    for run in runs.values():
        run()  # translate
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(seconds_per_inference(run, seconds))
    return {name: statistics.median(values) for name, values in times.items()}


def arguments(description: str | None) -> argparse.Namespace:
    """Parse the command line that the benchmarks of emulation share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="least time per configuration and round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds whose median counts")
    return parser.parse_args()


def main() -> int:
    """Measure, print one line of ratios, compare with the targets."""
    options = arguments(__doc__)
    (cell,) = make_cells(make_study({"isa": ["base"]}))
    image, plan = prepare(cell)
    runs = {mode: runner(image, plan, mode) for mode in ("bare", "counting", "python")}
    median = medians(runs, options.seconds, options.rounds)
    found = {
        "ratio_bare": median["bare"] / median["counting"],
        "ratio_python": median["python"] / median["counting"],
    }
    for name, value in median.items():
        print(f"{name:10} {value * 1e3:9.2f} ms per inference")
    print(" ".join(f"{name}={value:.3g}" for name, value in found.items()))
    return int(any(found[name] < target for name, target in TARGETS.items()))


if __name__ == "__main__":
    sys.exit(main())
