"""Amdahl's bound in words: what an ISA could gain at most, from the layers in which its instructions execute."""

from __future__ import annotations

from bnnsim.report.lines import bound
from bnnsim.study.results import CellResult, Comparison

_MOST_NAMES = 6  # of layers; the JSON has all


def bounds(comparison: Comparison, cells: tuple[CellResult, ...]) -> list[str]:
    """One sentence for each cell that executes custom instructions and whose reference has numbers."""
    totals = {(c.core, c.board): c.cycles for c in comparison.cells if c.isa == comparison.reference_isa}
    found = []
    for cell in cells:
        total = totals.get((cell.core, cell.board))
        if total is None or cell.isa == comparison.reference_isa or not cell.touched:
            continue
        layers = ", ".join(cell.touched[:_MOST_NAMES])
        more = len(cell.touched) - _MOST_NAMES
        layers += f" and {more} more" if more > 0 else ""
        found.append(
            f"{cell.isa}: its custom instructions execute in {layers}: {cell.touched_cycles:,} of the {total:,} cycles "
            f"of {comparison.reference_isa}. Bound {bound(cell.bound)} if these took no time, achieved "
            f"{cell.speedup:.2f}×."
        )
    return found
