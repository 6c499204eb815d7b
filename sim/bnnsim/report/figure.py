"""The figure of a comparison: cycles per layer, stacked, one bar per ISA and one for the faithful kernels."""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from bnnsim.emulate.plan import OVERHEAD
from bnnsim.report import lines
from bnnsim.study.results import CellResult, Comparison

# Okabe & Ito, "Color Universal Design" (2008): told apart with every kind of colour vision. Grey is overhead.
_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
_HATCHES = ("", "///", "...")  # once the colours are used up
_GREY = "#999999"
_FAITHFUL = "faithful, base"
_WIDTH = 8.0  # inches
_MOST = 3.0  # a faithful bar so many times longer than the others is told, not drawn: they would vanish beside it
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "bnnsim",  # else element ids differ in every run
    "font.family": "DejaVu Sans",  # comes with matplotlib, so files are the same everywhere
    "font.size": 9,
    "svg.fonttype": "path",
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True)
class _Bar:
    label: str
    cycles: dict[str, int]  # by layer
    note: str

    @property
    def total(self) -> int:
        return sum(self.cycles.values())


def draw(comparison: Comparison, form: str) -> bytes:
    """Return the figure as "svg" or "png" bytes, the same in every run. The comparison needs a cell."""
    groups = lines.groups(comparison)
    bars = [_bars(comparison, cells) for cells in groups]
    layers = list(dict.fromkeys(layer.name for cell in comparison.cells for layer in cell.layers))
    heights = [0.42 * len(group) + 0.5 for group in bars]
    texts = [*lines.must_say(comparison), lines.made_with(comparison, groups[0][0].core)]
    caption = [line for text in texts for line in textwrap.wrap(text, 150)]
    caption_inches = 0.12 * len(caption) + 0.06
    columns = max(1, 120 // (max(map(len, layers)) + 6))
    below_inches = caption_inches + 0.19 * -(-len(layers) // columns) + 0.12
    inches = sum(heights) + 0.5 * len(bars) + below_inches
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(_WIDTH, inches), layout="constrained")
        rest = (0, below_inches / inches, 1, 1 - below_inches / inches)
        figure.get_layout_engine().set(hspace=0.08, rect=rest)  # type: ignore[union-attr]
        figure.text(0.006, 0.05 / inches, "\n".join(caption), fontsize=6.5, color="0.35", va="bottom")
        axes = figure.subplots(len(bars), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axis, group, cells in zip(axes, bars, groups, strict=True):
            _stack(axis, group, layers)
            title = lines.title(comparison, cells[0], "\n")
            axis.set_title(title, loc="left", fontsize=10, fontweight="bold")
        figure.legend(
            *axes[0].get_legend_handles_labels(),
            loc="lower left",
            bbox_to_anchor=(0, caption_inches / inches),
            ncols=columns,
            frameon=False,
            handlelength=1.2,
            borderaxespad=0,
        )
        return _saved(figure, form)


def _saved(figure: Figure, form: str) -> bytes:
    file = io.BytesIO()
    metadata = {"Date": None, "Creator": "bnnsim"} if form == "svg" else {"Software": "bnnsim"}
    figure.savefig(file, format=form, dpi=200, metadata=metadata)
    return file.getvalue()


def _bars(comparison: Comparison, cells: tuple[CellResult, ...]) -> list[_Bar]:
    """Return the faithful bar, if a layer has such a kernel, and one bar per cell.

    In the faithful bar other layers keep their cycles; what is left beyond the layers is overhead.
    """
    first = cells[0]
    bars = []
    if first.faithful_cycles:
        layers = [layer for layer in first.layers if layer.name != OVERHEAD]
        faithful = {layer.name: layer.faithful_cycles or layer.cycles for layer in layers}
        rest = max(first.faithful_cycles - sum(faithful.values()), 0)
        bars.append(_Bar(_FAITHFUL, {**faithful, OVERHEAD: rest}, ""))
    for cell in cells:
        cycles = {layer.name: layer.cycles for layer in cell.layers}
        known = cell.speedup is not None and cell.isa != comparison.reference_isa
        note = f"{cell.speedup:.2f}× {comparison.reference_isa}" if known else ""
        note += f", bound {lines.bound(cell.bound)}" if known and cell.touched else ""
        bars.append(_Bar(cell.isa, cycles, note))
    return bars


def _stack(axis: Any, bars: list[_Bar], layers: list[str]) -> None:
    """Draw horizontal stacked bars from top to bottom, each with its total and speed-up at the end."""
    longest = max(bar.total for bar in bars if bar.label != _FAITHFUL)
    scale, unit = (1e6, "million cycles") if longest >= 1e6 else (1e3, "thousand cycles")
    left_out = [bar for bar in bars if bar.total > _MOST * longest]
    told = "".join(f"; {bar.label}: {bar.total / scale:,.2f}, not drawn" for bar in left_out)
    bars = [bar for bar in bars if bar not in left_out]
    places = range(len(bars))
    starts = [0] * len(bars)
    for position, layer in enumerate(layers):
        cycles = [bar.cycles.get(layer, 0) for bar in bars]
        color = _GREY if layer == OVERHEAD else _COLORS[position % len(_COLORS)]
        hatch = "" if layer == OVERHEAD else _HATCHES[position // len(_COLORS) % len(_HATCHES)]
        style = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.3, "label": layer}
        axis.barh(places, [c / scale for c in cycles], 0.62, [start / scale for start in starts], **style)
        starts = [start + c for start, c in zip(starts, cycles, strict=True)]
    for place, bar in zip(places, bars, strict=True):
        _label(axis, place, bar, scale)
    axis.set_yticks(places, [bar.label for bar in bars])
    axis.invert_yaxis()
    axis.set_xlim(0, max(starts) / scale * 1.22)
    axis.set_xlabel(f"{unit} per inference (fewer is better){told}")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="0.9", linewidth=0.6)
    axis.set_axisbelow(True)


def _label(axis: Any, place: int, bar: _Bar, scale: float) -> None:
    """Write a bar's total and speed-up at its end."""
    text = f"{bar.total / scale:,.2f}" + (f"  ({bar.note})" if bar.note else "")
    white = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}  # grid lines stop at the text
    end = bar.total / scale
    axis.annotate(text, (end, place), xytext=(4, 0), textcoords="offset points", va="center", bbox=white)
