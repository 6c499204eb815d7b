"""A comparison as text for other programs: tidy CSV, Markdown, LaTeX (JSON is study/results.py)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bnnsim.report import lines
from bnnsim.report.bounds import bounds
from bnnsim.report.lines import Line
from bnnsim.report.table import Column, columns
from bnnsim.study.results import CellResult, Comparison, LayerResult, to_json


def to_csv(comparison: Comparison) -> str:
    """Return tidy CSV: one row per cell and layer (overhead included); `cell_…` columns repeat the totals."""
    rows = [_row(comparison, cell, layer) for cell in comparison.cells for layer in cell.layers]
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(comparison: Comparison, cell: CellResult, layer: LayerResult) -> dict[str, Any]:
    return {
        "network": comparison.network,
        "core": cell.core,
        "board": cell.board,
        "toolchain": cell.toolchain,
        "clock_hz": cell.clock_hz,
        "reference_isa": comparison.reference_isa,
        "isa": cell.isa,
        "layer": layer.name,
        "operator": layer.operator,
        "variant": layer.variant,
        "cycles": layer.cycles,
        "milliseconds": layer.cycles * 1000 / cell.clock_hz,
        "cycle_share": layer.cycles / cell.cycles,
        "speedup": layer.speedup,
        "faithful_cycles": layer.faithful_cycles,
        "speedup_over_faithful": layer.speedup_over_faithful,
        "instructions": layer.instructions,
        "cpi": layer.cpi,
        "macs": layer.macs,
        "cycles_per_word": layer.cycles / layer.words if layer.words else None,
        "verified": layer.verified,
        "custom_instructions": layer.custom_instructions,
        "cell_cycles": cell.cycles,
        "cell_milliseconds": cell.milliseconds,
        "cell_speedup": cell.speedup,
        "cell_speedup_over_faithful": cell.speedup_over_faithful,
        "cell_code_bytes": cell.code_bytes,
        "cell_flash_bytes": cell.flash_bytes,
        "cell_ram_bytes": cell.ram_bytes,
        "cell_assumed_cycle_share": cell.assumed_cycle_share,
        "cell_bound": cell.bound,
        "data_port_bits": cell.data_port_bits,
        "core_change": cell.core_change,
        "notes": " ".join(cell.notes),
    }


def to_markdown(comparison: Comparison) -> str:
    """Return one Markdown table per core and board, with what it was made with and the notes."""
    parts = []
    for cells in lines.groups(comparison):
        shown = _columns(comparison)
        made = _markdown(lines.made_with(comparison, cells[0].core))
        rows = [[_markdown(column.show(line)) for column in shown] for line in _lines(cells)]
        rule = ["---:" if column.right else ":---" for column in shown]
        table = [[_markdown(column.heading) for column in shown], rule, *rows]
        parts += [f"**{_markdown(lines.title(comparison, cells[0]))}**", *([f"<br>{made}"] if made else []), ""]
        parts += [*("| " + " | ".join(row) + " |" for row in table), ""]
        parts += [f"- {_markdown(text)}" for text in bounds(comparison, cells)]
    parts += [f"- {_markdown(note)}" for note in lines.notes(comparison)]
    return "\n".join(parts) + "\n"


def to_latex(comparison: Comparison) -> str:
    r"""Return one `tabular` per core and board for \usepackage{booktabs}; the notes are LaTeX comments."""
    parts = []
    for cells in lines.groups(comparison):
        shown = _columns(comparison)
        parts += [f"% {lines.title(comparison, cells[0])}", f"% {lines.made_with(comparison, cells[0].core)}"]
        parts += [f"\\begin{{tabular}}{{{''.join('r' if c.right else 'l' for c in shown)}}}", "\\toprule"]
        parts.append(_latex_row([column.heading for column in shown]))
        for section in [*lines.layer_sections(cells), lines.totals(cells)]:
            parts.append("\\midrule")
            parts += [_latex_row([column.show(line) for column in shown]) for line in _first_named(section)]
        parts += ["\\bottomrule", "\\end{tabular}"]
        parts += [f"% {text}" for text in bounds(comparison, cells)]
    parts += [f"% {note}" for note in lines.notes(comparison)]
    return "\n".join(parts) + "\n"


def _columns(comparison: Comparison) -> list[Column]:
    first = [
        Column("layer", lambda line: line.layer, right=False),
        Column("operator", lambda line: line.operator or "", right=False),
    ]
    return [*first, *columns(comparison.reference_isa)]


def _lines(cells: tuple[CellResult, ...]) -> list[Line]:
    return [line for section in [*lines.layer_sections(cells), lines.totals(cells)] for line in section]


def _first_named(section: list[Line]) -> list[Line]:
    """Blank the layer and operator of all but a section's first line."""
    return [section[0], *(replace(line, layer="", operator=None) for line in section[1:])]


def _markdown(text: str) -> str:
    for character in "\\|*_`<>":
        text = text.replace(character, "\\" + character)
    return text


_LATEX = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "×": "$\\times$",
    "–": "--",
    **{character: "\\" + character for character in "&%$#_{}"},
}


def _latex_row(fields: list[str]) -> str:
    escaped = ["".join(_LATEX.get(character, character) for character in field) for field in fields]
    return " & ".join(escaped) + " \\\\"


TEXTS: dict[str, Callable[[Comparison], str]] = {
    "csv": to_csv,
    "markdown": to_markdown,
    "latex": to_latex,
    "json": to_json,
}
