"""Turn what the two passes counted into a trace, and hold the passes against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.sites import Sites
from bnnsim.emulate.trace import Trace
from bnnsim.errors import EmulationFault

Edges = list[dict[tuple[int, int], int]]


@dataclass(frozen=True)
class Counted:
    """Counting pass. edges: by scope, (previous block, block) → count, a block being size << 32 | address.

    copies: bytes of the code that ran outside marked code, by address.
    """

    edges: Edges
    outputs: Mapping[str, bytes]
    peak_stack_bytes: int
    copies: Mapping[int, bytes]


@dataclass(frozen=True)
class Detailed:
    """Detail pass. S scopes, D divides and M data accesses among the sites.

    executed: int64 [S, entries of sites.lookup]; classes: int64 [S, D, 34]; misaligned: int64 [S, M, 2];
    branches: by scope, block → (mispredicts, target changes).
    """

    sites: Sites
    executed: np.ndarray
    classes: np.ndarray
    misaligned: np.ndarray
    branches: list[dict[int, tuple[int, int]]]


def assemble(image: Image, plan: Plan, counted: Counted, detailed: Detailed) -> Trace:
    """Turn dictionaries into arrays. Raises EmulationFault if the two passes disagree."""
    edges, sites = counted.edges, detailed.sites
    keys = sorted({key for scope in edges for key in scope})
    blocks = sorted({b for key in keys for b in key if b}, key=lambda b: (b & 0xFFFFFFFF, b >> 32))
    number = {b: n for n, b in enumerate(blocks)} | {0: -1}
    counts = np.array([[scope.get(key, 0) for key in keys] for scope in edges], np.int64).reshape(len(edges), len(keys))
    block_array = np.array([(b & 0xFFFFFFFF, b >> 32) for b in blocks], np.int64).reshape(-1, 2)
    edge_array = np.array([(number[p], number[b]) for p, b in keys], np.int64).reshape(-1, 2)
    entries = np.zeros((len(edges), len(blocks)), np.int64)
    np.add.at(entries.T, edge_array[:, 1], counts.T)
    skipped_at, skipped = _skipped(image, sites, block_array, entries, detailed.executed)
    classes, misaligned = detailed.classes, detailed.misaligned
    used = misaligned.any(axis=(0, 2)) if misaligned.size else np.zeros(misaligned.shape[1], bool)
    divided = classes.any(axis=(0, 2)) if classes.size else np.zeros(classes.shape[1], bool)
    branch_blocks, mispredicts, target_changes = _branches(detailed.branches, number)
    return Trace(
        scopes=plan.scopes,
        blocks=block_array,
        edges=edge_array,
        counts=counts,
        skipped_at=skipped_at,
        skipped=skipped,
        divides_at=sites.addresses[sites.of_kind(probes.DIVIDE)][divided],
        divides=classes[:, divided],
        misaligned_at=sites.addresses[sites.of_kind(probes.MEMORY)][used],
        misaligned=misaligned[:, used],
        outputs=counted.outputs,
        peak_stack_bytes=counted.peak_stack_bytes,
        copied_at=np.array([(at, len(code)) for at, code in counted.copies.items()], np.int64).reshape(-1, 2),
        copied=np.frombuffer(b"".join(counted.copies.values()), np.uint8),
        branch_blocks=branch_blocks,
        mispredicts=mispredicts,
        target_changes=target_changes,
    )


def _branches(
    branches: list[dict[int, tuple[int, int]]], number: Mapping[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Block indices int64 [P], mispredicts and target changes int64 [S, P].

    The detail pass may cut straight-line code elsewhere, so a branch may end another block there than in the counting
    pass: it is put down to one that ends with the same instruction.
    """
    by_end = {(block & 0xFFFFFFFF) + (block >> 32): index for block, index in number.items() if block}
    found: dict[int, np.ndarray] = {}
    for scope, counts in enumerate(branches):
        for block, pair in counts.items():
            index = number[block] if block in number else by_end[(block & 0xFFFFFFFF) + (block >> 32)]
            found.setdefault(index, np.zeros((len(branches), 2), np.int64))[scope] += pair
    at = sorted(found)
    table = np.array([found[index] for index in at], np.int64).reshape(len(at), len(branches), 2)
    return np.array(at, np.int64), table[:, :, 0].T, table[:, :, 1].T


def _skipped(
    image: Image, sites: Sites, blocks: np.ndarray, entries: np.ndarray, executed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Condition-failed counts = issued (block entries) - executed; outside IT blocks the two must agree."""
    starts = np.array([address for address, _, _ in image.words()], np.int64)
    issued = np.zeros((len(entries), len(starts)), np.int64)
    for block, (address, size) in enumerate(blocks):
        first, last = starts.searchsorted((address, address + size))
        issued[:, first:last] += entries[:, block, None]
    missing = issued - executed[:, sites.entries(starts)]
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
