"""What branch history costs on a core that predicts branches: mispredictions and changed targets of a trace."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnnsim.timing.extra import Extra
from bnnsim.timing.issue_rules import DualIssue
from bnnsim.timing.issue_table import BRANCH, BY_REGISTER, CONDITIONAL, SETS_FLAGS, SOURCES, TRAITS, IssueTable
from bnnsim.timing.operands import FLAGS
from bnnsim.timing.program import Program

_NO_SETTER = 99  # cycles: the flags were set before all that is replayed


def branch_extras(program: Program, part: DualIssue, ends: np.ndarray) -> Iterator[Extra]:
    """Yield the cycles of mispredicted conditional branches and of indirect ones that went elsewhere.

    ends: end of each row in half cycles, see `dual_issue`. The distance from the instruction that sets the
    flags is that on the edge which most often leads to the branch.
    """
    trace, issue = program.trace, program.issue
    assert issue is not None
    rows = _branch_rows(program)
    known = np.array([block in rows for block in trace.branch_blocks.tolist()], bool)
    row = np.array([rows[block] for block in trace.branch_blocks[known].tolist()], np.int64)
    traits = issue.instructions[issue.row[row], TRAITS]
    directs = (traits & BRANCH != 0) & (traits & CONDITIONAL != 0)
    indirects = traits & BY_REGISTER != 0
    cost, late = part.mispredict, part.mispredict.late_cycles
    distances = [_flag_distance_cycles(program, issue, ends, r) for r in row[directs].tolist()]
    each = [cost.early_cycles if d >= cost.early_distance_cycles else late for d in distances]
    wrong = trace.mispredicts[:, known][:, directs] * np.array(each, np.int64)
    yield Extra("mispredict", cost.source.kind, program.addresses[row[directs]], wrong)
    changed = trace.target_changes[:, known][:, indirects] * part.target_change.cycles
    yield Extra("target_change", part.target_change.source.kind, program.addresses[row[indirects]], changed)


def _branch_rows(program: Program) -> dict[int, int]:
    """Block → row of its last instruction on the edge that most often leads to that instruction."""
    last = program.starts[1:] - 1
    times = program.trace.counts.sum(axis=0)
    best: dict[int, int] = {}
    for edge in np.argsort(times, kind="stable").tolist():
        best[int(program.addresses[last[edge]])] = int(last[edge])
    blocks = zip(program.trace.edges[:, 1].tolist(), program.addresses[last].tolist(), strict=True)
    return {block: best[address] for block, address in blocks}


def _flag_distance_cycles(program: Program, issue: IssueTable, ends: np.ndarray, row: int) -> int:
    """Cycles between a branch and the instruction that set its flags, 0 if it compares a register itself."""
    table = issue.instructions
    k = issue.row[row]
    if any(register != FLAGS for register in issue.sources[table[k, SOURCES] : table[k + 1, SOURCES], 0]):
        return 0
    first = program.starts[program.row_edge[row]]
    for before in range(row - 1, first - 1, -1):
        if table[issue.row[before], TRAITS] & SETS_FLAGS:
            return int((ends[row] - 1) // 2 - (ends[before] - 1) // 2)
    return _NO_SETTER
