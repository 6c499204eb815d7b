"""Runs a program to its end and prices it: totals, stalls, cycles by function and by instruction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bnnsim.build.image import Image
from bnnsim.elf.ending import find_end
from bnnsim.elf.names import Names
from bnnsim.elf.stripped import with_executed_code
from bnnsim.elf.unknown import Unknown, allowing_unknown, unknown_instructions
from bnnsim.emulate.copied import with_copies
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.run import emulate
from bnnsim.errors import EmulationFault
from bnnsim.timing.band import price_band
from bnnsim.timing.board import Board
from bnnsim.timing.core import Core, core_notes
from bnnsim.timing.explain import cycles_by_address, executions_by_address, explain, stalls_by_address
from bnnsim.timing.extra import Extra
from bnnsim.timing.price import price
from bnnsim.timing.program import Program, decode_program


@dataclass(frozen=True)
class Settings:
    """How to price. board: its clock and memories, None: memory without wait states and no clock; custom_costs: as for
    `price`; unknown_cycles: price of an instruction without a cost, None: such a one is an error; band: price the
    core's uncertain parameters at both ends, too.
    """

    board: Board | None = None
    custom_costs: Mapping[str, float] = field(default_factory=dict)
    unknown_cycles: int | None = None
    band: bool = False


@dataclass(frozen=True)
class FunctionCycles:
    """One function's own cycles and instructions, without what it calls."""

    name: str
    cycles: int
    instructions: int


@dataclass(frozen=True)
class Band:
    """Cycles with the uncertain parameters at their cheap and at their dear ends; parameters: [low, high] by key."""

    low_cycles: int
    high_cycles: int
    parameters: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Measurement:
    """What a run took. stalls: cycles by reason; sources: cycles by kind of source; functions: most cycles first.

    clock_hz: of a real board, else None; image: the program, with code that it copied to RAM; program: its trace,
    decoded; cycles_at, executions_at, stalls_at (cycles by reason): by instruction address; ended_at: address that
    ended the run; breakpoint: a BKPT did; exit_code: of a semihosting exit; unvalidated: what of the core's and the
    board's timing nobody compared with silicon, in words; notes: what every report must say of core and extensions.
    """

    core: str
    board: str
    clock_hz: int | None
    cycles: int
    instructions: int
    stalls: Mapping[str, int]
    sources: Mapping[str, int]
    functions: tuple[FunctionCycles, ...]
    cycles_at: Mapping[int, int]
    executions_at: Mapping[int, int]
    stalls_at: Mapping[int, Mapping[str, int]]
    unknown: tuple[Unknown, ...]
    band: Band | None
    unvalidated: tuple[str, ...]
    ended_at: int
    breakpoint: bool
    exit_code: int | None
    image: Image
    program: Program
    notes: tuple[str, ...] = ()

    def milliseconds(self, cycles: int) -> float | None:
        """Time of cycles at the board's clock, None without one."""
        return None if self.clock_hz is None else cycles / self.clock_hz * 1e3


def measure(
    image: Image, plan: Plan, core: Core, settings: Settings | None = None, write: Callable[[bytes], object] = len
) -> Measurement:
    """Emulate a plan's only counted scope and price it. write: gets what the program prints by semihosting.

    Raises EmulationFault with a diagnosis, CostError for an executed instruction without a cost.
    """
    settings = settings or Settings()
    if not image.symbols:
        image = with_executed_code(image, plan, core.unicorn_cpu)
    plan, ending = find_end(image, plan, core.unicorn_cpu, write)
    trace = emulate(image, plan, core.unicorn_cpu)
    if not len(trace.edges):
        raise EmulationFault(f"nothing was executed before the end at {Names(image).place(plan.slices[-1].until)}")
    ran = with_copies(image, trace)
    if settings.unknown_cycles is not None:
        core = allowing_unknown(core, settings.unknown_cycles)
    program, board, custom_costs = decode_program(trace, ran, core), settings.board, settings.custom_costs
    memory = _memory_extras(image, plan, program, settings)
    timing = price(program, custom_costs=custom_costs, memory=memory)
    explained = explain(program, custom_costs=custom_costs, memory=memory)
    cycles = cycles_by_address(program, custom_costs=custom_costs, memory=memory, scope=0)
    executions = executions_by_address(program, scope=0)
    return Measurement(
        core=core.name,
        board=board.name if board else core.default_board,
        clock_hz=board.clock_hz if board and board.real else None,
        cycles=int(timing.cycles[0]),
        instructions=int(timing.instructions[0]),
        stalls={reason: int(by[0]) for reason, by in explained.stalls.items()},
        sources={kind: int(by[0]) for kind, by in explained.sources.items()},
        functions=_by_function(ran, cycles, executions),
        cycles_at=cycles,
        executions_at=executions,
        stalls_at=stalls_by_address(program, custom_costs=custom_costs, memory=memory, scope=0),
        unknown=unknown_instructions(ran, program, executions, settings.unknown_cycles or 0),
        band=_band(program, settings, memory) if settings.band else None,
        unvalidated=(*core.unvalidated, *(board.unvalidated if board else ()), *_outside(program, board)),
        ended_at=plan.slices[-1].until,
        breakpoint=ending.breakpoint,
        exit_code=ending.exit_code,
        image=ran,
        program=program,
        notes=(*core_notes(core), *(f"{e.name}: {e.note}" for e in ran.isa.extensions if e.note)),
    )


def _memory_extras(image: Image, plan: Plan, program: Program, settings: Settings) -> Sequence[Extra]:
    if settings.board is None or settings.board.ideal:
        return ()
    from bnnsim.timing.memory import extras_for

    return extras_for(image, plan, program, settings.board, settings.custom_costs)


def _outside(program: Program, board: Board | None) -> tuple[str, ...]:
    """Says that code ran where the board has no memory, or one that code is not timed in."""
    if board is None or board.ideal:
        return ()
    ran = program.trace.edges[program.trace.counts[0] > 0, 1]
    for address in program.trace.blocks[ran, 0].tolist():
        name = next((n for n, region in board.memory.items() if region.address <= address < region.end), None)
        if name is None or not board.memory[name].holds_code:
            where = "no memory" if name is None else name
            return (f"code at {address:#010x}, in {where} of {board.name}, taken to have no wait states",)
    return ()


def _band(program: Program, settings: Settings, memory: Sequence[Extra]) -> Band:
    low, high = price_band(program, custom_costs=settings.custom_costs, memory=memory)
    return Band(int(low.cycles[0]), int(high.cycles[0]), dict(program.core.band))


def _by_function(image: Image, cycles: Mapping[int, int], executions: Mapping[int, int]) -> tuple[FunctionCycles, ...]:
    names, found = Names(image), {}
    for address, count in executions.items():
        name = names.function(address)
        before = found.get(name, (0, 0))
        found[name] = (before[0] + cycles.get(address, 0), before[1] + count)
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(FunctionCycles(name, *counts) for name, counts in ordered)
