"""Prices every program of a suite on its cores; a program that fails is one row, the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from bnnsim.build.image import Image
from bnnsim.elf.measure import Settings, measure
from bnnsim.elf.program import Request, make_plan
from bnnsim.errors import BnnsimError, UsageError, nearest
from bnnsim.timing.board import load_board
from bnnsim.timing.core import Core, load_core
from bnnsim.validate.build import load_or_build
from bnnsim.validate.measured import Measured
from bnnsim.validate.results import Row, Validation
from bnnsim.validate.suite import ITERATIONS, Program, Suite

Report = Callable[[int, int, str], None]  # rows done, rows in all, what has just been done


@dataclass(frozen=True)
class Options:
    """How to run: folder that paths are relative to, a tolerance and an ELF file in place of the suite's, processes."""

    folder: Path
    tolerance_percent: float | None = None
    elf: Path | None = None
    jobs: int = 1


@dataclass(frozen=True)
class _Timed:
    cycles: float
    unvalidated: tuple[str, ...]  # what of the core and the board no silicon confirmed


@dataclass(frozen=True)
class _Job:
    program: Program
    arguments: tuple[str, ...]
    iterations: int | None
    core_name: str  # as the suite names it
    core: Core
    toolchain: str
    options: Options


def choose_cores(suite: Suite, names: Iterable[str]) -> tuple[str, ...]:
    """Cores to run, all of the suite's by default. Raises UsageError for one that no program names."""
    chosen = tuple(dict.fromkeys(names)) or suite.cores
    for name in chosen:
        if name not in suite.cores:
            hint = nearest(name, suite.cores)
            raise UsageError(f"--core: no program of the suite names {name!r}; it has {', '.join(suite.cores)}{hint}")
    return chosen


def run_suite(
    suite: Suite, cores: tuple[str, ...], options: Options, measured: Measured | None = None,
    report: Report | None = None,
) -> Validation:  # fmt: skip
    """Time all programs and compare; measured counts replace the suite's references, and only they are run.

    Raises UsageError and ConfigError for what concerns all programs: unknown cores.
    """
    tables = {name: load_core(name, options.folder) for name in cores}
    pairs = [(core, program) for core in cores for program in suite.programs if core in program.cycles]
    wanted = [(c, p) for c, p in pairs if measured is None or (p.name, c) in measured.cycles]
    if measured is not None and not wanted:
        raise UsageError(f"--measured: {measured.file} has no counts of {', '.join(cores)}")
    jobs = [
        _Job(p, tuple(map(str, suite.arguments_of(p))), suite.iterations_of(p), c, tables[c], suite.toolchain, options)
        for c, p in wanted
    ]
    rows = []
    for job, found in zip(jobs, _in_parallel(jobs, options.jobs), strict=True):
        rows.append(_row(suite, job, found, measured))
        if report:
            report(len(rows), len(jobs), f"{job.core_name} {job.program.name}")
    file = measured.file if measured else None
    return Validation(suite.name, tuple(rows), file, len(pairs) - len(wanted))


def _in_parallel(jobs: list[_Job], processes: int) -> Iterable[_Timed | str]:
    if processes == 1 or len(jobs) < 2:
        yield from map(_time, jobs)
        return
    with ProcessPoolExecutor(min(processes, len(jobs)), get_context("spawn")) as pool:
        yield from pool.map(_time, jobs)


def _time(job: _Job) -> _Timed | str:
    """Cycles of a program (of one iteration), or the reason why there are none."""
    try:
        image = load_or_build(job.program, job.core, job.options.folder, job.toolchain, job.options.elf)
        if job.iterations is None:
            return _measure(image, job, job.arguments)
        once, twice = (_measure(image, job, _with_iterations(job.arguments, n * job.iterations)) for n in (1, 2))
        return replace(once, cycles=(twice.cycles - once.cycles) / job.iterations)
    except BnnsimError as error:
        return str(error).removeprefix("--")  # elf.program names options of `bnnsim time`: call, memory, from, to


def _with_iterations(arguments: tuple[str, ...], number: int) -> tuple[str, ...]:
    return tuple(str(number) if argument == ITERATIONS else argument for argument in arguments)


def _measure(image: Image, job: _Job, arguments: tuple[str, ...]) -> _Timed:
    program = job.program
    memory = tuple((_read(job.options.folder / m.file), str(m.at)) for m in program.memory)
    request = Request(program.function, arguments, memory, program.start, program.end)
    board = load_board(program.board, job.options.folder) if program.board else None
    measured = measure(*make_plan(image, request), job.core, Settings(board))
    return _Timed(measured.cycles, measured.unvalidated)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read memory file {str(path)!r}: {error.strerror}") from None


def _row(suite: Suite, job: _Job, found: _Timed | str, measured: Measured | None) -> Row:
    program, core = job.program, job.core_name
    origin, own = suite.origin_of(program, core), program.cycles[core].cycles
    given = job.options.tolerance_percent
    reference = None if own is None else own - suite.subtract_of(program, core)
    row = Row(
        program=program.name,
        core=core,
        board=program.board or job.core.default_board,
        tolerance_percent=suite.tolerance_of(program) if given is None else given,
        cycles=None if isinstance(found, str) else found.cycles,
        reference=reference,
        kind=origin.kind if origin else None,
        source=origin.source if origin else None,
        iterations=job.iterations,
        reason=found if isinstance(found, str) else None,
        unvalidated=() if isinstance(found, str) else found.unvalidated,
    )
    if measured is None:
        return row
    counted = measured.cycles[program.name, core] / (job.iterations or 1)
    return replace(row, reference=counted, manual=reference, kind="measured", source=measured.file)
