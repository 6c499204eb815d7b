"""What a board's memories add to the cycles of a zero-wait core: wait states of flash and data, cache misses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from bnnsim.build.image import Image
from bnnsim.emulate.copied import with_copies
from bnnsim.emulate.memory_hooks import MISSES, READ_MISSES, TOUCHES, WRITE_BACKS, WRITE_MISSES, WRITES
from bnnsim.emulate.memory_pass import CacheShape, Geometry, MemoryTrace, Window, trace_memory
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.trace import Trace
from bnnsim.isa.cost import memory_beats
from bnnsim.timing.board import Board
from bnnsim.timing.core import Core
from bnnsim.timing.extra import Extra
from bnnsim.timing.flash import row_delays
from bnnsim.timing.price import make_costs, program_ends
from bnnsim.timing.program import Program
from bnnsim.timing.regions import DataReads, InstructionReads

Tracer = Callable[[Geometry], MemoryTrace]


def extras_for(
    image: Image,
    plan: Plan,
    program: Program,
    board: Board,
    custom_costs: Mapping[str, float] | None = None,
    tracer: Tracer | None = None,
) -> tuple[Extra, ...]:
    """Cycles that a board's memories add to a program, for `price`, `explain` and the like; () if they never wait.

    plan: the one that the program's trace is of, its regions named after the board's memories where they lie
    elsewhere; program: decoded for the core to price; custom_costs: as for `price`; tracer: runs the memory pass
    (default: emulates; a cache can stand in for it).
    Raises EmulationFault.
    """
    if board.ideal:
        return ()
    layout = Layout(board, plan)
    traced = None
    if layout.geometry.needed:
        cpu, copied = program.core.unicorn_cpu, with_copies(image, program.trace)
        traced = tracer(layout.geometry) if tracer else trace_memory(image, plan, cpu, layout.geometry, copied)
    return memory_extras(program, traced, layout, custom_costs)


class Layout:
    """Where a plan's addresses lie on a board, and the geometry of the caches that they go through."""

    def __init__(self, board: Board, plan: Plan):
        self.board = board
        self.parts = [(r.address, r.address + r.size_bytes, r.memory) for r in plan.regions if r.memory]
        # What the plan does not name lies where the board says, e.g. in other people's programs.
        self.parts += [(region.address, region.end, name) for name, region in board.memory.items()]
        self.paths = {n: r.data for n, r in board.memory.items() if r.data is not None and _waits(r.data)}
        self.caches: dict[str, CacheShape] = {
            name: CacheShape(c.sets, c.ways, c.line_bytes, c.write == "back") for name, c in board.caches.items()
        }
        for name, region in board.memory.items():
            for part, reads in (("instruction", region.instruction), ("data", region.data)):
                if reads is not None and reads.cache is None and reads.cache_lines:
                    self.caches[f"{name} {part}"] = CacheShape(1, reads.cache_lines, reads.line_bytes)

    @property
    def geometry(self) -> Geometry:
        """What the memory pass counts."""
        paths, caches = list(self.paths), list(self.caches)
        windows = []
        for low, high, name in self.parts:
            code_cache = self._cache(name, "instruction", self.board.memory[name].instruction)
            path = paths.index(name) if name in self.paths else -1
            windows.append(Window(low, high, path, caches.index(code_cache) if code_cache else -1))
        data_caches = [self._cache(name, "data", self.paths[name]) for name in paths]
        return Geometry(
            tuple(windows), tuple(caches.index(c) if c else -1 for c in data_caches), tuple(self.caches.values())
        )

    def _cache(self, name: str, part: str, reads: InstructionReads | DataReads | None) -> str | None:
        if reads is None:
            return None
        return reads.cache or (f"{name} {part}" if reads.cache_lines else None)

    def lie_in(self, addresses: np.ndarray, name: str) -> np.ndarray:
        """Bool, which addresses lie in one of the board's memories."""
        found, left = np.zeros(len(addresses), bool), np.ones(len(addresses), bool)
        for low, high, part in self.parts:
            inside = left & (addresses >= low) & (addresses < high)
            left &= ~inside
            found |= inside & (part == name)
        return found


def _waits(data: DataReads) -> bool:
    return data.cache is not None or data.wait_states > 0 or data.write_cycles > 0


def memory_extras(
    program: Program,
    traced: MemoryTrace | None,
    layout: Layout,
    custom_costs: Mapping[str, float] | None = None,
    core: Core | None = None,
) -> tuple[Extra, ...]:
    """Price a memory pass by the board's numbers; None if the board needs none.

    Reasons: "flash" (lines of code), "icache_miss", "data_wait" (accesses to memory), "dcache_miss".
    """
    found = []
    ends = None
    for name, region in layout.board.memory.items():
        reads = region.instruction
        if reads is None:
            continue
        if reads.cache is not None:
            found += _code_misses(traced, layout, name, reads.cache)
        elif reads.wait_states:
            if ends is None:
                ends = program_ends(program, make_costs(program, core or program.core, custom_costs or {}))
            found += _flash_waits(program, traced, layout, name, ends)
    if traced is not None:
        beats = _beats_per_word(program, core or program.core, traced.data_at)
        for number, (name, data) in enumerate(layout.paths.items()):
            counts = traced.data[:, :, number]
            if data.cache is None and not data.cache_lines:
                counts = np.rint(counts * beats[:, None]).astype(np.int64)
            found += _data_waits(traced.data_at, counts, layout.board, name, data)
    return tuple(e for e in found if e.cycles.any())


def _code_misses(traced: MemoryTrace | None, layout: Layout, name: str, cache: str) -> Iterator[Extra]:
    if traced is None:
        return
    inside = layout.lie_in(traced.fetch_at, name)
    memory = layout.board.caches[cache]
    cycles = traced.fetches[:, inside, MISSES] * memory.line_fill_cycles
    yield Extra("icache_miss", memory.source.kind, traced.fetch_at[inside], cycles)


def _flash_waits(
    program: Program, traced: MemoryTrace | None, layout: Layout, name: str, ends: np.ndarray
) -> Iterator[Extra]:
    """What every edge would pay if all its lines missed, times the share of its block's lines that do miss."""
    reads = layout.board.memory[name].instruction
    assert reads is not None
    block = program.trace.blocks[program.trace.edges[:, 1]]
    counted = layout.lie_in(block[:, 0], name)
    delays = row_delays(program, ends, reads, counted)
    weights = program.trace.counts * counted
    if reads.cache_lines and traced is not None:
        weights = weights * _miss_shares(traced, program.trace)
    at, inverse = np.unique(program.addresses, return_inverse=True)
    edge = program.row_edge
    cycles = [np.bincount(inverse, delays * scope[edge], len(at)) for scope in weights]
    yield Extra("flash", reads.kind, at, np.rint(np.array(cycles)).astype(np.int64))


def _miss_shares(traced: MemoryTrace, trace: Trace) -> np.ndarray:
    """float64 [S, E]: missed over touched lines of the block that each edge leads to; 0 where none was touched.

    The pass counts a line when code comes to it from another, so a loop inside one line touches it once. A taken
    branch that stays in its line is a touch that hits.
    """
    blocks, edges = trace.blocks, trace.edges
    summed = np.pad(np.cumsum(traced.fetches, axis=1), ((0, 0), (1, 0), (0, 0)))
    first, second, end = (
        np.searchsorted(traced.fetch_at, at) for at in (blocks[:, 0], blocks[:, 0] + 2, blocks.sum(1))
    )
    touches, misses = (summed[:, end] - summed[:, first])[:, :, [TOUCHES, MISSES]].transpose(2, 0, 1)
    seen = (summed[:, second] - summed[:, first])[:, :, TOUCHES]
    taken = (edges[:, 0] < 0) | (blocks[edges[:, 0]].sum(axis=1) != blocks[edges[:, 1], 0])
    entered = np.array([np.bincount(edges[:, 1], counts * taken, len(blocks)) for counts in trace.counts])
    return (misses / np.maximum(touches + np.maximum(entered - seen, 0), 1))[:, edges[:, 1]]


def _beats_per_word(program: Program, core: Core, at: np.ndarray) -> np.ndarray:
    """float64 [A]: accesses by words of loads and stores: 1, but less where a wider port moves a custom one's words."""
    found = np.ones(len(at))
    for number, cost in enumerate(program.classes):
        custom = program.custom[cost.custom] if cost.group is None else None
        if custom is not None and custom.memory_bytes:
            inside = np.isin(at, program.addresses[program.cost_class == number])
            found[inside] = 4 * memory_beats(custom.shape(core.data_port.bits)) / custom.memory_bytes
    return found


def _data_waits(at: np.ndarray, counts: np.ndarray, board: Board, name: str, data: DataReads) -> Iterator[Extra]:
    """counts: int64 [S, A, 5] of one data path."""
    if data.cache is None:
        cycles = counts[:, :, READ_MISSES] * data.wait_states + counts[:, :, WRITES] * data.write_cycles
        yield Extra("data_wait", data.kind, at, cycles)
        return
    cache = board.caches[data.cache]
    misses = counts[:, :, READ_MISSES] + (counts[:, :, WRITE_MISSES] if cache.write == "back" else 0)
    cycles = misses * cache.line_fill_cycles + counts[:, :, WRITE_BACKS] * cache.write_back_cycles
    yield Extra("dcache_miss", cache.source.kind, at, cycles)
