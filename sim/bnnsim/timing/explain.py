"""Where the cycles of a priced program went: by stall reason, by kind of source, by instruction address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bnnsim.timing.core import Core
from bnnsim.timing.extra import Extra
from bnnsim.timing.interlock import CUSTOM_RESULT
from bnnsim.timing.price import (
    Costs,
    Rows,
    make_costs,
    operand_extras,
    program_rows,
    ticks_per_cycle,
    whole_cycles,
)
from bnnsim.timing.program import Program

KINDS: tuple[str, ...] = ("manual", "measured", "assumed")


@dataclass(frozen=True)
class Explanation:
    """Cycles of each scope, int64 [S], by stall reason and by kind of source.

    stalls: "branch_refill", "fetch", "odd_encoding", "misaligned" and each pair rule (load pipelining saves
    cycles, so it is negative), or the waits of the core's model (`dual_issue.WAITS`, `paired_narrow.WAITS`);
    "custom_result", waiting for what a custom instruction computes, in programs that have some;
    sources: "manual", "measured", "assumed", which add up to the scope's cycles.
    """

    scopes: tuple[str, ...]
    stalls: Mapping[str, np.ndarray]
    sources: Mapping[str, np.ndarray]


def explain(
    program: Program,
    core: Core | None = None,
    custom_costs: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
) -> Explanation:
    """Account for every cycle that `price` counts with the same arguments."""
    costs = make_costs(program, core or program.core, custom_costs or {})
    rows, unit = program_rows(program, costs), ticks_per_cycle(costs.core)
    none = np.zeros(len(program.trace.scopes), np.int64)
    stalls = dict.fromkeys((*_reasons(rows, program), "odd_encoding", "misaligned", *program.rules), none)
    sources = dict.fromkeys(KINDS, none)
    parts = [(reason, kind, _total(program, ticks)) for reason, kind, ticks in _row_ticks(program, costs, rows)]
    parts += [(e.reason, e.kind, e.total * unit) for e in (*operand_extras(program, costs, rows), *memory)]
    for reason, kind, ticks in parts:
        sources[kind] = sources[kind] + ticks
        if reason:
            stalls[reason] = stalls.get(reason, none) + ticks
    whole = _add_up(np.stack([*sources.values()], axis=1), costs.core)
    return Explanation(
        program.trace.scopes,
        {reason: whole_cycles(ticks, costs.core) for reason, ticks in stalls.items()},
        dict(zip(sources, whole.T, strict=True)),
    )


def cycles_by_address(
    program: Program,
    core: Core | None = None,
    custom_costs: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
    scope: int | None = None,
) -> dict[int, int]:
    """Cycles of each instruction by its address, of one scope or of all; the sum is what `price` gives."""
    costs = make_costs(program, core or program.core, custom_costs or {})
    rows, unit = program_rows(program, costs), ticks_per_cycle(costs.core)
    scopes = slice(None) if scope is None else slice(scope, scope + 1)
    parts = [_by_row(program, rows.ends - _row_begins(program, rows.ends), scopes)]
    parts += [(e.at, e.cycles[scopes] * unit) for e in (*operand_extras(program, costs, rows), *memory)]
    return _by_address(parts, costs.core)


def stalls_by_address(
    program: Program,
    core: Core | None = None,
    custom_costs: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
    scope: int | None = None,
) -> dict[int, dict[str, int]]:
    """Stall cycles of each instruction by its address, then by reason; only what is not zero."""
    costs = make_costs(program, core or program.core, custom_costs or {})
    rows, unit = program_rows(program, costs), ticks_per_cycle(costs.core)
    scopes = slice(None) if scope is None else slice(scope, scope + 1)
    parts = [(r, _by_row(program, ticks, scopes)) for r, _, ticks in _waits(program, costs, rows)]
    extras = (*operand_extras(program, costs, rows), *memory)
    parts += [(e.reason, (e.at, e.cycles[scopes] * unit)) for e in extras if e.reason]
    found: dict[int, dict[str, int]] = {}
    for reason in dict.fromkeys(reason for reason, _ in parts):
        for address, cycles in _by_address([part for r, part in parts if r == reason], costs.core).items():
            if cycles:
                found.setdefault(address, {})[reason] = cycles
    return found


def executions_by_address(program: Program, scope: int) -> dict[int, int]:
    """How often each instruction was issued in one scope, by its address; condition-failed ones count."""
    times = program.trace.counts[scope][program.row_edge[program.own]]
    addresses, at = np.unique(program.addresses[program.own], return_inverse=True)
    return dict(zip(addresses.tolist(), np.bincount(at, times, len(addresses)).astype(np.int64).tolist(), strict=True))


def _reasons(rows: Rows, program: Program) -> tuple[str, ...]:
    custom = (CUSTOM_RESULT,) if program.custom else ()
    return (*(rows.wait_names if program.issue else ("branch_refill", "fetch")), *custom)


def _row_ticks(program: Program, costs: Costs, rows: Rows) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (stall reason or "", kind of source, int64 [N] ticks) of the rows; all together are their time."""
    rest = rows.ends - _row_begins(program, rows.ends)
    for reason, kind, ticks in _waits(program, costs, rows):
        rest = rest - ticks
        yield reason, kind, ticks
    kinds = np.array(costs.class_kinds, dtype=object)
    for kind in KINDS:
        yield "", kind, np.where((kinds == kind)[program.cost_class], rest, 0)


def _waits(program: Program, costs: Costs, rows: Rows) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (reason, kind, int64 [N] ticks): why each row began later, or sooner, than the row before it ended."""
    if program.issue is not None:
        yield from _issue_waits(program, costs, rows)
        return
    core, ends = costs.core, rows.ends
    wait = ends - _row_begins(program, ends) - costs.class_cycles[program.cost_class]
    if rows.waits is not None and rows.limiting is not None:
        wait = wait - rows.waits[:, 0]
        yield from _by_kind(CUSTOM_RESULT, rows.waits[:, 0], np.array([*costs.class_kinds, ""], object)[rows.limiting])
    target = np.zeros(len(ends), bool)
    target[program.starts[:-1][program.taken]] = True
    kind = core.front_end.source.kind
    yield "branch_refill", kind, np.where(target, wait, 0)
    yield "fetch", kind, np.where(target, 0, wait - costs.pair_cycles[program.pair])
    custom = np.array([c.group is None for c in program.classes], bool)[program.cost_class]
    for bit, (name, rule) in enumerate(core.pair_rules.items()):
        added = (program.pair >> bit & 1) * rule.cycles
        yield from _own_and_custom(name, rule.source.kind, added, custom | np.roll(custom, 1))
    odd = np.array([c.odd_memory for c in program.classes], np.int64) * core.odd_encoding.cycles
    yield from _own_and_custom("odd_encoding", core.odd_encoding.source.kind, odd[program.cost_class], custom)


def _issue_waits(program: Program, costs: Costs, rows: Rows) -> Iterator[tuple[str, str, np.ndarray]]:
    """The waits of a model that follows registers; one for an operand rests on the latency of what computes it."""
    part = costs.core.dual_issue or costs.core.paired_narrow
    assert part is not None and program.issue is not None and rows.waits is not None and rows.limiting is not None
    kinds = {"branch_refill": "taken", "no_pair": "no_pair"}
    latencies = [part.results[name].source.kind for name in program.issue.result_names]
    by_number = [*latencies, *costs.class_kinds, part.source.kind]  # -1: the last one
    by_result = np.array(by_number, dtype=object)[rows.limiting]
    custom = rows.limiting >= len(latencies)
    for reason, ticks in zip(rows.wait_names, rows.waits.T, strict=True):
        if reason == "operand":
            yield from _by_kind(reason, np.where(custom, 0, ticks), by_result)
            if program.custom:
                yield from _by_kind(CUSTOM_RESULT, np.where(custom, ticks, 0), by_result)
        else:
            rule = getattr(part, kinds.get(reason, reason), part)
            yield reason, getattr(rule, "source", part.source).kind, ticks


def _own_and_custom(
    reason: str, kind: str, ticks: np.ndarray, custom: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """What a rule of the core adds: that it holds for custom instructions, too, is assumed."""
    yield reason, kind, np.where(custom, 0, ticks)
    yield reason, "assumed", np.where(custom, ticks, 0)


def _by_kind(reason: str, ticks: np.ndarray, kinds: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    for kind in KINDS:
        yield reason, kind, np.where(kinds == kind, ticks, 0)


def _row_begins(program: Program, ends: np.ndarray) -> np.ndarray:
    """int64 [N]: when the row before each row ended, 0 for the first of an edge."""
    begins = np.roll(ends, 1)
    begins[program.starts[:-1]] = 0
    return begins


def _total(program: Program, row_ticks: np.ndarray) -> np.ndarray:
    """int64 [S]: ticks of rows, summed over the edges' own rows as often as the edges ran."""
    own = np.where(program.own, row_ticks, 0)
    return program.trace.counts @ np.add.reduceat(own, program.starts[:-1])


def _by_row(program: Program, row_ticks: np.ndarray, scopes: slice) -> tuple[np.ndarray, np.ndarray]:
    """Addresses of the edges' own rows, int64 [K], and their ticks by scope, int64 [S, K]."""
    own = program.own
    times = program.trace.counts[scopes][:, program.row_edge[own]]
    return program.addresses[own], times * row_ticks[own]


def _by_address(parts: list[tuple[np.ndarray, np.ndarray]], core: Core) -> dict[int, int]:
    """Cycles by address, all scopes together, from addresses int64 [K] and ticks int64 [S, K] of each part."""
    addresses, at = np.unique(np.concatenate([a for a, _ in parts]), return_inverse=True)
    ticks = np.concatenate([t for _, t in parts], axis=1)
    sums = np.zeros((len(addresses), len(ticks)), np.int64)
    np.add.at(sums, at, ticks.T)
    cycles = _add_up(sums.T, core).sum(axis=0)
    return dict(zip(addresses.tolist(), cycles.tolist(), strict=True))


def _add_up(ticks: np.ndarray, core: Core) -> np.ndarray:
    """Whole cycles of ticks [S, K] that add up to those of the sum: running sums are rounded."""
    return np.diff(whole_cycles(np.cumsum(ticks, axis=1), core), axis=1, prepend=0)
