"""Who calls whom how often, from a trace's edges: exact counts, because a call is a way between two blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bnnsim.build.image import Image
from bnnsim.elf.names import Names
from bnnsim.timing.decode import Decoded, decode_instruction, size_bytes
from bnnsim.timing.program import Program

_CALLS = ("bl", "blx")
_RETURNS = ("pop", "ldm", "ldmdb")
_BY_REGISTER = ("bx", "mov", "ldr", "add", "tbb", "tbh")


@dataclass(frozen=True)
class Call:
    """A place that calls: caller, address of the calling instruction, callee, where it is entered, how often."""

    caller: str
    site: int
    callee: str
    target: int
    count: int


@dataclass(frozen=True)
class Calls:
    """All calls of a run; entries: how often each function was entered from what was not counted."""

    calls: tuple[Call, ...]
    entries: Mapping[str, int]


def find_calls(image: Image, program: Program, scope: int = 0) -> Calls:
    """Calls of one scope. Every way into another function is one, unless it is a return: tail calls count, too."""
    trace, names = program.trace, Names(image)
    counts = trace.counts[scope].tolist()
    ran = {current for (_, current), count in zip(trace.edges.tolist(), counts, strict=True) if count}
    calls: Counter[tuple[str, int, str, int]] = Counter()
    entries: Counter[str] = Counter()
    blocks = trace.blocks.tolist()
    for (previous, current), count in zip(trace.edges.tolist(), counts, strict=True):
        if not count:
            continue
        target = blocks[current][0]
        callee, entry = names.find(target)
        if previous < 0 or previous not in ran:
            entries[callee] += count
            continue
        site, last = _last(image, *blocks[previous])
        caller = names.function(site)
        falls_through = sum(blocks[previous]) == target
        if _is_call(last, caller != callee, target == entry, falls_through):
            calls[caller, site, callee, target] += count
    return Calls(tuple(Call(*key, count) for key, count in sorted(calls.items())), entries)


def _last(image: Image, address: int, size: int) -> tuple[int, Decoded | None]:
    """Address and decoding of a block's last instruction."""
    *_, (at, code) = _instructions(image, address, address + size)
    return at, decode_instruction(code)


def _instructions(image: Image, address: int, end: int) -> Iterator[tuple[int, bytes]]:
    while address < end:
        size = size_bytes(int.from_bytes(image.read(address, 2), "little"))
        yield address, image.read(address, size)
        address += size


def _is_call(last: Decoded | None, leaves: bool, enters: bool, falls_through: bool) -> bool:
    """leaves: for another function; enters: at a function's first instruction."""
    if last is not None and last.mnemonic in _CALLS:
        return leaves or enters
    if not leaves or falls_through or last is None:
        return leaves
    if last.mnemonic in _RETURNS or last.text in ("bx lr", "mov pc, lr") or last.text.startswith("ldr pc, [sp"):
        return False
    return enters or last.mnemonic not in _BY_REGISTER


def groups_of(functions: list[str], calls: Calls) -> list[list[str]]:
    """Functions that call each other, directly or not, in one group; callees before their callers."""
    callees: dict[str, list[str]] = {name: [] for name in functions}
    callers: dict[str, list[str]] = {name: [] for name in functions}
    for call in calls.calls:
        callees[call.caller].append(call.callee)
        callers[call.callee].append(call.caller)
    left, found = dict.fromkeys(_finished(functions, callers)[::-1]), []
    while left:  # Kosaraju: what is reachable from the last to finish, in the graph turned round
        group = _finished([next(iter(left))], {name: [c for c in callees[name] if c in left] for name in left})
        found.append(sorted(group))
        for name in group:
            del left[name]
    return found


def _finished(starts: list[str], following: Mapping[str, list[str]]) -> list[str]:
    """Names reachable from the starts in the order in which a depth-first search leaves them."""
    seen: set[str] = set()
    done: list[str] = []
    for start in starts:
        stack = [(start, iter(following[start]))] if start not in seen else []
        seen.add(start)
        while stack:
            name, rest = stack[-1]
            after = next((n for n in rest if n not in seen), None)
            if after is None:
                done.append(name)
                stack.pop()
            else:
                seen.add(after)
                stack.append((after, iter(following[after])))
    return done
