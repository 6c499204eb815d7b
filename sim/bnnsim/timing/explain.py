"""Where the cycles of a priced program went: by stall reason, by kind of source, by instruction address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bnnsim.timing.core import Core
from bnnsim.timing.price import Costs, divide_cycles, make_costs, program_ends, skip_cycles
from bnnsim.timing.program import Program

KINDS: tuple[str, ...] = ("manual", "measured", "assumed")


@dataclass(frozen=True)
class Explanation:
    """Cycles of each scope, int64 [S], by stall reason and by kind of source.

    stalls: "branch_refill", "fetch", "odd_encoding", "misaligned" and each pair rule (load pipelining saves
    cycles, so it is negative); sources: "manual", "measured", "assumed", which add up to the scope's cycles.
    """

    scopes: tuple[str, ...]
    stalls: Mapping[str, np.ndarray]
    sources: Mapping[str, np.ndarray]


def explain(program: Program, core: Core | None = None, latencies: Mapping[str, float] | None = None) -> Explanation:
    """Account for every cycle that `price` counts with the same arguments."""
    costs = make_costs(program, core or program.core, latencies or {})
    none = np.zeros(len(program.trace.scopes), np.int64)
    reasons = ("branch_refill", "fetch", "odd_encoding", "misaligned", *program.rules)
    stalls = dict.fromkeys(reasons, none)
    sources = dict.fromkeys(KINDS, none)
    for reason, kind, cycles in _contributions(program, costs):
        sources[kind] = sources[kind] + cycles
        if reason:
            stalls[reason] = stalls[reason] + cycles
    return Explanation(program.trace.scopes, stalls, sources)


def cycles_by_address(
    program: Program,
    core: Core | None = None,
    latencies: Mapping[str, float] | None = None,
    scope: int | None = None,
) -> dict[int, int]:
    """Cycles of each instruction by its address, of one scope or of all; the sum is what `price` gives."""
    costs = make_costs(program, core or program.core, latencies or {})
    trace, scopes = program.trace, slice(None) if scope is None else slice(scope, scope + 1)
    ends = program_ends(program, costs)
    cycles = (ends - _row_begins(program, ends)) * trace.counts[scopes].sum(axis=0)[program.row_edge]
    penalties = np.array([costs.core.misaligned.crossing_cycles, costs.core.misaligned.odd_word_cycles])
    divides = [divide_cycles(costs.core, g, trace.divides.shape[2]) for g in program.divide_groups]
    parts = [
        (program.addresses[program.own], cycles[program.own]),
        (trace.skipped_at, trace.skipped[scopes].sum(axis=0) * skip_cycles(program, costs)),
        (trace.misaligned_at, trace.misaligned[scopes].sum(axis=0) @ penalties),
        (trace.divides_at, [n @ c for n, c in zip(trace.divides[scopes].sum(axis=0), divides, strict=True)]),
    ]
    found: dict[int, int] = {}
    for addresses, values in parts:
        for address, value in zip(addresses.tolist(), values, strict=True):
            found[address] = found.get(address, 0) + int(value)
    return found


def executions_by_address(program: Program, scope: int) -> dict[int, int]:
    """How often each instruction was issued in one scope, by its address; condition-failed ones count."""
    times = program.trace.counts[scope][program.row_edge[program.own]]
    addresses, at = np.unique(program.addresses[program.own], return_inverse=True)
    return dict(zip(addresses.tolist(), np.bincount(at, times, len(addresses)).astype(np.int64).tolist(), strict=True))


def _contributions(program: Program, costs: Costs) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (stall reason or "", kind of source, int64 [S] cycles); all together are the scopes' cycles."""
    core, trace, at = costs.core, program.trace, program.cost_class
    for reason, cycles in _waits(program, costs):
        part = core.pair_rules.get(reason, core.front_end)
        yield reason, part.source.kind, _total(program, cycles)
    odd = np.array([c.odd_memory for c in program.classes], np.int64) * core.odd_encoding.cycles
    yield "odd_encoding", core.odd_encoding.source.kind, _total(program, odd[at])
    issue = costs.class_cycles - odd
    kinds = [_kind(program, core, c) for c in range(len(program.classes))]
    for c, kind in enumerate(kinds):
        yield "", kind, _total(program, np.where(at == c, issue[c], 0))
    for k, c in enumerate(program.skip_class.tolist()):
        if c >= 0:
            yield "", kinds[c], -trace.skipped[:, k] * costs.class_cycles[c]
            yield "", core.condition_failed.source.kind, trace.skipped[:, k] * core.condition_failed.cycles
    for group, classes in program.divides.items():
        if group:
            yield "", core.groups[group].source.kind, classes @ divide_cycles(core, group, classes.shape[1])
    penalties = np.array([core.misaligned.crossing_cycles, core.misaligned.odd_word_cycles])
    yield "misaligned", core.misaligned.source.kind, program.misaligned @ penalties


def _waits(program: Program, costs: Costs) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (reason, int64 [N] cycles): why each row began later, or sooner, than the row before it ended."""
    ends = program_ends(program, costs)
    wait = ends - _row_begins(program, ends) - costs.class_cycles[program.cost_class]
    target = np.zeros(len(ends), bool)
    target[program.starts[:-1][program.taken]] = True
    yield "branch_refill", np.where(target, wait, 0)
    yield "fetch", np.where(target, 0, wait - costs.pair_cycles[program.pair])
    for bit, (name, rule) in enumerate(costs.core.pair_rules.items()):
        yield name, (program.pair >> bit & 1) * rule.cycles


def _row_begins(program: Program, ends: np.ndarray) -> np.ndarray:
    """int64 [N]: when the row before each row ended, 0 for the first of an edge."""
    begins = np.roll(ends, 1)
    begins[program.starts[:-1]] = 0
    return begins


def _total(program: Program, row_cycles: np.ndarray) -> np.ndarray:
    """int64 [S]: cycles of rows, summed over the edges' own rows as often as the edges ran."""
    own = np.where(program.own, row_cycles, 0)
    return program.trace.counts @ np.add.reduceat(own, program.starts[:-1])


def _kind(program: Program, core: Core, cost_class: int) -> str:
    cost = program.classes[cost_class]
    return core.groups[cost.group].source.kind if cost.group else program.custom[cost.custom].source.kind
