"""Run a study: every cell through build, emulate, verify, time; finished cells are kept whatever happens to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bnnsim import __version__
from bnnsim.build.toolchain import FPU_FLAGS, load_toolchain
from bnnsim.cache import Cache, digest
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
)
from bnnsim.isa import load_isa
from bnnsim.model.kernels import load_kernels
from bnnsim.model.network import load_network, random_input
from bnnsim.model.reference import run_reference
from bnnsim.study.cell import Cell, package_versions
from bnnsim.study.config import Study
from bnnsim.study.outcome import cached_outcome, steps_of
from bnnsim.study.results import CellResult, Comparison, Failure, with_speedups
from bnnsim.timing.board import Board, load_board
from bnnsim.timing.core import Core, load_core

Progress = Callable[[int, int, str], None]  # finished steps, all steps, what is running
_STAGES: tuple[tuple[tuple[type[BnnsimError], ...], str], ...] = (
    ((ToolchainError, BuildError, LoweringError), "build"),
    ((EmulationFault, ExtensionError), "emulate"),
    ((VerificationError,), "verify"),
    ((CostError,), "time"),
)


def run_study(study: Study, progress: Progress | None = None) -> Comparison:
    """Run all cells of a study in order of cores, boards, ISAs.

    Raises what concerns every cell (unknown names, broken extension files, a missing compiler); what
    concerns one cell becomes a Failure and the others go on.
    """
    cells = make_cells(study)
    found: list[CellResult] = []
    failures: list[Failure] = []
    steps = steps_of(cells[0])
    for number, cell in enumerate(cells):
        name = f"{cell.core.name} {cell.board.name} {cell.isa.name}"

        def report(step: int, what: str, first: int = number * steps, name: str = name) -> None:
            if progress:
                progress(first + step, len(cells) * steps, f"{name}: {what}")

        try:
            found.append(cached_outcome(cell, report))
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
    for core, fitting in _pairs([load_core(name) for name in study.cores], boards):
        if study.toolchain not in core.target:
            raise UsageError(f"core {core.name}: the kernels are not built for {core.architecture} yet")
        priced = core.with_overrides({k: v for k, v in study.set.items() if k.startswith(f"{core.name}.")})
        tools = load_toolchain(study.toolchain, core.target[study.toolchain])
        cells += [
            Cell(
                network=network,
                x=x,
                expected=expected,
                kernels=kernels,
                core=priced,
                board=board,
                isa=isa,
                toolchain=tools,
                cache=cache,
                custom_costs={key: study.set[key] for key in isa.cost_keys if key in study.set},
                variants=study.variants,
                shift_code_bytes=study.shift_code_bytes,
                places=tuple(sorted(study.place.items())),
            )
            for board in fitting
            for isa in isas
        ]
    return cells


def _pairs(cores: list[Core], boards: list[Board]) -> list[tuple[Core, list[Board]]]:
    """Return each core with the boards that have it. Raises UsageError for one that is left without the other."""
    found = [(core, [board for board in boards if has_core(board, core)]) for core in cores]
    names = ", ".join(core.name for core in cores)
    for board in boards:
        if not any(board in fitting for _, fitting in found):
            raise UsageError(f"board {board.name} has a {board.core}; found core {names}, try --core {board.core}")
    for core, fitting in found:
        if not fitting:
            others = ", ".join(f"{board.name} has a {board.core}" for board in boards)
            raise UsageError(f"core {core.name} is on none of the boards: {others}")
    return found


def has_core(board: Board, core: Core) -> bool:
    """Whether a board has a core: the one its file names, a variant of it, or any."""
    if board.core in (None, core.name):
        return True
    return core.target["gcc"].partition("+")[0] == load_core(board.core).target["gcc"].partition("+")[0]


def _stage(error: BnnsimError) -> str:
    return next((stage for kinds, stage in _STAGES if isinstance(error, kinds)), "build")


def _flags(cell: Cell) -> str:
    """Flags of all files but the core's own; networks with floats name those of files that compute with them, too."""
    flags = " ".join(flag for flag in cell.toolchain.flags if not flag.startswith("-mcpu="))
    floats = any(t.dtype == "float32" for layer in cell.network.layers for t in (*layer.sources, layer.output))
    return f"{flags}, files with floats {' '.join(FPU_FLAGS)}" if floats and cell.toolchain.fpu else flags


def _provenance(study: Study, cells: list[Cell]) -> dict[str, Any]:
    first = cells[0]
    tables = {c.core.name: digest(c.core.model_dump_json()) for c in cells}
    return {
        "bnnsim": __version__,
        "compiler": first.toolchain.version,
        "flags": _flags(first),
        "target": {c.core.name: f"-mcpu={c.core.target[study.toolchain]}" for c in cells},
        "packages": package_versions(),
        "tables": tables | {c.board.name: c.board.digest for c in cells},
        "extensions": {e.name: e.digest for c in cells for e in c.isa.extensions},
        "network": first.network.digest,
        "seeds": {"input": study.input_seed, "parameters": first.network.parameter_seed},
        "set": dict(study.set),
        "shift_code_bytes": study.shift_code_bytes,
        "place": dict(study.place),
    }
