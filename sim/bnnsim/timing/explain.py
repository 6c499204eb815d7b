"""Where the cycles of a priced program went: by stall reason, by kind of source, by instruction address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bnnsim.timing.core import Core
from bnnsim.timing.extra import Extra
from bnnsim.timing.price import Costs, kind_of, make_costs, operand_extras, program_ends
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


def explain(
    program: Program,
    core: Core | None = None,
    latencies: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
) -> Explanation:
    """Account for every cycle that `price` counts with the same arguments."""
    costs = make_costs(program, core or program.core, latencies or {})
    none = np.zeros(len(program.trace.scopes), np.int64)
    reasons = ("branch_refill", "fetch", "odd_encoding", "misaligned", *program.rules)
    stalls = dict.fromkeys(reasons, none)
    sources = dict.fromkeys(KINDS, none)
    extras = ((e.reason, e.kind, e.total) for e in (*operand_extras(program, costs), *memory))
    for reason, kind, cycles in (*_row_cycles(program, costs), *extras):
        sources[kind] = sources[kind] + cycles
        if reason:
            stalls[reason] = stalls.get(reason, none) + cycles
    return Explanation(program.trace.scopes, stalls, sources)


def cycles_by_address(
    program: Program,
    core: Core | None = None,
    latencies: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
    scope: int | None = None,
) -> dict[int, int]:
    """Cycles of each instruction by its address, of one scope or of all; the sum is what `price` gives."""
    costs = make_costs(program, core or program.core, latencies or {})
    trace, scopes = program.trace, slice(None) if scope is None else slice(scope, scope + 1)
    ends = program_ends(program, costs)
    cycles = (ends - _row_begins(program, ends)) * trace.counts[scopes].sum(axis=0)[program.row_edge]
    parts = [(program.addresses[program.own], cycles[program.own])]
    parts += [(e.at, e.cycles[scopes].sum(axis=0)) for e in (*operand_extras(program, costs), *memory)]
    found: dict[int, int] = {}
    for addresses, values in parts:
        for address, value in zip(addresses.tolist(), values, strict=True):
            found[address] = found.get(address, 0) + int(value)
    return found


def stalls_by_address(
    program: Program,
    core: Core | None = None,
    latencies: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
    scope: int | None = None,
) -> dict[int, dict[str, int]]:
    """Stall cycles of each instruction by its address, then by reason; only what is not zero."""
    costs = make_costs(program, core or program.core, latencies or {})
    trace, scopes = program.trace, slice(None) if scope is None else slice(scope, scope + 1)
    times, own = trace.counts[scopes].sum(axis=0)[program.row_edge], program.own
    odd = np.array([c.odd_memory for c in program.classes], np.int64) * costs.core.odd_encoding.cycles
    rows = [*_waits(program, costs), ("odd_encoding", odd[program.cost_class])]
    parts = [(reason, program.addresses[own], (cycles * times)[own]) for reason, cycles in rows]
    extras = (*operand_extras(program, costs), *memory)
    parts += [(e.reason, e.at, e.cycles[scopes].sum(axis=0)) for e in extras if e.reason]
    found: dict[int, dict[str, int]] = {}
    for reason, addresses, values in parts:
        for at in np.flatnonzero(values).tolist():
            reasons = found.setdefault(int(addresses[at]), {})
            reasons[reason] = reasons.get(reason, 0) + int(values[at])
    return {address: kept for address, by in found.items() if (kept := {r: n for r, n in by.items() if n})}


def executions_by_address(program: Program, scope: int) -> dict[int, int]:
    """How often each instruction was issued in one scope, by its address; condition-failed ones count."""
    times = program.trace.counts[scope][program.row_edge[program.own]]
    addresses, at = np.unique(program.addresses[program.own], return_inverse=True)
    return dict(zip(addresses.tolist(), np.bincount(at, times, len(addresses)).astype(np.int64).tolist(), strict=True))


def _row_cycles(program: Program, costs: Costs) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (stall reason or "", kind of source, int64 [S] cycles) of the edges; all together are their cycles."""
    core, at = costs.core, program.cost_class
    for reason, cycles in _waits(program, costs):
        part = core.pair_rules.get(reason, core.front_end)
        yield reason, part.source.kind, _total(program, cycles)
    odd = np.array([c.odd_memory for c in program.classes], np.int64) * core.odd_encoding.cycles
    yield "odd_encoding", core.odd_encoding.source.kind, _total(program, odd[at])
    issue = costs.class_cycles - odd
    for c in range(len(program.classes)):
        yield "", kind_of(program, core, c), _total(program, np.where(at == c, issue[c], 0))


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
