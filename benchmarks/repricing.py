"""How many prices per second does one stored trace of the default network give, in one process?

    python benchmarks/repricing.py

Prices the popcnt image's trace with another popcount latency and another load cost each time. Exits
with 1 below 1,000 prices per second.
"""

from __future__ import annotations

import argparse
import sys
import time

from bnnsim.study.config import make_study
from bnnsim.study.run import make_cells

TARGET = 1000.0


def main() -> int:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="least time per figure")
    options = parser.parse_args()
    (cell,) = make_cells(make_study({"isa": ["popcnt"]}))
    from bnnsim.study.cell import fastest, run_network
    from bnnsim.timing.price import price

    program = run_network(cell, tuple(fastest(cell, layer) for layer in cell.network.layers)).program
    cores = [cell.core.with_overrides({"load.cycles": cycles}) for cycles in (2, 3, 4)]
    totals = set()
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < options.seconds:
        timing = price(program, cores[count % 3], {"popcnt.popc.issue_cycles": 1 + count % 5})
        totals.add((count % 15, int(timing.cycles.sum())))
        count += 1
    if len(totals) != min(count, 15):
        raise RuntimeError("the same costs gave different cycles")
    edges, rows = len(program.taken), len(program.addresses)
    print(f"trace: {edges:,} edges, {rows:,} instructions to price, {int(program.instructions.sum()):,} executed")
    print(f"prices_per_s={count / elapsed:.0f}")
    return int(count / elapsed < TARGET)


if __name__ == "__main__":
    sys.exit(main())
