"""Run a study: every cell through build, emulate, verify, time; finished cells are kept whatever happens to others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bnnsim import __version__
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache, digest, set_numba_cache
from bnnsim.errors import (
    BnnsimError,
    BuildError,
    CostError,
    EmulationFault,
    ExtensionError,
    LoweringError,
    ToolchainError,
    UsageError,
    VerificationError,
)  # fmt: skip
from bnnsim.isa import BASE, Isa, load_isa
from bnnsim.model.kernels import load_kernels
from bnnsim.model.network import load_network, random_input
from bnnsim.model.reference import run_reference
from bnnsim.paths import data_root
from bnnsim.study.board import load_board
from bnnsim.study.cell import (
    Cell,
    code_digest,
    cycle_shares,
    density_sweep,
    fastest,
    memory_bytes,
    on_base,
    run_network,
)
from bnnsim.study.config import Study
from bnnsim.study.results import OVERHEAD, CellResult, Comparison, Failure, LayerResult, with_speedups
from bnnsim.timing.core import load_core

Progress = Callable[[int, int, str], None]  # finished steps, all steps, what is running
Report = Callable[[int, str], None]  # step within the cell, what it is
_STAGES: tuple[tuple[type[BnnsimError] | tuple[type[BnnsimError], ...], str], ...] = (
    ((ToolchainError, BuildError, LoweringError), "build"),
    ((EmulationFault, ExtensionError), "emulate"),
    (VerificationError, "verify"),
    (CostError, "time"),
)


def run_study(study: Study, progress: Progress | None = None) -> Comparison:
    """Run all cells of a study in order of cores, boards, ISAs.

    Raises what concerns every cell (unknown names, broken extension files, a missing compiler); what
    concerns one cell becomes a Failure and the others go on.
    """
    cells = make_cells(study)
    found: list[CellResult] = []
    failures: list[Failure] = []
    steps = len(cells[0].network.layers) + 2  # choose a kernel for each layer, run the network, run it faithfully
    for number, cell in enumerate(cells):
        name = f"{cell.core.name} {cell.board.name} {cell.isa.name}"

        def report(step: int, what: str, first: int = number * steps, name: str = name) -> None:
            if progress:
                progress(first + step, len(cells) * steps, f"{name}: {what}")

        try:
            found.append(_cached_cell(cell, report))
        except BnnsimError as error:
            failures.append(Failure(cell.core.name, cell.board.name, cell.isa.name, _stage(error), str(error)))
    if progress:
        progress(len(cells) * steps, len(cells) * steps, "done")
    reference = cells[study.isa.index(study.reference)].isa.name
    network = cells[0].network.name
    comparison = Comparison(network, reference, _provenance(study, cells), tuple(found), tuple(failures), study.name)
    return with_speedups(comparison)


def make_cells(study: Study) -> list[Cell]:
    """Load all that a study names and return its cells, nothing built yet."""
    set_numba_cache()
    network = load_network(study.network)
    isas = [load_isa(spec) for spec in study.isa]
    names = [isa.name for isa in isas]
    if len(set(names)) != len(names):
        raise UsageError(f"two of the ISAs have the same name: {', '.join(names)}")
    boards = [load_board(name) for name in study.boards]
    x = random_input(network, study.input_seed)
    expected = run_reference(network, x)
    kernels, cache = load_kernels(), Cache()
    cells = []
    for core in (load_core(name) for name in study.cores):
        priced = core.with_overrides({k: v for k, v in study.set.items() if k.startswith(f"{core.name}.")})
        tools = load_toolchain(study.toolchain, core.target[study.toolchain])
        for board in boards:
            for isa in isas:
                cell = Cell(
                    network, x, expected, kernels, priced, board, isa, tools, cache,
                    _latencies(isa, study), study.variants, study.shift_code_bytes,
                )  # fmt: skip
                cells.append(cell)
    return cells


def _latencies(isa: Isa, study: Study) -> dict[str, int]:
    changed = {name: study.set.get(f"{name}.latency", latency) for name, latency in isa.latencies.items()}
    return {name: int(value) for name, value in changed.items()}


def _stage(error: BnnsimError) -> str:
    return next((stage for kinds, stage in _STAGES if isinstance(error, kinds)), "build")


def _cached_cell(cell: Cell, report: Report) -> CellResult:
    """The cell's result from the cache, or made and stored."""
    key = _cell_key(cell)
    if (data := cell.cache.get("cell", key)) is not None:
        return _from_json(data)
    result = _run_cell(cell, report)
    cell.cache.put("cell", key, json.dumps(asdict(result)).encode())
    return result


def _cell_key(cell: Cell) -> str:
    sources = sorted(p for p in (data_root() / "kernels").rglob("*") if p.is_file())
    users = [choice for _, choice in cell.variants if choice.endswith(".c")]
    files = [part for path in [*sources, *map(Path, users)] for part in (str(path), path.read_bytes())]
    return digest(
        code_digest(), cell.network.digest, cell.x.tobytes(), cell.core.model_dump_json(), cell.board.digest, cell.board.name,
        cell.isa.digest, repr(sorted(cell.latencies.items())), cell.toolchain.version, repr(cell.toolchain.flags),
        repr(cell.variants), str(cell.shift_code_bytes), *files,
    )  # fmt: skip


def _run_cell(cell: Cell, report: Report) -> CellResult:
    layers = cell.network.layers
    kernels = []
    for number, layer in enumerate(layers):
        report(number, f"kernel for {layer.name}")
        kernels.append(fastest(cell, layer))
    report(len(layers), "whole network")
    run = run_network(cell, tuple(kernels))
    report(len(layers) + 1, "faithful kernels")
    plain = on_base(cell, load_isa(BASE))
    faithful = run_network(plain, tuple(fastest(plain, layer) for layer in layers)).timing
    rows = []
    for n, (layer, kernel) in enumerate(zip(layers, run.kernels, strict=True)):
        density = None
        if layer.input.dtype == "bit":
            source = cell.x if layer.inputs[0] == "input" else cell.expected[layer.inputs[0]]
            density = float((source > 0).mean())
        rows.append(
            LayerResult(
                layer.name, layer.operator, kernel.variant, int(run.timing.cycles[n]), int(run.timing.instructions[n]),
                layer.macs, int(faithful.cycles[n]), None, True, layer.nominal_words, None, density,
                () if kernel.fixed_time else density_sweep(cell, layer, kernel),
            )  # fmt: skip
        )
    last = len(layers)
    rows.append(LayerResult(OVERHEAD, None, None, int(run.timing.cycles[last]), int(run.timing.instructions[last])))
    used, stack = memory_bytes(run.image), run.trace.peak_stack_bytes
    shares = cycle_shares(cell, run.program)
    return CellResult(
        cell.core.name, cell.board.name, cell.isa.name, cell.toolchain.name, cell.board.clock_hz,
        sum(r.cycles for r in rows), sum(r.instructions for r in rows), int(faithful.cycles.sum()),
        used["code"], used["flash"], used["ram"] + stack, shares["assumed"], tuple(rows),
        True, None, cell.board.real, stack, shares,
    )  # fmt: skip


def _from_json(data: bytes) -> CellResult:
    values = json.loads(data)
    layers = []
    for row in values.pop("layers"):
        sweep = tuple((density, cycles) for density, cycles in row.pop("density_sweep"))
        layers.append(LayerResult(**row, density_sweep=sweep))
    return CellResult(**values, layers=tuple(layers))


def _provenance(study: Study, cells: list[Cell]) -> dict[str, Any]:
    first = cells[0]
    tables = {c.core.name: digest(c.core.model_dump_json()) for c in cells} | {c.board.name: c.board.digest for c in cells}
    return {
        "bnnsim": __version__,
        "compiler": first.toolchain.version,
        "flags": " ".join(first.toolchain.flags),
        "tables": tables,
        "extensions": {e.name: e.digest for c in cells for e in c.isa.extensions},
        "network": first.network.digest,
        "seeds": {"input": study.input_seed, "parameters": first.network.parameter_seed},
        "set": dict(study.set),
        "shift_code_bytes": study.shift_code_bytes,
    }
