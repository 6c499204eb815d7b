"""A measurement as a profile: costs by instruction, exact, and inclusive costs, shared among callers by call counts.

The trace tells what each instruction costs and how often each call is made, but not what one call costs. So what a
function takes with all that it calls is split among its callers as often as they call it, as gprof does. Functions
that call each other in a circle share one inclusive cost, and calls inside the circle carry none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bnnsim.elf.calls import Call, find_calls, groups_of
from bnnsim.elf.measure import Measurement
from bnnsim.elf.names import Names

CYCLES, INSTRUCTIONS = "Cycles", "Instructions"
Costs = tuple[int, ...]  # one number by event


@dataclass(frozen=True)
class Group:
    """Functions that call each other in a circle, mostly one alone. inclusive: with all that they call; calls: to
    functions outside, each with the part of the callee's inclusive cost that is put down to it.
    """

    functions: tuple[str, ...]
    inclusive: Costs
    calls: tuple[tuple[Call, Costs], ...]


@dataclass(frozen=True)
class Profile:
    """events: names, "Cycles" and "Instructions" first, then one per stall reason, another for cycles that it saves.

    at: costs by instruction address; functions: their own costs; groups: callees before callers; inside: calls within
    a group; roots: what was entered from outside or by nobody, with the part of a group's inclusive cost that it takes.
    """

    events: tuple[str, ...]
    at: Mapping[int, Costs]
    functions: Mapping[str, Costs]
    groups: tuple[Group, ...]
    inside: tuple[Call, ...]
    roots: tuple[tuple[str, Costs], ...]


def make_profile(measured: Measurement) -> Profile:
    """Turn a measurement into costs by event and spread them over the calls."""
    events, at = _events(measured)
    names, calls = Names(measured.image), find_calls(measured.image, measured.program)
    own: dict[str, Costs] = {}
    for address, costs in at.items():
        name = names.function(address)
        own[name] = add(own.get(name, ()), costs)
    for name in {n for call in calls.calls for n in (call.caller, call.callee)} - set(own):
        own[name] = (0,) * len(events)
    shares: dict[Call, Costs] = {}
    groups, roots, inside = [], [], []
    for members in groups_of(sorted(own), calls):
        out = [c for c in calls.calls if c.caller in members and c.callee not in members]
        inside += [c for c in calls.calls if c.caller in members and c.callee in members]
        total = add(*(own[name] for name in members), *(shares[call] for call in out))
        groups.append(Group(tuple(members), total, tuple((call, shares[call]) for call in out)))
        into = [c for c in calls.calls if c.callee in members and c.caller not in members]
        entered = [(name, calls.entries[name]) for name in members if calls.entries.get(name)]
        entered = entered or ([] if into else [(members[0], 1)])
        parts = apportion_all(total, [c.count for c in into] + [count for _, count in entered])
        shares |= dict(zip(into, parts, strict=False))
        roots += [(name, part) for (name, _), part in zip(entered, parts[len(into) :], strict=True)]
    return Profile(events, at, own, tuple(groups), tuple(inside), tuple(roots))


def add(*costs: Costs) -> Costs:
    """Sum by event; () counts as zeros."""
    return tuple(sum(numbers) for numbers in zip(*(c for c in costs if c), strict=True))


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Split a whole number in proportion to weights, so that the parts are whole and add up to it."""
    whole, parts, seen, given = sum(weights), [], 0, 0
    for weight in weights:
        seen += weight
        parts.append(total * seen // whole - given)
        given += parts[-1]
    return parts


def apportion_all(total: Costs, weights: Sequence[int]) -> list[Costs]:
    """`apportion` for each event; one list of costs by weight."""
    return list(zip(*(apportion(number, weights) for number in total), strict=True))


def _events(measured: Measurement) -> tuple[tuple[str, ...], dict[int, Costs]]:
    """Events and costs by address. Formats know no negative costs: cycles saved become an event of their own."""
    found = {(r, n < 0) for by in measured.stalls_at.values() for r, n in by.items() if n}
    reasons = [(r, saved) for r in _reasons(measured) for saved in (False, True) if (r, saved) in found]
    events = (CYCLES, INSTRUCTIONS, *(event_name(r, saved) for r, saved in reasons))
    at: dict[int, Costs] = {}
    for address in sorted({*measured.executions_at, *measured.cycles_at}):
        by = measured.stalls_at.get(address, {})
        stalls = (max(-by.get(r, 0) if saved else by.get(r, 0), 0) for r, saved in reasons)
        costs = (measured.cycles_at.get(address, 0), measured.executions_at.get(address, 0), *stalls)
        if any(costs):
            at[address] = costs
    return events, at


def _reasons(measured: Measurement) -> Iterable[str]:
    return dict.fromkeys([*measured.stalls, *(r for by in measured.stalls_at.values() for r in by)])


def event_name(reason: str, saved: bool) -> str:
    """A stall reason as an event: "branch_refill" → "BranchRefill", "LoadPipeliningSaved" for cycles saved."""
    return "".join(word.capitalize() for word in reason.split("_")) + ("Saved" if saved else "")
