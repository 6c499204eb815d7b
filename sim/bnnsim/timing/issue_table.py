"""Instructions as the pipelines that follow registers read them: integer tables, one row per instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bnnsim.emulate.trace import Trace
from bnnsim.timing.core import Core
from bnnsim.timing.issue_rules import CUSTOM, CUSTOM_MEMORY, INLINE_SHIFT, ROLES
from bnnsim.timing.operands import NO_BASE, Operands
from bnnsim.timing.reader import Entry

# An edge replays this many instructions of the blocks that most often lead to it, across taken branches.
REPLAYED_INSTRUCTIONS = 48

# columns of `IssueTable.instructions`
ADDRESS, SIZE, BASE, OFFSET, WORDS, SOURCES, RESULTS, ISSUE_CLASS, COST_CLASS, TRAITS = range(10)  # SOURCES: first row
COLUMNS = 10
# bits of TRAITS
LOAD, STORE, BRANCH, HINT, NOP, CONDITIONAL, ALONE = 1, 2, 4, 8, 16, 32, 64
EARLY_FIRST, EARLY_SHIFT, EARLY_EITHER, DOWNWARDS, MULTIPLE = 128, 256, 512, 1024, 2048
SETS_FLAGS, SHIFTED_CONSTANT, NARROW_MULTIPLY, BY_REGISTER, LOADS_PC = 4096, 8192, 16384, 32768, 65536
_EARLY = {"never": 0, "first_slot": EARLY_FIRST, "free_shifter": EARLY_SHIFT, "either_slot": EARLY_EITHER}
_UNITS = {"load": LOAD, "store": STORE, "branch": BRANCH, "hint": HINT}
_INDIRECT = {"bx", "blx", "tbb", "tbh"}
_ROLE = {name: number for number, name in enumerate(ROLES)}


@dataclass(frozen=True)
class IssueTable:
    """The distinct instructions of a program, and the rows of its edges.

    instructions: int64 [K + 1, COLUMNS]; sources: int64 [A, 2], register and role; results: int64 [B, 3],
    register, latency (index into result_names), place in a register list; instruction k has the sources
    from its SOURCES on up to those of k + 1, results likewise; issue_classes: (group, "custom" or "custom_memory",
    shifts inline). row: int64 [N], the instruction of each row; leaves: bool [N], it branches away in a replay.
    """

    instructions: np.ndarray
    sources: np.ndarray
    results: np.ndarray
    result_names: tuple[str, ...]
    issue_classes: tuple[tuple[str, bool], ...]
    row: np.ndarray
    leaves: np.ndarray


def make_issue_table(entries: Sequence[Entry], core: Core, row: np.ndarray, leaves: np.ndarray) -> IssueTable:
    """Lay out the instructions of a program in tables."""
    part = core.dual_issue or core.paired_narrow
    assert part is not None
    names = tuple(part.results)
    number = {name: n for n, name in enumerate(names)}
    classes: dict[tuple[str, bool], int] = {}
    instructions = np.zeros((len(entries) + 1, COLUMNS), np.int64)
    sources: list[tuple[int, int]] = []
    results: list[tuple[int, int, int]] = []
    for k, entry in enumerate(entries):
        operands = entry.operands
        assert operands is not None
        issue_class = classes.setdefault((entry.group or _custom_word(operands), operands.inline_shift), len(classes))
        instructions[k] = (
            entry.address, entry.size_bytes, operands.base, operands.offset, operands.words,
            len(sources), len(results), issue_class, entry.cost_class, _traits(entry, operands, core),
        )  # fmt: skip
        sources += [(register, _ROLE[role]) for register, role in operands.sources]
        results += [(register, number[name], place) for register, name, place in operands.results]
    instructions[-1, [SOURCES, RESULTS]] = len(sources), len(results)
    return IssueTable(
        instructions, np.array(sources, np.int64).reshape(-1, 2), np.array(results, np.int64).reshape(-1, 3),
        names, tuple(classes), row, leaves,
    )  # fmt: skip


def class_mask(table: IssueTable, words: Sequence[str]) -> np.ndarray:
    """bool [I]: issue classes that a list of the core's file means; "any" means all."""
    if words == "any":
        return np.ones(len(table.issue_classes), bool)
    custom = (CUSTOM, CUSTOM_MEMORY) if CUSTOM in words else ()
    return np.array(
        [group in (*words, *custom) or (inline and INLINE_SHIFT in words) for group, inline in table.issue_classes]
    )


def _custom_word(operands: Operands) -> str:
    return CUSTOM if operands.base == NO_BASE else CUSTOM_MEMORY


def _traits(entry: Entry, operands: Operands, core: Core) -> int:
    if entry.custom is not None:
        return (LOAD if entry.custom.loads_bytes else 0) | (STORE if entry.custom.stores_bytes else 0)
    if entry.decoded is None or entry.group is None:
        return 0
    group, decoded = core.groups[entry.group], entry.decoded
    bits = _UNITS.get(group.unit or "", 0) | (0 if operands.inline_shift else _EARLY[group.early_alu])
    several = operands.words > 1
    by_register = decoded.mnemonic in _INDIRECT or decoded.form == "to_pc"
    branches_in_it = group.unit == "branch" and operands.conditional and not by_register
    holds = {
        NOP: decoded.mnemonic == "nop",
        CONDITIONAL: decoded.branches == "sometimes" or branches_in_it,
        ALONE: group.alone or several,
        DOWNWARDS: operands.downwards,
        MULTIPLE: several or decoded.registers > 0,
        SETS_FLAGS: operands.sets_flags,
        SHIFTED_CONSTANT: operands.shifted_constant,
        NARROW_MULTIPLY: group.unit == "multiply" and entry.size_bytes == 2,
        BY_REGISTER: by_register,
        LOADS_PC: decoded.form == "to_pc" and group.unit == "load",
    }
    return bits | sum(bit for bit, true in holds.items() if true)


def most_frequent_predecessors(trace: Trace) -> dict[int, int]:
    """Block → the block that leads to it most often over all scopes; on a tie the one with the lower address."""
    totals = trace.counts.sum(axis=0).tolist()
    best: dict[int, tuple[int, int]] = {}
    for (previous, block), times in zip(trace.edges.tolist(), totals, strict=True):
        if previous >= 0 and times > 0:
            best[block] = max(best.get(block, (0, 0)), (times, -previous))
    return {block: -negative for block, (_, negative) in best.items()}


def chain_before(previous: int, blocks: Sequence[np.ndarray], predecessors: dict[int, int]) -> list[int]:
    """Blocks to replay before an edge, oldest first: enough for the number of replayed instructions."""
    found, length, block = [], 0, previous
    while block >= 0 and length < REPLAYED_INSTRUCTIONS:
        found.append(block)
        length += len(blocks[block])
        block = predecessors.get(block, -1)
    return found[::-1]
