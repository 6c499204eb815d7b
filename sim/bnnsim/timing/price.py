"""Cycles of a decoded trace: cost of each edge times how often it ran, plus what the operands decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bnnsim.errors import CostError
from bnnsim.timing import dual_issue, in_order, interlock, paired_narrow, per_instruction
from bnnsim.timing.branches import branch_extras
from bnnsim.timing.core import Core
from bnnsim.timing.custom_costs import check_custom_costs, custom_cycles, custom_kind
from bnnsim.timing.extra import Extra
from bnnsim.timing.issue_rules import DualIssue, PairedNarrow
from bnnsim.timing.program import Program, decode_program
from bnnsim.timing.reader import CostClass
from bnnsim.timing.table import Fetch, Refill

__all__ = ["Costs", "Timing", "decode_program", "make_costs", "price"]

_ROW_ENDS = {"in_order": in_order.row_ends, "per_instruction": per_instruction.row_ends}


@dataclass(frozen=True)
class Timing:
    """Cycles and instructions of each scope: int64 [S]. Instructions include IT and condition-failed ones.

    A model that counts half cycles is rounded to whole ones scope by scope, halves up.
    """

    scopes: tuple[str, ...]
    cycles: np.ndarray
    instructions: np.ndarray


@dataclass(frozen=True)
class Costs:
    """The numbers that a price depends on.

    class_cycles: int64 [C], by the program's cost classes; class_latencies: int64 [C], until the result of a custom
    instruction is there, 0 for others; class_kinds: kind of source of each; pair_cycles: int64 [2 ** rules], by bit
    mask of pair rules; front_end: parameters of the core's model, see `parameters` or `fetch_vector` there.
    """

    core: Core
    class_cycles: np.ndarray
    class_latencies: np.ndarray
    class_kinds: tuple[str, ...]
    pair_cycles: np.ndarray
    front_end: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Rows:
    """When each row of a program ends and what it waited for, in ticks (`ticks_per_cycle`).

    ends: int64 [N], from the start of the row's sequence. Models that follow registers have the rest, and others where
    custom instructions have results that are waited for: waits: int64 [N, W], by wait_names; limiting: int64 [N], the
    result that a row waited for last, or -1; of a custom instruction its cost class, after the core's own results in
    models that follow registers.
    """

    ends: np.ndarray
    wait_names: tuple[str, ...] = ()
    waits: np.ndarray | None = None
    limiting: np.ndarray | None = None


def ticks_per_cycle(core: Core) -> int:
    """Units of time that a core's model counts in a cycle."""
    return dual_issue.TICKS_PER_CYCLE if core.model == "dual_issue" else 1


def whole_cycles(ticks: np.ndarray, core: Core) -> np.ndarray:
    """Ticks in cycles, rounded to the nearest, halves up."""
    unit = ticks_per_cycle(core)
    return (ticks + unit // 2) // unit


def price(
    program: Program,
    core: Core | None = None,
    custom_costs: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
) -> Timing:
    """Price a program: one pass of a compiled loop over its rows, so sweeps can call it again and again.

    core: one that differs from the program's core in numbers only (default: the program's core); custom_costs: cycles
    by "extension.instruction.latency" and "….issue_cycles", where they differ from the extension's own; memory: what
    the board's memories add (see `memory_extras`).
    Raises CostError if the core has no cost for a group, UsageError for cycles that cannot be.
    """
    costs = make_costs(program, core or program.core, custom_costs or {})
    rows = program_rows(program, costs)
    cycles = whole_cycles(program.trace.counts @ edge_ticks(program, rows.ends), costs.core)
    for extra in (*operand_extras(program, costs, rows), *memory):
        cycles = cycles + extra.total
    return Timing(program.trace.scopes, cycles, program.instructions)


def make_costs(program: Program, core: Core, custom_costs: Mapping[str, float]) -> Costs:
    """Look up every cost class and every combination of pair rules of a program."""
    if tuple(core.pair_rules) != program.rules:
        raise ValueError(f"the program was not decoded for the pair rules of core {core.name}; decode it again")
    check_custom_costs(custom_costs)
    found = [_costs_of(c, program, core, custom_costs) for c in program.classes]
    cycles, latencies = np.array([pair for pair, _ in found], np.int64).reshape(-1, 2).T.copy()
    rules = np.array([rule.cycles for rule in core.pair_rules.values()], np.int64)
    masks = np.arange(1 << len(rules))[:, None] >> np.arange(len(rules)) & 1
    kinds = tuple(kind for _, kind in found)
    return Costs(core, cycles, latencies, kinds, masks @ rules, _front_end(core.front_end, program))


def _front_end(part: Fetch | Refill | DualIssue | PairedNarrow, program: Program) -> tuple[np.ndarray, ...]:
    if isinstance(part, Fetch):
        return (in_order.fetch_vector(part),)
    if isinstance(part, Refill):
        return (per_instruction.refill_vector(part),)
    assert program.issue is not None
    if isinstance(part, DualIssue):
        return dual_issue.parameters(part, program.issue)
    return paired_narrow.parameters(part, program.issue)


def _costs_of(
    cost: CostClass, program: Program, core: Core, custom_costs: Mapping[str, float]
) -> tuple[tuple[int, int], str]:
    """Cycles of a cost class when it executes and latency of a custom instruction, and the kind of their source."""
    if cost.group is None:
        instruction = program.custom[cost.custom]
        kind = custom_kind(cost.custom, instruction, core, custom_costs)
        issue, latency = custom_cycles(cost.custom, instruction, core, custom_costs)
        return (issue + _odd_cycles(cost, core), latency + _odd_cycles(cost, core)), kind
    return (_cycles_of(cost, core), 0), core.groups[cost.group].source.kind


def _odd_cycles(cost: CostClass, core: Core) -> int:
    return core.odd_encoding.cycles if cost.odd_memory else 0


def _cycles_of(cost: CostClass, core: Core) -> int:
    """Cycles of one of the core's own; 1 for a divide, whose operands decide the rest."""
    group = core.groups.get(cost.group or "")
    if group is None:
        raise CostError(f"core {core.name} has no cost for {cost.group!r} instructions, which were executed")
    odd = _odd_cycles(cost, core)
    if group.law is None:
        return (group.cycles or 0) + odd
    return (group.law.cycles(cost.registers) if group.law.of == "registers" else 1) + odd


def program_rows(program: Program, costs: Costs) -> Rows:
    """Run the core's model over all rows."""
    issue = program.issue
    if issue is None:
        flow = interlock.NOTHING
        if program.flow is not None and (costs.class_latencies > costs.class_cycles).any():
            flow = program.flow._replace(latencies=costs.class_latencies)
        ends, waits, producers = _ROW_ENDS[costs.core.model](
            program.cost_class, program.pair, program.shape, program.starts, program.taken,
            costs.class_cycles, costs.pair_cycles, *costs.front_end, flow,
        )  # fmt: skip
        if not len(waits):
            return Rows(ends)
        return Rows(ends, (interlock.CUSTOM_RESULT,), waits[:, None], producers)
    model = dual_issue if costs.core.model == "dual_issue" else paired_narrow
    found = model.row_ends(
        issue.instructions, issue.sources, issue.results, issue.row, issue.leaves, program.starts,
        costs.class_cycles, costs.class_latencies, *costs.front_end,
    )  # fmt: skip
    return Rows(found[0], model.WAITS, *found[1:])


def program_ends(program: Program, costs: Costs) -> np.ndarray:
    """[N]: end of each row in cycles (int64, or float64 with halves) from the start of its edge's rows."""
    ends, unit = program_rows(program, costs).ends, ticks_per_cycle(costs.core)
    return ends if unit == 1 else ends / unit


def edge_ticks(program: Program, ends: np.ndarray) -> np.ndarray:
    """int64 [E]: ticks of each edge once, i.e. of its own rows after the replayed ones."""
    before = ends[program.starts[:-1] + np.maximum(program.replayed, 1) - 1]
    return ends[program.starts[1:] - 1] - np.where(program.taken, 0, before)


def operand_extras(program: Program, costs: Costs, rows: Rows) -> Iterator[Extra]:
    """Yield what failed conditions, branch history, divides and misaligned accesses add to the cycles of the edges."""
    core, trace = costs.core, program.trace
    if core.condition_failed.cycles != "full":
        yield from _condition_failed(program, costs, core.condition_failed.cycles)
    if core.dual_issue is not None:
        yield from branch_extras(program, core.dual_issue, rows.ends)
    for group in dict.fromkeys(program.divide_groups):
        at = np.array([g == group for g in program.divide_groups])
        cycles = trace.divides[:, at] @ _divide_cycles(core, group, trace.divides.shape[2])
        yield Extra("", core.groups[group].source.kind if group else "assumed", trace.divides_at[at], cycles)
    penalties = np.array([core.misaligned.crossing_cycles, core.misaligned.odd_word_cycles])
    yield Extra("misaligned", core.misaligned.source.kind, trace.misaligned_at, trace.misaligned @ penalties)


def _condition_failed(program: Program, costs: Costs, cycles: int) -> Iterator[Extra]:
    """An instruction whose condition fails takes the core's cycles for that in place of its own."""
    trace, at = program.trace, program.skip_class
    kinds = np.array(["" if c < 0 else costs.class_kinds[c] for c in at.tolist()], dtype=object)
    for kind in sorted(set(kinds.tolist()) - {""}):
        own = kinds == kind
        yield Extra("", kind, trace.skipped_at[own], -trace.skipped[:, own] * costs.class_cycles[at[own]])
    known, failed = at >= 0, costs.core.condition_failed
    yield Extra("", failed.source.kind, trace.skipped_at[known], trace.skipped[:, known] * cycles)


def _divide_cycles(core: Core, group: str, classes: int) -> np.ndarray:
    """int64 [classes]: cycles of a divide beyond those of its row, by class of its operands."""
    law = core.groups[group].law if group else None
    by_operands = law is not None and law.of == "divide_class"
    return np.array([law.cycles(c) - 1 if law and by_operands else 0 for c in range(classes)], np.int64)
