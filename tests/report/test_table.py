"""The terminal table: every number of the comparison, nothing cut off, at every width."""

from __future__ import annotations

import io

import pytest

from bnnsim.report.table import print_table
from bnnsim.study.results import Comparison
from tests.report.example import cell, comparison


def text(made: Comparison, width: int | None = None) -> str:
    file = io.StringIO()
    print_table(made, file, width)
    return file.getvalue()


def lines_of(printed: str, start: str) -> list[list[str]]:
    return [line.split() for line in printed.splitlines() if line.split()[:1] == [start]]


def test_numbers_of_a_layer_and_the_total() -> None:
    printed = text(comparison())
    assert [
        "BBConv2D",
        "popcnt",
        "popcount",
        "1,250,000",
        "12.500",
        "49.6%",
        "2.00×",
        "6.40×",
        "1,000,000",
        "1.25",
    ] in lines_of(printed, "BBConv2D")
    total = [
        "total",
        "base",
        "3,782,000",
        "37.820",
        "100.0%",
        "1.00×",
        "3.20×",
        "3,025,600",
        "1.25",
        "9,012",
        "110,324",
        "70,656",
    ]
    assert total in lines_of(printed, "total")
    assert ["overhead", "base", "2,000", "0.020", "0.1%", "–", "–", "1,600", "1.25"] in lines_of(printed, "overhead")


def test_header_and_notes() -> None:
    printed = text(comparison())
    assert "smallcifar on cortex-m4, board zero-wait (no real part), 100 MHz" in printed
    joined = " ".join(printed.split())
    assert "clang 22.1.0 (ziglang 0.17.0) -std=gnu11 -O2" in joined
    assert "input seed 1" in joined
    assert "Every output was compared with the NumPy reference, bit for bit." in joined
    assert "cortex-m4 on zero-wait, popcnt: the cycles rest on manuals 87.5%, assumptions 12.5%." in joined
    assert "cortex-m4 on zero-wait, base: the cycles rest on manuals 100.0%." in joined
    assert joined.count("Not validated on silicon, cortex-m4 on zero-wait: misaligned accesses.") == 1


def test_no_colours_and_no_cut_when_piped() -> None:
    printed = text(comparison())
    assert "\x1b" not in printed
    assert "…" not in printed


@pytest.mark.parametrize("width", [60, 80, 100, 120, 140, 200])
def test_every_width_keeps_the_essentials(width: int) -> None:
    printed = text(comparison(), width)
    joined = " ".join(printed.split())
    for number in ("2,500,000", "1,250,000", "3,782,000", "2.00×", "4.80×", "110,324", "harley_seal"):
        assert number in joined
    if width >= 80:
        assert max(map(len, printed.splitlines())) <= width


def test_narrow_terminals_say_what_they_leave_out() -> None:
    assert "Not shown at this width" not in text(comparison(), 120)
    printed = " ".join(text(comparison(), 80).split())
    assert "Not shown at this width: instructions, CPI (--format csv has them)." in printed
    assert "base: 9,012 bytes of code, 110,324 of flash, 70,656 of RAM" in printed


def test_long_names_are_not_cut() -> None:
    name = "my_very_long_extension_name" * 3
    made = Comparison("n", "base", {}, (cell(name, 1, 2, 3),))
    assert name in text(made, 80)
    assert name in text(made)


def test_one_table_per_core() -> None:
    printed = text(comparison(cores=("cortex-m4", "cortex-m3")))
    assert printed.count("smallcifar on cortex-m4") == 1
    assert printed.count("smallcifar on cortex-m3") == 1
    assert len(lines_of(printed, "total")) == 2


def test_nothing_to_print() -> None:
    assert text(Comparison("n", "base", {}, ())) == ""
