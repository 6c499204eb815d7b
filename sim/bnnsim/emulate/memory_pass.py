"""The memory pass: a run that counts cache hits and accesses to memories that can make the core wait.

It runs only for boards that need it. What it counts depends on sizes (caches, lines, where memories lie), not on
cycles, so one pass serves every number of wait states.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields

import numpy as np
from unicorn import UC_HOOK_CODE

from bnnsim.build.image import Image
from bnnsim.emulate import memory_hooks as hooks
from bnnsim.emulate.custom import compile_semantics
from bnnsim.emulate.faults import diagnose
from bnnsim.emulate.machine import Machine
from bnnsim.emulate.memory_sites import find_accesses
from bnnsim.emulate.native import add_hook
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.sites import Sites, find_sites
from bnnsim.errors import EmulationFault


@dataclass(frozen=True)
class CacheShape:
    """A cache that evicts the least recently used line of a set. write_back: writes fetch lines, too."""

    sets: int
    ways: int
    line_bytes: int
    write_back: bool = False


@dataclass(frozen=True)
class Window:
    """Addresses [low, high): number of the data path and of the cache that code comes through, -1 if there is none."""

    low: int
    high: int
    path: int = -1
    code_cache: int = -1


@dataclass(frozen=True)
class Geometry:
    """What a memory pass depends on beside the program.

    windows: the first that holds an address counts; paths: cache of each data path, -1 if it has none; caches: a
    cache that several windows and paths name is shared. Raises ValueError for a path or cache that is not there.
    """

    windows: tuple[Window, ...]
    paths: tuple[int, ...]
    caches: tuple[CacheShape, ...]

    def __post_init__(self) -> None:
        caches = [w.code_cache for w in self.windows] + list(self.paths)
        if not all(-1 <= n < len(self.caches) for n in caches):  # native code would read beyond the array
            raise ValueError(f"a window or path names a cache beyond the {len(self.caches)} that there are")
        if not all(-1 <= w.path < len(self.paths) for w in self.windows):
            raise ValueError(f"a window names a path beyond the {len(self.paths)} that there are")

    @property
    def needed(self) -> bool:
        """Whether there is anything to count."""
        return any(w.path >= 0 or w.code_cache >= 0 for w in self.windows)


@dataclass(frozen=True)
class MemoryTrace:
    """Counts per scope (S scopes, as in the `Trace` of the same plan).

    data_at, data: int64 [A], [S, A, P, 5]: loads and stores, words by data path; the columns are reads, read misses,
    writes, write misses and lines written back. Without a cache every access is a miss.
    fetch_at, fetches: int64 [B], [S, B, 2]: instructions, in order of address; lines of code that each touched beyond
    the line touched last, and how many of them missed.
    """

    data_at: np.ndarray
    data: np.ndarray
    fetch_at: np.ndarray
    fetches: np.ndarray

    def to_bytes(self) -> bytes:
        """Serialize as an .npz archive (no pickles)."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **{f.name: getattr(self, f.name) for f in fields(self)})
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> MemoryTrace:
        """Inverse of `to_bytes`."""
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return cls(**{f.name: archive[f.name] for f in fields(cls)})


def trace_memory(image: Image, plan: Plan, cpu: str, geometry: Geometry, copied: Image | None = None) -> MemoryTrace:
    """Run a plan once more and count; cpu: Unicorn's model name. Caches are empty at the start.

    copied: the image with code that it copies to RAM (see `with_copies`), if there is any.
    Raises EmulationFault with a diagnosis if the code does not run to the plan's end.
    """
    machine, known = Machine(image, plan, cpu), copied or image
    sites = find_sites(known, compile_semantics(known.custom_instructions), details=False)
    counters = _Counters(known, sites, geometry)
    # Before the custom instructions' hook, which moves their base registers on.
    add_hook(machine.uc, hooks.access_hook, UC_HOOK_CODE, counters.state)
    machine.hook_sites(sites, everywhere=False)
    machine.count_edges()  # the instruction limit counts there
    return machine.in_worker(lambda: _count_slices(machine, counters))


class _Counters:
    """The arrays that the hooks read and write; they live as long as the machine runs."""

    def __init__(self, image: Image, sites: Sites, geometry: Geometry):
        self.spans = sites.spans
        self.addresses, self.records = find_accesses(image)
        self.lookup = np.zeros(len(sites.lookup), np.int32)
        self.lookup[sites.entries(self.addresses)] = np.arange(1, len(self.addresses) + 1)
        self.windows = np.array([(w.low, w.high, w.path) for w in geometry.windows], np.int64)
        self.code = np.full(len(self.lookup), -1, np.int32)
        for w in reversed(geometry.windows):  # the first that holds an address has the last word
            self.code[(self.starts >= w.low) & (self.starts < w.high)] = w.code_cache
        self.paths = np.array(geometry.paths or (-1,), np.int64)
        self.tags = [np.zeros(c.sets * c.ways, np.int64) for c in geometry.caches]
        shapes = zip(geometry.caches, self.tags, strict=True)
        caches = [(c.sets, c.ways, c.line_bytes.bit_length() - 1, c.write_back, t.ctypes.data) for c, t in shapes]
        self.caches = np.array(caches, np.int64).reshape(-1, hooks.CACHE_WORDS)
        self.data = np.zeros((len(self.addresses), len(self.paths), hooks.COUNT_COLUMNS), np.int64)
        self.fetches = np.zeros((len(self.lookup), hooks.FETCH_COLUMNS), np.int64)
        self.buffer = np.zeros(1, np.uint64)
        self.state = self._state()

    @property
    def starts(self) -> np.ndarray:
        """int64: the address of each entry."""
        return np.concatenate([first + 2 * np.arange(halfwords) for first, halfwords, _ in self.spans.tolist()])

    def _state(self) -> np.ndarray:
        state = np.zeros(hooks.STATE_WORDS, np.int64)
        state[hooks.SPAN_COUNT], state[hooks.ENTRIES], state[hooks.LAST_LINE] = len(self.spans), len(self.lookup), -1
        state[hooks.WINDOW_COUNT], state[hooks.PATH_COUNT] = len(self.windows), len(self.paths)
        arrays = {
            hooks.SPANS: self.spans, hooks.LOOKUP: self.lookup, hooks.RECORDS: self.records, 
            hooks.BUFFER: self.buffer, hooks.WINDOWS: self.windows, hooks.CACHES: self.caches, hooks.PATHS: self.paths,
            hooks.COUNTS: self.data, hooks.FETCHES: self.fetches, hooks.CODE: self.code,
        }  # fmt: skip
        for word, array in arrays.items():
            state[word] = array.ctypes.data
        return state


def _count_slices(machine: Machine, counters: _Counters) -> MemoryTrace:
    scopes = len(machine.plan.scopes)
    data = np.zeros((scopes, *counters.data.shape), np.int64)
    fetches = np.zeros((scopes, *counters.fetches.shape), np.int64)
    for part in machine.plan.slices:
        if (stop := machine.run_until(part.until)) is not None:
            raise EmulationFault(diagnose(machine, stop))
        if part.scope >= 0:
            data[part.scope] += counters.data
            fetches[part.scope] += counters.fetches
        counters.data[:] = 0
        counters.fetches[:] = 0
    used, begun = data.any(axis=(0, 2, 3)), fetches.any(axis=(0, 2))
    return MemoryTrace(counters.addresses[used], data[:, used], counters.starts[begun], fetches[:, begun])
