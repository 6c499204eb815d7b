"""What one cell comes to: its rows, from the cache if nothing that they depend on has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bnnsim.build.includes import with_includes
from bnnsim.build.program import kernel_code_bytes
from bnnsim.build.toolchain import sources_of
from bnnsim.cache import digest
from bnnsim.emulate.plan import OVERHEAD
from bnnsim.isa import BASE, load_isa
from bnnsim.model.kernels import Kernel
from bnnsim.model.lowering import lower_layer
from bnnsim.model.network import Layer
from bnnsim.paths import data_root
from bnnsim.study.cell import (
    FAITHFUL,
    Cell,
    Run,
    band_of,
    check_activations,
    code_digest,
    density_sweep,
    explained,
    fastest,
    inputs_of,
    is_fixed_time,
    memory_bytes,
    on_base,
    run_network,
)
from bnnsim.study.results import CellResult, LayerResult
from bnnsim.timing.core import core_notes
from bnnsim.timing.custom_costs import CustomCost, costs_of

Report = Callable[[int, str], None]  # finished steps of the cell, what is running


def steps_of(cell: Cell) -> int:
    """Steps that a cell reports: choose a kernel for each layer, run the network, run it faithfully."""
    return len(cell.network.layers) + 2


def cached_outcome(cell: Cell, report: Report) -> CellResult:
    """The cell's result from the cache, or made and stored. Raises BnnsimError for whatever fails."""
    key = _key(cell)
    if (data := cell.cache.get("cell", key)) is not None:
        return _from_json(data)
    result = _outcome(cell, report)
    cell.cache.put("cell", key, json.dumps(asdict(result)).encode())
    return result


def _key(cell: Cell) -> str:
    sources = sorted(p for p in (data_root() / "kernels").rglob("*") if p.is_file())
    own = [Path(choice) for _, choice in cell.variants if choice.endswith(".c")]
    users = [path for source in own for path in (*sources_of(source), *with_includes(source, ()))]
    files = [part for path in [*sources, *users] for part in (path.name, path.read_bytes())]
    facts = (
        cell.core.model_dump_json(),
        cell.board.name,
        cell.board.digest,
        cell.isa.name,
        sorted(cell.custom_costs.items()),
        cell.toolchain,
        cell.variants,
        cell.shift_code_bytes,
        cell.places,
    )
    return digest(code_digest(), cell.network.digest, cell.x.tobytes(), cell.isa.digest, repr(facts), *files)


def _from_json(data: bytes) -> CellResult:
    values = json.loads(data)
    values |= {name: tuple(values[name]) for name in ("unvalidated", "notes")}
    values["band_cycles"] = tuple(values["band_cycles"]) if values["band_cycles"] else None
    values["custom_costs"] = {name: CustomCost(**cost) for name, cost in values["custom_costs"].items()}
    layers = []
    for row in values.pop("layers"):
        sweep = tuple((density, cycles) for density, cycles in row.pop("density_sweep"))
        layers.append(LayerResult(**row, density_sweep=sweep))
    return CellResult(**values, layers=tuple(layers))


def _outcome(cell: Cell, report: Report) -> CellResult:
    check_activations(cell)
    kernels = []
    for number, layer in enumerate(cell.network.layers):
        report(number, f"kernel for {layer.name}")
        kernels.append(fastest(cell, layer))
    report(len(kernels), "whole network")
    run = run_network(cell, tuple(kernels))
    report(len(kernels) + 1, "faithful kernels")
    faithful = _faithful_cycles(cell)
    rows = _rows(cell, run, faithful)
    used, stack, why = memory_bytes(cell, run.image), run.trace.peak_stack_bytes, explained(cell, run)
    total = sum(int(by.sum()) for by in why.sources.values())
    shares = {kind: int(by.sum()) / total for kind, by in why.sources.items()}
    return CellResult(
        core=cell.core.name,
        board=cell.board.name,
        isa=cell.isa.name,
        toolchain=cell.toolchain.name,
        clock_hz=cell.board.clock_hz,
        cycles=sum(row.cycles for row in rows),
        instructions=sum(row.instructions for row in rows),
        faithful_cycles=None if faithful is None else sum(faithful.values()),
        code_bytes=used["code"],
        flash_bytes=used["flash"],
        ram_bytes=used["ram"] + stack,
        assumed_cycle_share=shares["assumed"],
        layers=rows,
        real_board=cell.board.real,
        peak_stack_bytes=stack,
        cycle_share_by_source=shares,
        stalls={reason: int(by.sum()) for reason, by in why.stalls.items()},
        unvalidated=(*cell.core.unvalidated, *cell.board.unvalidated),
        band_cycles=band_of(cell, run),
        data_port_bits=cell.core.data_port.bits,
        core_change=cell.core.change,
        custom_costs=costs_of(cell.isa, cell.core, cell.custom_costs),
        notes=(*core_notes(cell.core), *(f"{e.name}: {e.note}" for e in cell.isa.extensions if e.note)),
    )


def _depends_on_density(cell: Cell, layer: Layer, kernel: Kernel) -> bool:
    return not is_fixed_time(cell, kernel) and [source.dtype for source in layer.sources] == ["bit"]


def _faithful_cycles(cell: Cell) -> dict[str | None, int] | None:
    """Cycles by layer with faithful kernels where they exist, on the base ISA; all others under None.

    None if no layer has one, as in networks that are not binary.
    """
    plain = on_base(cell, load_isa(BASE))
    kernels = tuple(fastest(plain, layer) for layer in cell.network.layers)
    if not any(kernel.variant == FAITHFUL for kernel in kernels):
        return None
    layers = zip(cell.network.layers, kernels, strict=True)
    names = [layer.name if kernel.variant == FAITHFUL else None for layer, kernel in layers]
    cycles: dict[str | None, int] = {None: 0}
    for name, taken in zip((*names, None), run_network(plain, kernels).timing.cycles.tolist(), strict=True):
        cycles[name] = cycles.get(name, 0) + taken
    return cycles


def _rows(cell: Cell, run: Run, faithful: dict[str | None, int] | None) -> tuple[LayerResult, ...]:
    cycles, instructions = run.timing.cycles.tolist(), run.timing.instructions.tolist()
    custom = run.program.custom_executions.tolist()
    rows = [
        LayerResult(
            name=layer.name,
            operator=layer.operator,
            variant=kernel.variant,
            cycles=cycles[n],
            instructions=instructions[n],
            macs=layer.macs,
            faithful_cycles=(faithful or {}).get(layer.name),
            verified=True,
            words=layer.nominal_words,
            input_density=float((inputs_of(cell, layer)[0] > 0).mean()) if layer.input.dtype == "bit" else None,
            code_bytes=kernel_code_bytes(cell.builder, kernel),
            **asdict(lower_layer(layer, kernel).memory),
            density_sweep=density_sweep(cell, layer, kernel) if _depends_on_density(cell, layer, kernel) else (),
            custom_instructions=custom[n],
        )
        for n, (layer, kernel) in enumerate(zip(cell.network.layers, run.kernels, strict=True))
    ]
    return (*rows, LayerResult(OVERHEAD, None, None, cycles[-1], instructions[-1], custom_instructions=custom[-1]))
