"""Emulate an image: a counting pass (block edges) and a detail pass (instructions, operands, addresses, branches)."""

from __future__ import annotations

import numpy as np

from bnnsim import interrupt
from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.assemble import Counted, Detailed, Edges, assemble
from bnnsim.emulate.copied import (
    add_copies,
    as_loaded,
    changed,
    check_unchanged,
    code_in_writable_memory,
    find_copies,
    text_of,
)
from bnnsim.emulate.custom import Semantics, compile_semantics
from bnnsim.emulate.faults import diagnose
from bnnsim.emulate.machine import Machine
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.sites import Sites, find_sites
from bnnsim.emulate.trace import DIVIDE_CLASSES, Trace
from bnnsim.errors import EmulationFault, OverwrittenError


def emulate(image: Image, plan: Plan, cpu: str) -> Trace:
    """Run a plan on an image; cpu: Unicorn's model name, e.g. "cortex-m4".

    Raises EmulationFault with a diagnosis if the code does not run to the plan's end, if it branches into data or
    changes itself, or if the two passes disagree; ExtensionError if an instruction's semantics do not compile.
    """
    semantics = compile_semantics(image.custom_instructions)
    counted = _count(image, plan, cpu, semantics)
    known = add_copies(image, counted.copies)
    machine = Machine(image, plan, cpu)
    detailed = _details(machine, known, semantics)
    return assemble(known, plan, counted, detailed)


def outputs_of(image: Image, plan: Plan, cpu: str) -> tuple[dict[str, bytes], int]:
    """Run a plan once, for its outputs and the stack's bytes only: half of the work, no counts.

    Raises EmulationFault and ExtensionError as `emulate` does.
    """
    counted = _count(image, plan, cpu, compile_semantics(image.custom_instructions))
    return dict(counted.outputs), counted.peak_stack_bytes


def _count(image: Image, plan: Plan, cpu: str, semantics: dict[str, Semantics]) -> Counted:
    interrupt.check()
    machine = Machine(image, plan, cpu)
    machine.hook_sites(find_sites(image, semantics, details=False), everywhere=False)
    machine.count_edges()
    edges, outputs = machine.in_worker(lambda: _count_slices(machine))
    blocks = {block for scope in edges for key in scope for block in key if block}
    check_unchanged(image, plan, blocks, machine.read)
    _check_canaries(plan, machine)
    _check_preserved(plan, machine)
    copies = find_copies(image, plan, blocks, machine.read)
    return Counted(edges, outputs, machine.peak_stack_bytes(), copies)


def _check_canaries(plan: Plan, machine: Machine) -> None:
    """Raise EmulationFault naming the first byte outside a buffer that was overwritten."""
    for name, address, content in plan.canaries:
        found = machine.read(address, len(content))
        if found != content:
            at = next(i for i, (a, b) in enumerate(zip(found, content, strict=True)) if a != b)
            was = f"is {found[at]:#04x}, was {content[at]:#04x}"
            raise OverwrittenError(f"wrote outside the buffer {name}: byte {address + at:#010x} {was}")


def _check_preserved(plan: Plan, machine: Machine) -> None:
    """Raise EmulationFault naming the first register that the code did not give back as it was."""
    for number, value in plan.preserved:
        if (found := machine.register(number)) != value:
            name = "sp" if number == 13 else f"r{number}"
            raise EmulationFault(
                f"returned with {name} = {found:#010x}, was {value:#010x}: a function preserves r4 to r11 and sp"
            )


def _count_slices(machine: Machine) -> tuple[Edges, dict[str, bytes]]:
    edges: Edges = [{} for _ in machine.plan.scopes]
    outputs = {}
    for part in machine.plan.slices:
        _run(machine, part.until)
        taken = machine.take_edges()
        if part.scope >= 0:
            counts = edges[part.scope]
            for key, count in taken.items():
                counts[key] = counts.get(key, 0) + count
        if part.output:
            name, address, size = part.output
            outputs[name] = machine.read(address, size)
    return edges, outputs


def _details(machine: Machine, image: Image, semantics: dict[str, Semantics]) -> Detailed:
    """image: the machine's, with copied code."""
    interrupt.check()
    machine.count_edges()  # the instruction limit counts there
    machine.predict_branches()
    sites = find_sites(image, semantics, details=True)
    machine.hook_sites(sites, everywhere=True)
    ranges = code_in_writable_memory(image, machine.plan)
    machine.watch_code({low: as_loaded(image, low, high - low) for low, high in ranges})
    return machine.in_worker(lambda: _detail_slices(machine, sites))


def _detail_slices(machine: Machine, sites: Sites) -> Detailed:
    assert machine.executed is not None
    scopes = len(machine.plan.scopes)
    executed = np.zeros((scopes, len(sites.lookup)), np.int64)
    divides, accesses = sites.of_kind(probes.DIVIDE), sites.of_kind(probes.MEMORY)
    classes = np.zeros((scopes, len(divides), DIVIDE_CLASSES), np.int64)
    misaligned = np.zeros((scopes, len(accesses), 2), np.int64)
    branches: list[dict[int, tuple[int, int]]] = [{} for _ in range(scopes)]
    first = probes.F_CLASSES
    for part in machine.plan.slices:
        _run(machine, part.until)
        taken = machine.take_branches()
        if part.scope >= 0:
            executed[part.scope] += machine.executed
            classes[part.scope] += sites.records[divides, first : first + DIVIDE_CLASSES]
            misaligned[part.scope] += sites.records[accesses, probes.F_CROSSING : probes.F_ODD + 1]
            counts = branches[part.scope]
            for block, (mispredicts, changes) in taken.items():
                before = counts.get(block, (0, 0))
                counts[block] = (before[0] + mispredicts, before[1] + changes)
        machine.executed[:] = 0
        sites.records[divides, first : first + DIVIDE_CLASSES] = 0
        sites.records[accesses, probes.F_CROSSING : probes.F_ODD + 1] = 0
    return Detailed(sites, executed, classes, misaligned, branches)


def _run(machine: Machine, until: int) -> None:
    stop = machine.run_until(until)
    if stop is None:
        return
    if stop.changed is not None:
        raise EmulationFault(changed(machine.image, *stop.changed))
    text = diagnose(machine, stop)
    if "FETCH_PROT" in stop.error:  # data or generated code: the image does not have it
        text += f"\n  memory  {text_of(stop.pc, machine.instruction_at(stop.pc))}"
    raise EmulationFault(text)
