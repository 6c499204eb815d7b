"""A trace decoded for one core: arrays that can be priced again and again with other numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bnnsim.build.image import Image
from bnnsim.emulate.trace import Trace
from bnnsim.errors import CostError
from bnnsim.isa import Instruction
from bnnsim.timing.core import Core
from bnnsim.timing.in_order import REPLAYED_INSTRUCTIONS
from bnnsim.timing.interlock import Flow, make_flow
from bnnsim.timing.issue_table import (
    REPLAYED_INSTRUCTIONS as REPLAYED_ACROSS_BLOCKS,
)
from bnnsim.timing.issue_table import IssueTable, chain_before, make_issue_table, most_frequent_predecessors
from bnnsim.timing.reader import CostClass, Entry, Reader
from bnnsim.timing.table import ISSUE_MODELS


@dataclass(frozen=True)
class Program:
    """What pricing needs. An edge is a sequence of rows: what is replayed of the blocks before, then its own.

    S scopes, E edges, N rows. cost_class (index into `classes`), pair (bit r: the pair rule rules[r] applies
    to it and the row before), shape (see `in_order`): int32 [N]; addresses: int64 [N]; starts: int64 [E + 1],
    rows of an edge; replayed: int64 [E], how many of them are replayed, 0 after a taken branch;
    custom: by full name; skip_class: int64 [K], cost class of trace.skipped_at, -1 where nothing executed;
    divide_groups: [D], group of trace.divides_at; issue: what models that follow registers need beside; flow: what the
    others need if custom instructions have results.
    """

    trace: Trace
    core: Core
    cost_class: np.ndarray
    pair: np.ndarray
    shape: np.ndarray
    addresses: np.ndarray
    starts: np.ndarray
    replayed: np.ndarray
    classes: tuple[CostClass, ...]
    rules: tuple[str, ...]
    custom: Mapping[str, Instruction]
    skip_class: np.ndarray
    divide_groups: tuple[str, ...]
    issue: IssueTable | None = None
    flow: Flow | None = None

    @cached_property
    def instructions(self) -> np.ndarray:
        """int64 [S]: instructions issued, IT and condition-failed ones included."""
        return self.trace.counts @ (np.diff(self.starts) - self.replayed)

    @cached_property
    def taken(self) -> np.ndarray:
        """bool [E]: nothing is replayed: the start or, unless the model replays across branches, a taken one."""
        return self.replayed == 0

    @cached_property
    def row_edge(self) -> np.ndarray:
        """int64 [N]: the edge of each row."""
        return np.repeat(np.arange(len(self.replayed)), np.diff(self.starts))

    @cached_property
    def custom_executions(self) -> np.ndarray:
        """int64 [S]: custom instructions executed, those whose condition failed left out."""
        custom = np.array([c.group is None for c in self.classes], bool)
        by_edge = np.bincount(self.row_edge, custom[self.cost_class] & self.own, len(self.replayed)).astype(np.int64)
        failed = np.array([c >= 0 and bool(custom[c]) for c in self.skip_class.tolist()], bool)
        return self.trace.counts @ by_edge - self.trace.skipped[:, failed].sum(axis=1)

    @cached_property
    def own(self) -> np.ndarray:
        """bool [N]: the row is charged to its edge, i.e. not replayed."""
        return np.arange(len(self.cost_class)) >= (self.starts[:-1] + self.replayed)[self.row_edge]


def decode_program(trace: Trace, image: Image, core: Core) -> Program:
    """Decode the blocks of a trace from the image's original words and lay its edges out as rows.

    Raises CostError naming address, word and disassembly of an instruction without a cost.
    """
    _check_misaligned(trace, image, core)
    reader = Reader(image, core)
    blocks = [reader.block(address, size) for address, size in trace.blocks.tolist()]
    entries = reader.entries
    issues = core.model in ISSUE_MODELS
    before, leaves = _chains(trace, blocks, entries) if issues else (_replays(trace, blocks, entries), [])
    own = [blocks[current] for current in trace.edges[:, 1].tolist()]
    rows = np.concatenate([part for edge in zip(before, own, strict=True) for part in edge])
    replayed = np.array([len(part) for part in before], np.int64)
    starts = np.cumsum([0, *(replayed + [len(part) for part in own])], dtype=np.int64)
    addresses = np.array([e.address for e in entries], np.int64)[rows]
    shape = np.array([e.shape for e in entries], np.int32)[rows]
    shape[starts[:-1]] += addresses[starts[:-1]] & 2 != 0  # the first needs the word that it begins in, too
    pair = _pairs(rows, entries, core)
    pair[starts[:-1]] = 0
    classes = np.array([e.cost_class for e in entries], np.int32)
    skipped = [reader.at.get(address) for address in trace.skipped_at.tolist()]
    dividers = [reader.at.get(address) for address in trace.divides_at.tolist()]
    issue = None
    if issues:
        rows_leave = np.zeros(len(rows), bool)
        rows_leave[np.concatenate([at + start for at, start in zip(leaves, starts[:-1], strict=True)])] = True
        issue = make_issue_table(entries, core, rows, rows_leave)
    program = Program(
        trace=trace,
        core=core,
        cost_class=classes[rows],
        pair=pair,
        shape=shape,
        addresses=addresses,
        starts=starts,
        replayed=replayed,
        classes=tuple(reader.classes),
        rules=tuple(core.pair_rules),
        custom=reader.custom,
        skip_class=np.array([-1 if i is None else classes[i] for i in skipped], np.int64),
        divide_groups=tuple("" if i is None else entries[i].group or "" for i in dividers),
        issue=issue,
        flow=make_flow(trace, reader.operands(), rows, replayed) if reader.custom and not issues else None,
    )
    _check_divides(program, reader)
    return program


def _replays(trace: Trace, blocks: list[np.ndarray], entries: list[Entry]) -> list[np.ndarray]:
    """What each edge replays: the last instructions of the block before on fall-through, else nothing."""
    in_it = set(trace.skipped_at.tolist())
    found = []
    for previous, current in trace.edges.tolist():
        last = entries[blocks[previous][-1]] if previous >= 0 else None
        first = entries[blocks[current][0]]
        falls_through = last is not None and _falls_through(last, first, in_it)
        found.append(blocks[previous][-REPLAYED_INSTRUCTIONS:] if falls_through else blocks[current][:0])
    return found


def _chains(trace: Trace, blocks: list[np.ndarray], entries: list[Entry]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What each edge replays, across branches, and at which places of that it branches away."""
    in_it = set(trace.skipped_at.tolist())
    predecessors = most_frequent_predecessors(trace)
    rows, leaves = [], []
    for previous, current in trace.edges.tolist():
        chain = chain_before(previous, blocks, predecessors)
        rows.append(np.concatenate([blocks[b] for b in chain])[-REPLAYED_ACROSS_BLOCKS:] if chain else blocks[0][:0])
        ends = np.cumsum([len(blocks[b]) for b in chain], dtype=np.int64) - 1
        ends -= int(ends[-1]) + 1 - len(rows[-1]) if chain else 0
        links = zip(chain, [*chain[1:], current], strict=False)
        away = [not _falls_through(entries[blocks[a][-1]], entries[blocks[b][0]], in_it) for a, b in links]
        leaves.append(ends[np.array(away, bool) & (ends >= 0)])
    return rows, leaves


def _falls_through(last: Entry, first: Entry, in_it: set[int]) -> bool:
    """Whether a block follows another without a taken branch (blocks also end without any branch)."""
    always = last.decoded is not None and last.decoded.branches == "always"
    return last.address + last.size_bytes == first.address and (not always or last.address in in_it)


def _pairs(rows: np.ndarray, entries: list[Entry], core: Core) -> np.ndarray:
    """int32 [N]: bit r is set where the r-th pair rule applies to a row and the one before it."""
    keys, inverse = np.unique(rows[:-1] * len(entries) + rows[1:], return_inverse=True)
    before, after = np.divmod(keys, max(len(entries), 1))
    pairs = zip(before.tolist(), after.tolist(), strict=True)
    masks = [_rules(entries[a], entries[b], core) for a, b in pairs]
    return np.concatenate([[0], np.array(masks, np.int32)[inverse]]).astype(np.int32)


def _rules(first: Entry, second: Entry, core: Core) -> int:
    if first.decoded is None or second.decoded is None:
        return 0
    address = second.decoded.address
    holds = {
        "always": True,
        "address_free_of_result": not address & first.decoded.result,
        "address_uses_writeback": bool(address & first.decoded.written_back),
        "uses_vfp_result": bool(first.decoded.vfp_written & second.decoded.vfp_read),
    }
    mask = 0
    for bit, rule in enumerate(core.pair_rules.values()):
        second_groups = core.memory if rule.second == "memory" else rule.second
        if first.rule_name in rule.first and second.rule_name in second_groups and holds[rule.when]:
            mask |= 1 << bit
    return mask


def _check_misaligned(trace: Trace, image: Image, core: Core) -> None:
    """Raise CostError for a misaligned access that the core would have faulted on (the emulator does not)."""
    if core.misaligned.faults and len(trace.misaligned_at):
        address = int(trace.misaligned_at[0])
        function = image.function_at(address)
        place = f"{address:#010x}" + (f" in {function.name}" if function else "")
        raise CostError(f"{place}: misaligned data access, which faults on core {core.name}")


def _check_divides(program: Program, reader: Reader) -> None:
    """Raise CostError for a divide that is priced by its operands, was executed, and has none in the trace."""
    trace = program.trace
    traced = set(trace.divides_at.tolist())
    for entry in reader.entries:
        law = reader.core.groups[entry.group].law if entry.group else None
        if law is None or law.of != "divide_class" or entry.address in traced:
            continue
        rows = program.own & (program.addresses == entry.address)
        issued = trace.counts[:, program.row_edge[rows]].sum()
        if issued > trace.skipped[:, trace.skipped_at == entry.address].sum():
            raise CostError(f"{entry.address:#010x}: the trace has no operand classes for this divide")
