"""Errors, verdicts and statistics, against numbers worked out by hand; the figure and the JSON."""

from __future__ import annotations

import json
import struct

import pytest

from bnnsim.validate.figure import FORMS, draw
from bnnsim.validate.results import Row, Validation, summarize, to_json
from bnnsim.validate.show import verdict


def row(cycles, reference, name="p", tolerance=5.0, **more):
    return Row(name, "cortex-m4", "zero-wait", tolerance, cycles, reference, **more)


ROWS = (row(110, 100, "slow"), row(98, 100, "fast"), row(100, 100, "exact"), row(7, None, "none"),
        row(None, 50, "broken", reason="clang failed:\nwarning: x\nfile.s:3: error: bad"))  # fmt: skip


def test_verdicts():
    assert [r.verdict for r in ROWS] == ["beyond", "within", "within", "no reference", "failed"]
    assert row(105, 100).verdict == "within"  # the tolerance itself is allowed
    assert row(105.01, 100).verdict == "beyond"
    assert row(4, 4, tolerance=0).verdict == "within"
    assert row(4.25, 4, tolerance=0).verdict == "beyond"


def test_statistics_of_10_minus_2_and_0_percent():
    found = summarize(ROWS)
    assert found is not None and found.programs == 3
    assert (found.mean, found.median, found.max) == (pytest.approx(4), pytest.approx(2), pytest.approx(10))
    assert found.bias == pytest.approx(8 / 3)
    assert found.rms == pytest.approx((104 / 3) ** 0.5)
    assert summarize(ROWS[3:]) is None


def test_good_means_none_beyond_and_none_failed():
    assert Validation("s", (ROWS[1], ROWS[3])).good
    assert not Validation("s", (ROWS[0],)).good
    assert not Validation("s", (ROWS[4],)).good


def test_reason_in_a_line():
    assert ROWS[4].short_reason == "clang failed: file.s:3: error: bad"
    assert row(None, 1, reason="one line").short_reason == "one line"


def test_json():
    found = json.loads(to_json(Validation("s", ROWS)))
    assert found["counts"] == {"within": 2, "beyond": 1, "failed": 1, "no_reference": 1}
    assert found["verdict"] == "beyond"
    assert [p["error_percent"] for p in found["programs"]] == [10, -2, 0, None, None]
    assert found["cores"][0]["max_percent"] == 10


@pytest.mark.parametrize("form", FORMS)
def test_figure_is_the_same_every_time(form):
    first = draw(Validation("s", ROWS), form)
    assert first == draw(Validation("s", ROWS), form)
    assert first.startswith({"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[form])
    assert draw(Validation("s", ROWS[3:]), form) != first  # nothing to draw is no crash


def test_one_row_is_singular():
    assert verdict(Validation("s", ROWS[1:2])).startswith("1 row: ")
    assert verdict(Validation("s", ROWS)).startswith("5 rows: ")


def size_of(validation):
    return struct.unpack(">2I", draw(validation, "png")[16:24])


def many(number, cores=1):
    errors = [(n % 7 - 3) / 2 for n in range(number)]
    return Validation("s", tuple(Row(f"p{n}", f"core-{c}", "b", 1, 100 + e, 100)
                                 for c in range(cores) for n, e in enumerate(errors)))  # fmt: skip


def test_a_figure_of_many_rows_stays_as_high_as_a_page():
    width, height = size_of(many(400))
    assert height < width
    assert size_of(many(4000))[1] == height
    assert size_of(many(80, cores=5))[1] < 1.5 * width
    assert size_of(many(60))[1] > 1.2 * width  # few enough for a bar and a name each


def test_a_figure_of_many_rows_names_the_largest_errors_only(monkeypatch):
    from bnnsim.validate import figure

    shown = []
    monkeypatch.setattr(figure, "_largest", lambda rows, real=figure._largest: shown.append(real(rows)) or shown[-1])
    rows = (*(row(100 + n / 100, 100, f"p{n}") for n in range(100)), row(50, 100, "far" + "x" * 40))
    draw(Validation("s", rows), "svg")
    first, worst, second, *others = shown[0].splitlines()
    assert (first, second) == ("101 programs", "+0.99 %  p99")
    assert worst == "-50.00 %  far" + "x" * 26 + "…"
    assert len(others) == 4
    draw(Validation("s", tuple(row(4, 4, f"p{n}") for n in range(61))), "svg")
    assert shown[1].splitlines() == ["61 programs", "all exact"]
