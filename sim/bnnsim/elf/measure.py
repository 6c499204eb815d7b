"""Runs a program to its end and prices it: totals, stalls, cycles by function and by instruction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bnnsim.build.image import Image
from bnnsim.elf.names import Names
from bnnsim.emulate.custom import compile_semantics
from bnnsim.emulate.faults import BKPT
from bnnsim.emulate.machine import NOP_W, Machine, Stop
from bnnsim.emulate.plan import Plan, Slice
from bnnsim.emulate.run import emulate
from bnnsim.emulate.sites import find_sites
from bnnsim.emulate.trace import Trace
from bnnsim.errors import CostError, EmulationFault
from bnnsim.timing.core import Core
from bnnsim.timing.explain import cycles_by_address, executions_by_address, explain
from bnnsim.timing.price import price
from bnnsim.timing.program import decode_program

_SEMIHOSTING, _SEMIHOSTING_EXITS = 0xBEAB, (0x18, 0x20)


@dataclass(frozen=True)
class FunctionCycles:
    """One function's own cycles and instructions, without what it calls."""

    name: str
    cycles: int
    instructions: int


@dataclass(frozen=True)
class Measurement:
    """What a run took. stalls: cycles by reason; sources: cycles by kind of source; functions: most cycles first.

    cycles_at, executions_at: by instruction address; ended_at: address that ended the run; breakpoint: a BKPT did.
    """

    core: str
    board: str
    cycles: int
    instructions: int
    stalls: Mapping[str, int]
    sources: Mapping[str, int]
    functions: tuple[FunctionCycles, ...]
    cycles_at: Mapping[int, int]
    executions_at: Mapping[int, int]
    ended_at: int
    breakpoint: bool


def measure(image: Image, plan: Plan, core: Core) -> Measurement:
    """Emulate a plan's only counted scope and price it.

    Raises EmulationFault with a diagnosis, CostError for an executed instruction without a cost.
    """
    end = _breakpoint_end(image, plan, core.unicorn_cpu) if _has_breakpoint(image) else None
    if end is not None:
        plan = replace(plan, slices=(*plan.slices[:-1], Slice(0, end)))
    plan = _watch_code(image, plan)
    trace = emulate(image, plan, core.unicorn_cpu)
    _check_code(image, plan, trace)
    program = decode_program(trace, image, core)
    timing, explained = price(program), explain(program)
    cycles, executions = cycles_by_address(program, scope=0), executions_by_address(program, scope=0)
    return Measurement(
        core=core.name,
        board=core.default_board,
        cycles=int(timing.cycles[0]),
        instructions=int(timing.instructions[0]),
        stalls={reason: int(by[0]) for reason, by in explained.stalls.items()},
        sources={kind: int(by[0]) for kind, by in explained.sources.items()},
        functions=_by_function(image, cycles, executions),
        cycles_at=cycles,
        executions_at=executions,
        ended_at=plan.slices[-1].until,
        breakpoint=end is not None,
    )


def _by_function(image: Image, cycles: Mapping[int, int], executions: Mapping[int, int]) -> tuple[FunctionCycles, ...]:
    names, found = Names(image), {}
    for address, count in executions.items():
        name = names.function(address)
        before = found.get(name, (0, 0))
        found[name] = (before[0] + cycles.get(address, 0), before[1] + count)
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(FunctionCycles(name, *counts) for name, counts in ordered)


def _has_breakpoint(image: Image) -> bool:
    return any(size == 2 and word >> 8 == 0xBE for _, size, word in image.words())


def _breakpoint_end(image: Image, plan: Plan, cpu: str) -> int | None:
    """Address of the BKPT that ends a run, None if something else ends it; other faults show up again later."""
    machine = Machine(image, plan, cpu)
    machine.hook_sites(find_sites(image, compile_semantics(image.isa), details=False), everywhere=False)
    machine.count_edges()  # the instruction limit counts there
    number, stop = machine.in_worker(lambda: _first_stop(machine))
    if stop is None or stop.interrupt != BKPT:
        return None
    place = Names(image).place(stop.pc)
    if number < len(plan.slices) - 1:
        raise EmulationFault(f"BKPT at {place}, before the start of counting was reached")
    operation = machine.register(0)
    if int.from_bytes(image.read(stop.pc, 2), "little") == _SEMIHOSTING and operation not in _SEMIHOSTING_EXITS:
        raise EmulationFault(
            f"semihosting call {operation:#x} at {place}: only exits (0x18, 0x20) are known; "
            "build without semihosting output, or end before it with --to"
        )
    return stop.pc


def _first_stop(machine: Machine) -> tuple[int, Stop | None]:
    for number, part in enumerate(machine.plan.slices):
        if (stop := machine.run_until(part.until)) is not None:
            return number, stop
    return len(machine.plan.slices), None


def _watch_code(image: Image, plan: Plan) -> Plan:
    """Read code that lies in writable memory back at the end, to see whether the program changed it."""
    inside = [r for r in plan.regions if r.writable and r.address <= plan.start < r.address + r.size_bytes]
    if not inside:
        return plan
    begin, end = inside[0].address, inside[0].address + inside[0].size_bytes
    code = [(low, high) for low, high in image.code_ranges if begin <= low and high <= end]
    low, high = code[0][0], code[-1][1]
    last = replace(plan.slices[-1], output=("code", low, high - low))
    return replace(plan, slices=(*plan.slices[:-1], last))


def _check_code(image: Image, plan: Plan, trace: Trace) -> None:
    """Raise CostError for blocks outside the known code, and for code that the program changed."""
    names, ranges = Names(image), image.code_ranges
    _check_marked(image, plan, trace, names)
    output = plan.slices[-1].output
    if output is None:
        return
    _, base, _ = output
    found = trace.outputs["code"]
    for low, high in ranges:
        if not base <= low < base + len(found):
            continue
        expected = bytearray(image.read(low, high - low))
        for site in (s for s in image.sites if low <= s < high):
            expected[site - low : site - low + 4] = NOP_W
        now = found[low - base : high - base]
        if now != expected:
            at = next(i for i, (a, b) in enumerate(zip(now, expected, strict=True)) if a != b)
            raise CostError(f"{names.place(low + at)}: the program changed its own code, which cannot be timed")


def _check_marked(image: Image, plan: Plan, trace: Trace, names: Names) -> None:
    """Raise CostError for the first block that does not lie in code known to the instruction hooks."""
    ranges = np.array(sorted(image.code_ranges), np.int64).reshape(-1, 2)
    joined = np.flatnonzero(ranges[1:, 0] != ranges[:-1, 1])  # code may run on from one range into the next
    starts, ends = ranges[np.r_[0, joined + 1], 0], ranges[np.r_[joined, len(ranges) - 1], 1]
    first = trace.blocks[:, 0]
    at = np.searchsorted(starts, first, side="right") - 1
    outside = np.flatnonzero((at < 0) | (first + trace.blocks[:, 1] > ends[at]))
    if len(outside):
        raise CostError(
            f"{names.place(int(first[outside[0]]))} was executed, but the ELF file marks no code there (data, or code "
            f"copied at run time), or it lies far from the start at {plan.start:#010x}: code in two memories is not "
            "timed yet"
        )
