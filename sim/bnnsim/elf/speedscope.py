"""A profile for speedscope (https://www.speedscope.app/file-format-schema.json), with cycles as weights.

Three kinds of views: by call path, by function and line, and by function and line for each stall reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from bnnsim import __version__
from bnnsim.elf.listing import source_at
from bnnsim.elf.measure import Measurement
from bnnsim.elf.names import Names
from bnnsim.elf.profile import Costs, Group, Profile, apportion

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_DEEPEST = 100
_LEAST_SHARE = 2000  # a call path that takes less than 1 / 2000 of all cycles is not followed further
Frame = tuple[str, str | None, int | None]  # name, file, line
Stack = tuple[Frame, ...]


def to_speedscope(measured: Measurement, profile: Profile, title: str) -> str:
    """JSON of the profile. The first two views add up to the cycles, each other one to the cycles of its event."""
    frames: dict[Frame, int] = {}
    names = Names(measured.image)

    def function(name: str, at: int | None) -> Frame:
        file, _, line = ((source_at(measured.image, at) if at is not None else None) or ":").rpartition(":")
        return name, file or None, int(line) if file else None

    firsts = {names.function(a): names.find(a)[1] for a in sorted(profile.at, reverse=True)}
    paths = _Paths(profile, lambda name: function(name, firsts.get(name)))
    views = [_view("cycles by call path (shared among callers by call counts)", paths.stacks(), frames)]
    for number, event in enumerate(profile.events):
        if event == "Instructions":
            continue
        text = "cycles by function and line" if number == 0 else f"{event}: cycles by function and line"
        stacks: dict[Stack, int] = {}
        for address, costs in profile.at.items():
            if costs[number]:
                name = names.function(address)
                place = source_at(measured.image, address) or f"{address:#010x}"
                stack = (function(name, firsts[name]), function(place, address))
                stacks[stack] = stacks.get(stack, 0) + costs[number]
        views.append(_view(text, sorted(stacks.items(), key=lambda item: item[0][0][0]), frames))
    document = {
        "$schema": SCHEMA,
        "exporter": f"bnnsim {__version__}",
        "name": title,
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(f) for f in frames]},
        "profiles": views,
    }
    return json.dumps(document) + "\n"


def _frame(frame: Frame) -> dict[str, Any]:
    name, file, line = frame
    return {"name": name} | ({"file": file, "line": line} if file else {})


def _view(name: str, stacks: Any, frames: dict[Frame, int]) -> dict[str, Any]:
    samples, weights = [], []
    for stack, weight in stacks:
        samples.append([frames.setdefault(frame, len(frames)) for frame in stack])
        weights.append(weight)
    return {
        "type": "sampled",
        "name": name,
        "unit": "none",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }


class _Paths:
    """Call paths with their share of the cycles: a function's cost on a path is in proportion to what reaches it."""

    def __init__(self, profile: Profile, frame: Callable[[str], Frame]):
        self.profile, self.frame = profile, frame
        self.group = {name: group for group in profile.groups for name in group.functions}
        self.total = sum(costs[0] for costs in profile.at.values())

    def stacks(self) -> Iterator[tuple[Stack, int]]:
        for name, costs in self.profile.roots:
            yield from self.below((), self.group[name], costs)

    def below(self, path: Stack, group: Group, costs: Costs | tuple[int]) -> Iterator[tuple[Stack, int]]:
        cycles = costs[0]
        circle = len(group.functions) > 1
        name = f"circle of calls: {', '.join(group.functions)}" if circle else group.functions[0]
        here = (*path, (name, None, None) if circle else self.frame(name))
        own = [self.profile.functions[function][0] for function in group.functions]
        called = [part[0] for _, part in group.calls]
        if len(here) >= _DEEPEST or cycles * _LEAST_SHARE < self.total or not sum(own) + sum(called):
            if cycles:
                yield here, cycles
            return
        parts = apportion(cycles, own + called)
        inner = {n: (*here, self.frame(n)) if circle else here for n in group.functions}
        for function, part in zip(group.functions, parts, strict=False):
            if part:
                yield inner[function], part
        for (call, _), part in zip(group.calls, parts[len(own) :], strict=True):
            if part:
                yield from self.below(inner[call.caller], self.group[call.callee], (part,))
