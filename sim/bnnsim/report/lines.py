"""The lines of every table: per core and board, a section per layer with one line per ISA, totals last."""

from __future__ import annotations

from dataclasses import dataclass

from bnnsim.study.results import CellResult, Comparison, LayerResult


@dataclass(frozen=True)
class Line:
    """One line of a table; None is a value that does not exist (e.g. a speed-up of the overhead).

    share: this layer's part of the cell's cycles, 0 to 1; times_reference and times_faithful: speed-ups.
    """

    layer: str
    operator: str | None
    isa: str
    variant: str | None
    cycles: int
    milliseconds: float
    share: float
    times_reference: float | None
    times_faithful: float | None
    instructions: int
    cpi: float
    code_bytes: int | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None


def groups(comparison: Comparison) -> list[tuple[CellResult, ...]]:
    """Return the cells of each core and board, in the order they were asked for."""
    found: dict[tuple[str, str], list[CellResult]] = {}
    for cell in comparison.cells:
        found.setdefault((cell.core, cell.board), []).append(cell)
    return [tuple(cells) for cells in found.values()]


def layer_sections(cells: tuple[CellResult, ...]) -> list[list[Line]]:
    """Return one list of lines per layer, each with one line per cell (layers in the network's order)."""
    order = dict.fromkeys(layer.name for cell in cells for layer in cell.layers)
    return [
        [_layer_line(cell, layer) for cell in cells for layer in cell.layers if layer.name == name] for name in order
    ]


def totals(cells: tuple[CellResult, ...]) -> list[Line]:
    """Return one line per cell for the whole inference."""
    return [
        Line(
            layer="total",
            operator=None,
            isa=cell.isa,
            variant=None,
            cycles=cell.cycles,
            milliseconds=cell.milliseconds,
            share=1.0,
            times_reference=cell.speedup,
            times_faithful=cell.speedup_over_faithful,
            instructions=cell.instructions,
            cpi=cell.cpi,
            code_bytes=cell.code_bytes,
            flash_bytes=cell.flash_bytes,
            ram_bytes=cell.ram_bytes,
        )
        for cell in cells
    ]


def _layer_line(cell: CellResult, layer: LayerResult) -> Line:
    return Line(
        layer=layer.name,
        operator=layer.operator,
        isa=cell.isa,
        variant=layer.variant,
        cycles=layer.cycles,
        milliseconds=layer.cycles * 1000 / cell.clock_hz,
        share=layer.cycles / cell.cycles,
        times_reference=layer.speedup,
        times_faithful=layer.speedup_over_faithful,
        instructions=layer.instructions,
        cpi=layer.cpi,
        code_bytes=layer.code_bytes,
        flash_bytes=layer.flash_bytes,
        ram_bytes=layer.ram_bytes,
    )


def notes(comparison: Comparison) -> list[str]:
    """Return what a reader must know to use the numbers, one sentence group per item."""
    reference = comparison.reference_isa
    found = [
        *must_say(comparison),
        f"× {reference}: cycles with ISA {reference} over this line's cycles. × faithful: cycles of the "
        "faithful kernels (plain C of each operator, base ISA) over this line's cycles.",
        "Layers and overhead sum exactly to the total. Every output was compared with the NumPy reference, "
        "bit for bit. Bytes of a layer: code of its kernel; flash with weights and parameters; RAM of inputs, outputs "
        "and scratch. In the total a kernel counts once and buffers share RAM.",
    ]
    for cell in comparison.cells:
        found.append(f"{place(cell)}: {_band(cell)}the cycles rest on {_sources(cell)}.")
        for layer in cell.layers:
            if layer.density_sweep:
                sweep = ", ".join(f"{cycles:,} at {density:.0%}" for density, cycles in layer.density_sweep)
                here = f"{layer.input_density:.0%} of its input bits are set here"
                found.append(f"{place(cell)}: {layer.name}'s cycles depend on its data; {here}; {sweep} set bits.")
    for core, costs in _custom_costs(comparison).items():
        found.append(f"Issue cycles/latency of custom instructions on {core}, and what they rest on: {costs}.")
    for where, texts in _unvalidated(comparison).items():
        found.append(f"Not validated on silicon, {where}: {'; '.join(texts)}.")
    return found


def must_say(comparison: Comparison) -> list[str]:
    """Return what no report may leave out: cores that nobody sells, and what extensions say of themselves."""
    return list(dict.fromkeys(note for cell in comparison.cells for note in cell.notes))


def _band(cell: CellResult) -> str:
    """Return e.g. `2,357,021 to 2,454,529 cycles over the band of the core's uncertain numbers; `, or nothing."""
    low, high = cell.band_cycles or (cell.cycles, cell.cycles)
    return "" if low == high else f"{low:,} to {high:,} cycles over the band of the core's uncertain numbers; "


def _sources(cell: CellResult) -> str:
    """Return e.g. `manuals 71.2%, measurements 27.0%, assumptions less than 0.1%`."""
    names = {"manual": "manuals", "measured": "measurements", "assumed": "assumptions"}
    shares = {names[kind]: share for kind, share in cell.cycle_share_by_source.items() if share}
    return ", ".join(f"{n} {s:.1%}" if abs(s) >= 0.0005 else f"{n} less than 0.1%" for n, s in shares.items())


def _custom_costs(comparison: Comparison) -> dict[str, str]:
    """Return by core e.g. `1/1 assumed xpopa.xpopa; 8/8 assumed xvpu.vldc, xvpu.vldd`, of all ISAs together."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for cell in comparison.cells:
        for name, cost in cell.custom_costs.items():
            price = f"{cost.issue_cycles}/{cost.latency} {cost.kind}"
            found.setdefault(cell.core, {}).setdefault(price, {})[name] = None
    return {core: "; ".join(f"{p} {', '.join(names)}" for p, names in by.items()) for core, by in found.items()}


def _unvalidated(comparison: Comparison) -> dict[str, tuple[str, ...]]:
    """Return what no silicon confirmed, by core and board, each once."""
    return {f"{c.core} on {c.board}": c.unvalidated for c in comparison.cells if c.unvalidated}


def bound(value: float | None) -> str:
    """Amdahl's bound as text; None: no cycles are left. Beyond 100× it bounds nothing that anybody will reach."""
    return f"{value:.2f}×" if value and value <= 100 else "over 100×"


def title(comparison: Comparison, cell: CellResult, before_change: str = "; ") -> str:
    """Return e.g. `smallcifar on cortex-m4, board zero-wait (no real part), 100 MHz`, and what changes the core."""
    real = "" if cell.real_board else " (no real part)"
    change = f"{before_change}core change: {cell.core_change}" if cell.core_change else ""
    return f"{comparison.network} on {cell.core}, board {cell.board}{real}, {cell.clock_hz / 1e6:g} MHz{change}"


def made_with(comparison: Comparison, core: str) -> str:
    """Return compiler, flags for a core and seeds in one line."""
    facts = comparison.provenance
    tools = (facts.get("compiler"), (facts.get("target") or {}).get(core), facts.get("flags"))
    parts = [" ".join(str(fact) for fact in tools if fact)]
    seeds = {name: seed for name, seed in (facts.get("seeds") or {}).items() if seed is not None}
    parts += [f"{name} seed {seed}" for name, seed in seeds.items()]
    parts += [f"code moved by {facts['shift_code_bytes']} bytes"] if facts.get("shift_code_bytes") else []
    parts += [f"bnnsim {facts['bnnsim']}"] if "bnnsim" in facts else []
    changed = ", ".join(f"{key} = {value}" for key, value in (facts.get("set") or {}).items())
    parts += [f"changed costs: {changed}"] if changed else []
    placed = ", ".join(f"{part} in {memory}" for part, memory in (facts.get("place") or {}).items())
    parts += [placed] if placed else []
    return "; ".join(part for part in parts if part)


def place(cell: CellResult) -> str:
    """Return `core on board, isa`."""
    return f"{cell.core} on {cell.board}, {cell.isa}"
