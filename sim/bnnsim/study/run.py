"""Run a study: every cell through build, emulate, verify, time; finished cells are kept whatever happens to others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from bnnsim import __version__
from bnnsim.cache import Cache, digest, set_numba_cache
from bnnsim.errors import (
    BnnsimError, BuildError, CostError, EmulationFault, ExtensionError, LoweringError, ToolchainError, VerificationError,
)  # fmt: skip
from bnnsim.isa import BASE, Isa, load_isa
from bnnsim.study.board import Board, load_board
from bnnsim.study.config import Study
from bnnsim.study.results import OVERHEAD, CellResult, Comparison, Failure, LayerResult, with_speedups

Progress = Callable[[int, int, str], None]  # finished steps, all steps, what is running
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
    set_numba_cache()
    from bnnsim.build.toolchain import load_toolchain
    from bnnsim.model.kernels import load_kernels
    from bnnsim.model.network import load_network, random_input
    from bnnsim.model.reference import run_reference
    from bnnsim.study.cell import Cell
    from bnnsim.timing.core import load_core

    network = load_network(study.network)
    isas = [load_isa(spec) for spec in study.isa]
    names = [isa.name for isa in isas]
    cores = [load_core(name) for name in study.cores]
    boards = [load_board(name) for name in study.boards]
    toolchains = {core.name: load_toolchain(study.toolchain, core.target[study.toolchain]) for core in cores}
    x = random_input(network, study.input_seed)
    expected = run_reference(network, x)
    kernels, cache = load_kernels(), Cache()
    cells: list[CellResult] = []
    failures: list[Failure] = []
    plan = [(core, board, isa) for core in cores for board in boards for isa in isas]
    for number, (core, board, isa) in enumerate(plan):
        if progress:
            progress(number, len(plan), f"{core.name} {board.name} {isa.name}")
        priced = core.with_overrides({k: v for k, v in study.set.items() if k.startswith(f"{core.name}.")})
        cell = Cell(
            network, x, expected, kernels, priced, board, isa, toolchains[core.name], cache,
            _latencies(isa, study), study.variants, study.shift_code_bytes,
        )  # fmt: skip
        try:
            cells.append(_cached_cell(cell, load_isa(BASE)))
        except BnnsimError as error:
            failures.append(Failure(core.name, board.name, isa.name, _stage(error), str(error)))
    if progress:
        progress(len(plan), len(plan), "done")
    reference = names[study.isa.index(study.reference)]
    provenance = _provenance(study, network, isas, cores, boards, toolchains)
    comparison = Comparison(network.name, reference, provenance, tuple(cells), tuple(failures), study.name)
    return with_speedups(comparison)


def _latencies(isa: Isa, study: Study) -> dict[str, int]:
    changed = {name: study.set.get(f"{name}.latency", latency) for name, latency in isa.latencies.items()}
    return {name: int(value) for name, value in changed.items()}


def _stage(error: BnnsimError) -> str:
    return next((stage for kinds, stage in _STAGES if isinstance(error, kinds)), "build")


def _cached_cell(cell: Any, base: Isa) -> CellResult:
    """The cell's result from the cache, or made and stored."""
    key = _cell_key(cell)
    if (data := cell.cache.get("cell", key)) is not None:
        return _from_json(data)
    result = _run_cell(cell, base)
    cell.cache.put("cell", key, json.dumps(asdict(result)).encode())
    return result


def _cell_key(cell: Any) -> str:
    from bnnsim.paths import data_root
    from bnnsim.study.cell import code_digest

    sources = sorted(p for p in (data_root() / "kernels").rglob("*") if p.is_file())
    users = [choice for _, choice in cell.variants if choice.endswith(".c")]
    files = [part for path in [*sources, *users] for part in (str(path), open(path, "rb").read())]
    return digest(
        code_digest(), cell.network.digest, cell.x.tobytes(), cell.core.model_dump_json(), cell.board.digest, cell.board.name,
        cell.isa.digest, repr(sorted(cell.latencies.items())), cell.toolchain.version, repr(cell.toolchain.flags),
        repr(cell.variants), str(cell.shift_code_bytes), *files,
    )  # fmt: skip


def _run_cell(cell: Any, base: Isa) -> CellResult:
    from bnnsim.study.cell import cycle_shares, density_sweep, fastest, memory_bytes, on_base, run_network

    layers = cell.network.layers
    run = run_network(cell, tuple(fastest(cell, layer) for layer in layers))
    plain = on_base(cell, base)
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


def _provenance(study: Study, network: Any, isas: list[Isa], cores: Any, boards: list[Board], tools: Any) -> dict[str, Any]:
    first = tools[cores[0].name]
    return {
        "bnnsim": __version__,
        "compiler": first.version,
        "flags": " ".join(first.flags),
        "tables": {core.name: digest(core.model_dump_json()) for core in cores} | {board.name: board.digest for board in boards},
        "extensions": {e.name: e.digest for isa in isas for e in isa.extensions},
        "network": network.digest,
        "seeds": {"input": study.input_seed, "parameters": network.parameter_seed},
        "set": dict(study.set),
        "shift_code_bytes": study.shift_code_bytes,
        "toolchain": study.toolchain,
        "isas": {isa.name: replace(isa).digest for isa in isas},
    }
