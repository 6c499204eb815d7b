"""Finds the BKPT that ends a run, and lets the program print on the way: one run before those that count."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bnnsim.build.image import Image
from bnnsim.elf.names import Names
from bnnsim.elf.program import RETURNED
from bnnsim.emulate.custom import compile_semantics
from bnnsim.emulate.faults import BKPT
from bnnsim.emulate.machine import Machine, Stop
from bnnsim.emulate.plan import Plan, Slice
from bnnsim.emulate.semihosting import Host, exit_code
from bnnsim.emulate.sites import find_sites
from bnnsim.errors import UsageError


@dataclass(frozen=True)
class Ending:
    """How a run ended: at a BKPT or at the plan's end, and the exit code of a semihosting exit, else None."""

    breakpoint: bool = False
    exit_code: int | None = None


def stderr_writer() -> Callable[[bytes], object]:
    """Shows what a program prints, be it byte by byte; stdout stays the report's."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(data: bytes) -> None:
        sys.stderr.write(decoder.decode(data))
        sys.stderr.flush()

    return write


def find_end(image: Image, plan: Plan, cpu: str, write: Callable[[bytes], object]) -> tuple[Plan, Ending]:
    """Run a program once if it has a BKPT or may return before its count ends.

    The plan returned ends where that run did and answers as many calls. Raises UsageError if the run ends before
    counting began, or if a call returns before it reaches the end of counting; EmulationFault for a semihosting call
    that is not known. Any other fault shows up again when the plan is emulated.
    """
    breaks = any(size == 2 and word >> 8 == 0xBE for _, size, word in image.words())
    if not breaks and not _may_return_early(plan):
        return plan, Ending()
    machine, number, stop = _run(image, plan, cpu, host := Host(write))
    plan = replace(plan, host_calls=host.calls)
    if stop is None or stop.interrupt != BKPT:
        return plan, Ending()
    _check_reached(image, plan, number, stop.pc)
    return replace(plan, slices=(*plan.slices[:-1], Slice(0, stop.pc))), Ending(True, exit_code(machine))


def _return_address(plan: Plan) -> int | None:
    """Where the plan's call returns to; None for a run from reset."""
    return next(
        (address for address, data in plan.writes if data == RETURNED and plan.registers[14] == address | 1), None
    )


def _may_return_early(plan: Plan) -> bool:
    address = _return_address(plan)
    return address is not None and any(part.until != address for part in plan.slices)


def _check_reached(image: Image, plan: Plan, number: int, pc: int) -> None:
    """Raise UsageError if a BKPT at pc ended slice `number` too early; a program's own one may end the last."""
    last, returned = number == len(plan.slices) - 1, pc == _return_address(plan)
    if last and not returned:
        return
    until = plan.slices[number].until
    named = (name for name, value in image.symbols.items() if value & ~1 == until)
    wanted = next(named, f"{until:#010x}")
    before = f"{plan.scopes[0]} returned" if returned else f"the BKPT at {Names(image).place(pc)}"
    raise UsageError(f"{'--to' if last else '--from'}: {wanted} was not reached before {before}")


def executed_edges(image: Image, plan: Plan, cpu: str) -> Iterable[tuple[int, int]]:
    """Ways between blocks, (previous, block), that a run takes until it ends or faults; see `Machine.take_edges`."""
    machine, _, _ = _run(image, plan, cpu, Host())
    return machine.take_edges()


def _run(image: Image, plan: Plan, cpu: str, host: Host) -> tuple[Machine, int, Stop | None]:
    """Run as far as it goes; the machine, the number of the slice that it stopped in, and how."""
    machine = Machine(image, plan, cpu)
    machine.host = host
    machine.hook_sites(find_sites(image, compile_semantics(image.custom_instructions), details=False), everywhere=False)
    machine.count_edges()  # the instruction limit counts there
    number, stop = machine.in_worker(lambda: _first_stop(machine))
    return machine, number, stop


def _first_stop(machine: Machine) -> tuple[int, Stop | None]:
    for number, part in enumerate(machine.plan.slices):
        if (stop := machine.run_until(part.until)) is not None:
            return number, stop
    return len(machine.plan.slices), None
