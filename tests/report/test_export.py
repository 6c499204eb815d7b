"""CSV, Markdown, LaTeX: complete, escaped, readable by other programs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from bnnsim.report import export
from bnnsim.study.results import Comparison
from tests.report.example import cell, comparison


def test_csv_is_tidy() -> None:
    made = comparison(cores=("cortex-m4", "cortex-m3"))
    rows = list(csv.DictReader(io.StringIO(export.to_csv(made))))
    assert len(rows) == sum(len(part.layers) for part in made.cells) == 16
    row = next(r for r in rows if (r["core"], r["isa"], r["layer"]) == ("cortex-m3", "popcnt", "fc"))
    assert (row["cycles"], row["speedup"], row["operator"], row["variant"]) == ("20000", "4.0", "BBQFC", "popcount")
    assert (row["cell_cycles"], row["cell_flash_bytes"]) == ("2522000", "110324")
    assert float(row["cycles_per_word"]) == pytest.approx(20_000 / 1_280)
    overhead = next(r for r in rows if r["layer"] == "overhead")
    assert (overhead["speedup"], overhead["operator"], overhead["verified"]) == ("", "", "")
    for core in ("cortex-m4", "cortex-m3"):
        parts = [r for r in rows if (r["core"], r["isa"]) == (core, "base")]
        assert sum(int(r["cycles"]) for r in parts) == int(parts[0]["cell_cycles"])


def test_markdown_tables_have_equal_columns() -> None:
    rows = [line for line in export.to_markdown(comparison()).splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 4 * 2 + 2
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
    assert "| conv2 | BBConv2D | popcnt | popcount | 1,250,000 |" in "\n".join(rows)


def test_markdown_escapes() -> None:
    printed = export.to_markdown(Comparison("n", "base", {}, (cell("a|b_c", 1, 2, 3),)))
    assert "a\\|b\\_c" in printed


def test_latex_is_booktabs_and_escaped() -> None:
    printed = export.to_latex(comparison())
    assert printed.count("\\midrule") == 5
    rows = [line for line in printed.splitlines() if line.endswith("\\\\")]
    assert len(rows) == 1 + 4 * 2 + 2
    assert {row.count(" & ") for row in rows} == {13}
    assert "harley\\_seal" in printed
    body = "\n".join(line for line in printed.splitlines() if not line.startswith("%"))
    assert "31.7\\%" in body
    assert "×" not in body
    assert body.isascii()


@pytest.mark.parametrize("character", list("&%$#_{}~^\\"))
def test_latex_special_characters(character: str) -> None:
    made = replace(cell("base", 1, 2, 3), isa=f"a{character}b")
    body = export.to_latex(Comparison("n", "base", {}, (made,)))
    assert f" a{character}b " not in body
    assert " a\\" in body


def test_nothing_to_export() -> None:
    nothing = Comparison("n", "base", {}, ())
    assert export.to_csv(nothing) == ""
    assert "tabular" not in export.to_latex(nothing)
