"""Emulate an image: a counting pass (block edges) and a detail pass (executed instructions, operands, addresses)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.custom import compile_semantics
from bnnsim.emulate.faults import diagnose
from bnnsim.emulate.machine import Machine
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.sites import Sites, find_sites
from bnnsim.emulate.trace import DIVIDE_CLASSES, Trace
from bnnsim.errors import EmulationFault

Edges = list[dict[tuple[int, int], int]]


def emulate(image: Image, plan: Plan, cpu: str) -> Trace:
    """Run a plan on an image; cpu: Unicorn's model name, e.g. "cortex-m4".

    Raises EmulationFault with a diagnosis if the code does not run to the plan's end, or if the two
    passes disagree; ExtensionError if an instruction's semantics do not compile.
    """
    semantics = compile_semantics(image.isa)
    edges, outputs, peak = _count(image, plan, cpu, semantics)
    sites, executed, classes, misaligned = _details(image, plan, cpu, semantics)
    return _assemble(image, plan, edges, outputs, peak, sites, executed, classes, misaligned)


def _count(image: Image, plan: Plan, cpu: str, semantics: dict[str, Any]) -> tuple[Edges, dict[str, bytes], int]:
    machine = Machine(image, plan, cpu)
    machine.hook_sites(find_sites(image, semantics, details=False), everywhere=False)
    machine.count_edges()
    return machine.in_worker(lambda: _count_slices(machine))


def _count_slices(machine: Machine) -> tuple[Edges, dict[str, bytes], int]:
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
    return edges, outputs, machine.peak_stack_bytes()


def _details(
    image: Image, plan: Plan, cpu: str, semantics: dict[str, Any]
) -> tuple[Sites, np.ndarray, np.ndarray, np.ndarray]:
    """Per scope: executions by code halfword, divide classes and misaligned accesses by site record."""
    machine = Machine(image, plan, cpu)
    machine.count_edges()  # the instruction limit counts there
    sites = find_sites(image, semantics, details=True)
    machine.hook_sites(sites, everywhere=True)
    return machine.in_worker(lambda: _detail_slices(machine, sites))


def _detail_slices(machine: Machine, sites: Sites) -> tuple[Sites, np.ndarray, np.ndarray, np.ndarray]:
    assert machine.executed is not None
    scopes = len(machine.plan.scopes)
    executed = np.zeros((scopes, len(sites.lookup)), np.int64)
    divides, accesses = sites.of_kind(probes.DIVIDE), sites.of_kind(probes.MEMORY)
    classes = np.zeros((scopes, len(divides), DIVIDE_CLASSES), np.int64)
    misaligned = np.zeros((scopes, len(accesses), 2), np.int64)
    first = probes.F_CLASSES
    for part in machine.plan.slices:
        _run(machine, part.until)
        if part.scope >= 0:
            executed[part.scope] += machine.executed
            classes[part.scope] += sites.records[divides, first : first + DIVIDE_CLASSES]
            misaligned[part.scope] += sites.records[accesses, probes.F_CROSSING : probes.F_ODD + 1]
        machine.executed[:] = 0
        sites.records[divides, first : first + DIVIDE_CLASSES] = 0
        sites.records[accesses, probes.F_CROSSING : probes.F_ODD + 1] = 0
    return sites, executed, classes, misaligned


def _run(machine: Machine, until: int) -> None:
    stop = machine.run_until(until)
    if stop is not None:
        raise EmulationFault(diagnose(machine, stop))


def _assemble(
    image: Image, plan: Plan, edges: Edges, outputs: dict[str, bytes], peak: int,
    sites: Sites, executed: np.ndarray, classes: np.ndarray, misaligned: np.ndarray,
) -> Trace:  # fmt: skip
    """Turn dictionaries into arrays, and hold the two passes against each other."""
    keys = sorted({key for scope in edges for key in scope})
    blocks = sorted({b for key in keys for b in key if b}, key=lambda b: (b & 0xFFFFFFFF, b >> 32))
    number = {b: n for n, b in enumerate(blocks)} | {0: -1}
    counts = np.array([[scope.get(key, 0) for key in keys] for scope in edges], np.int64).reshape(len(edges), len(keys))
    block_array = np.array([(b & 0xFFFFFFFF, b >> 32) for b in blocks], np.int64).reshape(-1, 2)
    edge_array = np.array([(number[p], number[b]) for p, b in keys], np.int64).reshape(-1, 2)
    entries = np.zeros((len(edges), len(blocks)), np.int64)
    np.add.at(entries.T, edge_array[:, 1], counts.T)
    skipped_at, skipped = _skipped(image, sites, block_array, entries, executed)
    used = misaligned.any(axis=(0, 2)) if misaligned.size else np.zeros(misaligned.shape[1], bool)
    divided = classes.any(axis=(0, 2)) if classes.size else np.zeros(classes.shape[1], bool)
    return Trace(
        plan.scopes, block_array, edge_array, counts, skipped_at, skipped,
        sites.addresses[sites.of_kind(probes.DIVIDE)][divided], classes[:, divided],
        sites.addresses[sites.of_kind(probes.MEMORY)][used], misaligned[:, used], outputs, peak,
    )  # fmt: skip


def _skipped(
    image: Image, sites: Sites, blocks: np.ndarray, entries: np.ndarray, executed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Condition-failed counts = issued (block entries) - executed; outside IT blocks the two must agree."""
    starts = np.array([address for address, _, _ in image.words()], np.int64)
    issued = np.zeros((len(entries), len(starts)), np.int64)
    for block, (address, size) in enumerate(blocks):
        first, last = starts.searchsorted((address, address + size))
        issued[:, first:last] += entries[:, block, None]
    missing = issued - executed[:, (starts - sites.base) // 2]
    in_it = np.isin(starts, sites.in_it)
    wrong = np.flatnonzero((missing != 0).any(axis=0) & ~in_it | (missing < 0).any(axis=0))
    if len(wrong):
        address = int(starts[wrong[0]])
        raise EmulationFault(
            f"counts disagree at {address:#010x}: {issued[:, wrong[0]].sum()} by blocks, "
            f"{issued[:, wrong[0]].sum() - missing[:, wrong[0]].sum()} by instruction; "
            "is code modified while it runs, or does a block end early?"
        )
    kept = in_it & missing.any(axis=0)
    return starts[kept], missing[:, kept]
