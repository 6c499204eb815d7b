"""What no report may leave out: changes of the core, what extensions say of themselves, Amdahl's bound, costs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from bnnsim.report import export
from bnnsim.report.bounds import bounds
from bnnsim.report.figure import _bars
from bnnsim.report.lines import groups, must_say, notes, title
from bnnsim.report.table import print_table
from bnnsim.study.results import Comparison, with_speedups
from tests.report.example import cell, comparison

CHANGE = "256-bit data port in place of 32, XMOS-class memory"
NOTES = ("Core change: cortex-m4 with a " + CHANGE + ".", "xvpu: hypothetical, no such core exists.")
BOUND = (
    "popcnt: its custom instructions execute in conv2, fc: 2,580,000 of the 3,782,000 cycles of base. "
    "Bound 3.15× if these took no time, achieved 1.50×."
)


@pytest.fixture
def changed() -> Comparison:
    made = comparison()
    return replace(made, cells=tuple(replace(c, core_change=CHANGE, notes=NOTES) for c in made.cells))


def table(made: Comparison) -> str:
    file = io.StringIO()
    print_table(made, file)
    return " ".join(file.getvalue().split())


TEXTS = {"table": table, "markdown": export.to_markdown, "latex": export.to_latex, "json": export.to_json}


@pytest.mark.parametrize("form", [*TEXTS, "csv"])
def test_every_report_tells_of_a_changed_core_and_of_notes(changed: Comparison, form: str) -> None:
    printed = export.to_csv(changed) if form == "csv" else TEXTS[form](changed)
    for text in (CHANGE, *NOTES):
        assert text in printed
    plain = export.to_csv(comparison()) if form == "csv" else TEXTS[form](comparison())
    assert "data port" not in plain and "hypothetical" not in plain


def test_each_note_once(changed: Comparison) -> None:
    assert must_say(changed) == list(NOTES)
    assert notes(changed)[:2] == list(NOTES)
    assert title(changed, changed.cells[0]).endswith(f"; core change: {CHANGE}")


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_bound_below_every_table(form: str) -> None:
    assert BOUND in TEXTS[form](comparison())


def test_bound_in_csv_and_figure() -> None:
    rows = list(csv.DictReader(io.StringIO(export.to_csv(comparison()))))
    row = next(r for r in rows if (r["isa"], r["layer"]) == ("popcnt", "conv2"))
    assert float(row["cell_bound"]) == pytest.approx(3.1464, abs=1e-4)
    assert (row["custom_instructions"], row["data_port_bits"], row["core_change"]) == ("1000", "32", "")
    (cells,) = groups(comparison())
    assert [bar.note for bar in _bars(comparison(), cells)] == ["", "", "1.50× base, bound 3.15×"]


def test_bounds_of_many_and_of_all_layers() -> None:
    first, second = comparison().cells
    assert bounds(comparison(), (first,)) == []
    many = tuple(replace(second.layers[1], name=f"l{n}") for n in range(9))
    long = replace(
        second, layers=many, cycles=sum(p.cycles for p in many), instructions=sum(p.instructions for p in many)
    )
    (text,) = bounds(comparison(), (long,))
    assert "execute in l0, l1, l2, l3, l4, l5 and 3 more:" in text
    every = tuple(replace(part, custom_instructions=1) for part in second.layers)
    made = with_speedups(Comparison("n", "base", {}, (first, replace(second, layers=every))))
    (text,) = bounds(made, made.cells)
    assert "Bound over 100×" in text


def test_costs_of_custom_instructions_are_told_with_their_source() -> None:
    (text,) = [note for note in notes(comparison()) if note.startswith("Issue cycles/latency")]
    assert text.endswith("on cortex-m4, and what they rest on: 1/3 assumed popcnt.popc.")
    nothing = Comparison("n", "base", {}, (cell("base", 1, 2, 3),))
    assert not any(note.startswith("Issue cycles/latency") for note in notes(nothing))
