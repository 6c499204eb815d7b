"""The figure of a validation: error per program, sorted, one panel per core."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from bnnsim.validate.results import Row, Validation, summarize

FORMS = ("svg", "pdf", "png")
# Okabe & Ito, "Color Universal Design" (2008)
_WITHIN, _BEYOND = "#0072B2", "#D55E00"
_ROW_INCHES, _PANEL_INCHES, _WIDTH_INCHES = 0.15, 0.75, 7.0
_FEW_PERCENT = 1.0  # smallest half range of the axis, so that errors of 0.01 % do not look large
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "bnnsim",  # else element ids differ in every run
    "font.family": "DejaVu Sans",  # comes with matplotlib, so files are the same everywhere
    "font.size": 8,
    "svg.fonttype": "path",
}


def draw(validation: Validation, form: str) -> bytes:
    """Return the figure as "svg", "pdf" or "png" bytes, the same in every run. Rows without an error are left out."""
    panels = [(core, _sorted(validation.of(core))) for core in validation.cores]
    panels = [(core, rows) for core, rows in panels if rows] or [("no program with a reference", [])]
    heights = [_PANEL_INCHES + _ROW_INCHES * max(len(rows), 1) for _, rows in panels]
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(_WIDTH_INCHES, sum(heights)), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axis, (core, rows) in zip(axes, panels, strict=True):
            _panel(axis, f"{validation.suite} · {core}", rows)
        file = io.BytesIO()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form, {})
        figure.savefig(file, format=form, dpi=150, metadata=metadata)
        return file.getvalue()


def _sorted(rows: tuple[Row, ...]) -> list[tuple[Row, float]]:
    """Rows that have an error with it, the largest first."""
    found = [(row, row.error_percent) for row in rows if row.error_percent is not None]
    return sorted(found, key=lambda item: -item[1])


def _panel(axis: Any, title: str, rows: list[tuple[Row, float]]) -> None:
    errors = [error for _, error in rows]
    colors = [_WITHIN if row.verdict == "within" else _BEYOND for row, _ in rows]
    places = range(len(rows))
    axis.barh(places, errors, 0.5, color=colors)
    axis.scatter(errors, places, s=9, color=colors, zorder=3)  # an error of zero is seen, too
    axis.axvline(0, color="0.3", linewidth=0.8)
    axis.set_yticks(places, [row.program for row, _ in rows], fontsize=7)
    axis.set_ylim(max(len(rows), 1) - 0.2, -0.8)  # downwards
    reach = 1.08 * max([_FEW_PERCENT, *map(abs, errors)])
    axis.set_xlim(-reach, reach)
    axis.set_xlabel("error against the reference, % (right: bnnsim counts more cycles)")
    found = summarize(row for row, _ in rows)
    told = f"  (mean {found.mean:.2f} %, max {found.max:.2f} %, bias {found.bias:+.2f} %)" if found else ""
    axis.set_title(title + told, loc="left", fontsize=9, fontweight="bold")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="0.9", linewidth=0.6)
    axis.set_axisbelow(True)
