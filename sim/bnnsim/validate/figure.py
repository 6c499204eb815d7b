"""The figure of a validation, one panel per core: error per program, or their distribution if there are many."""

from __future__ import annotations

import io
import math
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from bnnsim.validate.results import Row, Validation, summarize

FORMS = ("svg", "pdf", "png")
# Okabe & Ito, "Color Universal Design" (2008)
_WITHIN, _BEYOND = "#0072B2", "#D55E00"
_ROW_INCHES, _PANEL_INCHES, _WIDTH_INCHES = 0.15, 0.75, 7.0
_MOST_ROWS = 60  # of all panels together; more make a figure taller than a page, so their distribution is drawn
_DISTRIBUTION_INCHES = 1.7
_BINS = 41  # odd, so that the middle one holds what is exact
_NAMED, _LONGEST_NAME = 6, 30  # how many of the largest errors a distribution names, and characters of a name
_AXIS = "error against the reference, % (right: bnnsim counts more cycles)"
_FEW_PERCENT = 1.0  # smallest half range of the axis, so that errors of 0.01 % do not look large
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "bnnsim",  # else element ids differ in every run
    "font.family": "DejaVu Sans",  # comes with matplotlib, so files are the same everywhere
    "font.size": 8,
    "svg.fonttype": "path",
}


def draw(validation: Validation, form: str) -> bytes:
    """Return the figure as "svg", "pdf" or "png" bytes, the same in every run. Rows without an error are left out.

    Up to 60 rows are bars with names, more are a histogram per core that names the largest errors only.
    """
    panels = [(core, _sorted(validation.of(core))) for core in validation.cores]
    panels = [(core, rows) for core, rows in panels if rows] or [("no program with a reference", [])]
    many = sum(len(rows) for _, rows in panels) > _MOST_ROWS
    heights = [_PANEL_INCHES + _ROW_INCHES * max(len(rows), 1) for _, rows in panels]
    heights = [_DISTRIBUTION_INCHES] * len(panels) if many else heights
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(_WIDTH_INCHES, sum(heights)), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axis, (core, rows) in zip(axes, panels, strict=True):
            (_distribution if many else _bars)(axis, rows)
            _decorate(axis, f"{validation.suite} · {core}", rows)
        file = io.BytesIO()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form, {})
        figure.savefig(file, format=form, dpi=150, metadata=metadata)
        return file.getvalue()


def _sorted(rows: tuple[Row, ...]) -> list[tuple[Row, float]]:
    """Rows that have an error with it, the largest first."""
    found = [(row, row.error_percent) for row in rows if row.error_percent is not None]
    return sorted(found, key=lambda item: -item[1])


def _reach(rows: list[tuple[Row, float]]) -> float:
    """Half range of the axis in percent."""
    return 1.08 * max([_FEW_PERCENT, *(abs(error) for _, error in rows)])


def _color(row: Row) -> str:
    return _WITHIN if row.verdict == "within" else _BEYOND


def _bars(axis: Any, rows: list[tuple[Row, float]]) -> None:
    """One bar per program, with its name."""
    errors, colors, places = [error for _, error in rows], [_color(row) for row, _ in rows], range(len(rows))
    axis.barh(places, errors, 0.5, color=colors)
    axis.scatter(errors, places, s=9, color=colors, zorder=3)  # an error of zero is seen, too
    axis.axvline(0, color="0.3", linewidth=0.8)
    axis.set_yticks(places, [row.program for row, _ in rows], fontsize=7)
    axis.set_ylim(max(len(rows), 1) - 0.2, -0.8)  # downwards
    axis.grid(axis="x", color="0.9", linewidth=0.6)


def _distribution(axis: Any, rows: list[tuple[Row, float]]) -> None:
    """How many programs have which error, in bins of equal width, each with its number; the largest errors by name."""
    reach = _reach(rows)
    width = 2 * reach / _BINS
    counts: dict[int, dict[str, int]] = {}
    for row, error in rows:
        by_color = counts.setdefault(math.floor(error / width + 0.5), {_WITHIN: 0, _BEYOND: 0})
        by_color[_color(row)] += 1
    for number, by_color in sorted(counts.items()):
        bottom = 0
        for color, count in by_color.items():
            if not count:
                continue  # its edge would show all the same
            axis.bar(number * width, count, 0.8 * width, bottom, color=color, edgecolor=color, linewidth=1)
            bottom += count
        color = _BEYOND if by_color[_BEYOND] else _WITHIN
        axis.annotate(f"{bottom}", (number * width, bottom), (0, 2), textcoords="offset points",
                      ha="center", fontsize=6, color=color)  # fmt: skip
    axis.set_yticks([])
    axis.set_ylim(0, 1.2 * max(sum(by_color.values()) for by_color in counts.values()))  # room for the number
    axis.text(1.02, 1, _largest(rows), transform=axis.transAxes, va="top", fontsize=6.5, linespacing=1.4)


def _largest(rows: list[tuple[Row, float]]) -> str:
    """The programs with the largest errors, a line each."""
    worst = sorted(((row, error) for row, error in rows if error), key=lambda item: -abs(item[1]))[:_NAMED]
    names = [row.program for row, _ in worst]
    names = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in names]
    lines = [f"{error:+.2f} %  {name}" for name, (_, error) in zip(names, worst, strict=True)]
    return "\n".join([f"{len(rows)} programs", *(lines or ["all exact"])])


def _decorate(axis: Any, title: str, rows: list[tuple[Row, float]]) -> None:
    reach = _reach(rows)
    axis.set_xlim(-reach, reach)
    axis.set_xlabel(_AXIS)
    found = summarize(row for row, _ in rows)
    told = f"  (mean {found.mean:.2f} %, max {found.max:.2f} %, bias {found.bias:+.2f} %)" if found else ""
    axis.set_title(title + told, loc="left", fontsize=9, fontweight="bold")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.set_axisbelow(True)
