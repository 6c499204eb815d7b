"""The emulated microcontroller: Unicorn with an image in its memory map, run slice by slice under native hooks.

Behaviours of Unicorn 2.1 that shape this module: memory hooks corrupt IT state, so there are none;
`emu_start(count=…)` is five times slower, so instructions are limited in the block hook; signals
reach Python only after `emu_start` returns, so it runs in a worker thread; BKPT, SVC and
coprocessor words raise interrupts with their own pc conventions; WFI returns silently, so pc is
checked after every stop.
"""

from __future__ import annotations

import bisect
import io
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import unicorn
from unicorn import arm_const

from bnnsim.build.image import Image
from bnnsim.emulate import branches, probes, semihosting
from bnnsim.emulate.custom import new_frame
from bnnsim.emulate.native import add_hook
from bnnsim.emulate.plan import PAGE, Plan
from bnnsim.emulate.sites import NOP_W, REGISTER_IDS, Sites

T = TypeVar("T")
BKPT = 7  # Unicorn's interrupt number
_STACK_PAINT = 0xA5
_CPUS = {
    name.removeprefix("UC_CPU_ARM_").lower().replace("_", "-"): value
    for name, value in vars(arm_const).items()
    if name.startswith("UC_CPU_ARM_CORTEX_M")
}


def _page_size(plan: Plan) -> int:
    """Largest power of two up to PAGE that divides the addresses and sizes of all regions."""
    bits = PAGE
    for region in plan.regions:
        bits |= region.address | region.size_bytes
    return bits & -bits


def _patched(image: Image) -> Iterator[int]:
    """Where custom instructions lie: where they run, and where startup code copies them from."""
    yield from image.sites
    if not image.sites:
        return
    from elftools.elf.elffile import ELFFile

    for segment in ELFFile(io.BytesIO(image.elf)).iter_segments():
        begin, shift = segment["p_vaddr"], segment["p_paddr"] - segment["p_vaddr"]
        if segment["p_type"] == "PT_LOAD" and shift:
            yield from (at + shift for at in image.sites if begin <= at < begin + segment["p_filesz"])


@dataclass(frozen=True)
class Stop:
    """How a run ended: pc, Unicorn's error text, interrupt number, the hooks' stop reasons, previous block.

    changed: address of watched code that was about to run and is not what it was, bytes before and now.
    """

    pc: int
    error: str
    interrupt: int | None
    block_reason: int
    site_reason: int
    previous_block: int
    changed: tuple[int, bytes, bytes] | None = None


class Machine:
    """One emulator with memory mapped, image loaded, custom instructions patched and inputs written."""

    def __init__(self, image: Image, plan: Plan, cpu: str):
        self.image, self.plan = image, plan
        self.uc: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.uc.ctl_set_cpu_model(_CPUS[cpu])
        self.uc.ctl_set_page_size(_page_size(plan))
        self.interrupt: int | None = None
        for region in plan.regions:
            rights = unicorn.UC_PROT_READ | (unicorn.UC_PROT_WRITE if region.writable else unicorn.UC_PROT_EXEC)
            rights |= unicorn.UC_PROT_EXEC if region.executable else 0
            self.uc.mem_map(region.address, region.size_bytes, rights)
        for segment in image.segments:
            self.uc.mem_write(segment.address, segment.data)
        for address in _patched(image):
            self.uc.mem_write(address, NOP_W)
        low, top = plan.stack
        self.uc.mem_write(low, bytes([_STACK_PAINT]) * (top - low))
        guards = ((address, data) for _, address, data in plan.canaries)
        for address, data in (*plan.writes, *guards):
            self.uc.mem_write(address, data)
        for number, value in plan.registers.items():
            self.uc.reg_write(REGISTER_IDS[number], value)
        self.uc.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        self._buffer = np.zeros(1, np.int64)
        self._regions = np.array([(r.address, r.address + r.size_bytes, r.writable) for r in plan.regions], np.int64)
        self._units = {e.name: np.zeros(e.state_words, np.uint32) for e in image.isa.extensions if e.state_words}
        self._frames: dict[str, np.ndarray] = {}
        self.blocks = np.zeros(probes.TABLE + 4 * probes.SLOTS, np.uint64)
        self.blocks[probes.BUDGET] = min(4 * plan.limit_instructions, 2**62)
        self.site_state = np.zeros(probes.SITE_WORDS, np.int64)
        self.branches: np.ndarray | None = None
        self.executed: np.ndarray | None = None
        self._pc = plan.start
        self._until: int | None = None
        self._executable: set[int] = set()
        self._changed: tuple[int, bytes, bytes] | None = None
        calls = plan.host_calls
        self.host = None if calls is None else semihosting.Host(end=(plan.slices[-1].until, calls))
        self.sites: Sites | None = None

    def count_edges(self) -> None:
        """Install the block hook."""
        add_hook(self.uc, probes.block_hook, unicorn.UC_HOOK_BLOCK, self.blocks)

    def predict_branches(self) -> None:
        """Install the branch predictor's block hook."""
        self.branches = branches.new_state()
        add_hook(self.uc, branches.predict_hook, unicorn.UC_HOOK_BLOCK, self.branches)

    def hook_sites(self, sites: Sites, everywhere: bool) -> None:
        """Install the hook for custom instructions only, or (detail pass) on all code."""
        self.sites = sites  # the hooks read its arrays as long as the machine runs
        state = self.site_state
        state[probes.BASE], state[probes.HALFWORDS] = sites.spans[0, :2]  # most code is in the first span
        state[probes.SPANS], state[probes.SPAN_COUNT] = sites.spans.ctypes.data, len(sites.spans)
        state[probes.ENTRIES] = len(sites.lookup)
        state[probes.LOOKUP], state[probes.RECORDS] = sites.lookup.ctypes.data, sites.records.ctypes.data
        state[probes.BUFFER] = self._buffer.ctypes.data
        state[probes.REGIONS], state[probes.REGION_COUNT] = self._regions.ctypes.data, len(self._regions)
        self._set_frames(sites)
        if everywhere:
            self.executed = np.zeros(len(sites.lookup), np.int64)
            state[probes.EXECUTED] = self.executed.ctypes.data
            add_hook(self.uc, probes.detail_hook, unicorn.UC_HOOK_CODE, state)
            return
        # One hook from the first custom instruction to the last: Unicorn calls a lone hook directly, but walks a
        # list of several at every hooked instruction, which costs more than the plain instructions between.
        custom = sites.addresses[sites.of_kind(probes.CUSTOM)]
        if len(custom):
            add_hook(self.uc, probes.custom_hook, unicorn.UC_HOOK_CODE, state, int(custom.min()), int(custom.max()))

    def _set_frames(self, sites: Sites) -> None:
        """Give the instructions of each extension a frame, and their unit's state with it."""
        extension_of = {i.name: e.name for e in self.image.isa.extensions for i in e.instructions}
        for number in sites.of_kind(probes.CUSTOM):
            name = extension_of[self.image.sites[int(sites.addresses[number])].instruction.name]
            if name not in self._frames:
                self._frames[name] = new_frame(self._units.get(name))
            sites.records[number, probes.F_FRAME] = self._frames[name].ctypes.data

    def unit_state(self, extension: str) -> np.ndarray:
        """uint32 words that an extension's unit keeps, empty if it keeps none."""
        return self._units.get(extension, np.zeros(0, np.uint32))

    def frame_of(self, extension: str) -> np.ndarray:
        """The frame in which an extension's last instruction ran (see `custom`)."""
        return self._frames[extension]

    def watch_code(self, code: Mapping[int, bytes]) -> None:
        """Stop before code at one of these addresses runs that does not have these bytes.

        Unicorn translates code anew after a store to it and tells of each translation.
        """

        starts = sorted(code)

        def check(uc: Any, block: Any, _previous: object, _data: object) -> None:
            first = max(bisect.bisect_right(starts, block.pc) - 1, 0)
            for address in starts[first : bisect.bisect_left(starts, block.pc + block.size)]:
                low, high = max(block.pc, address), min(block.pc + block.size, address + len(code[address]))
                before = code[address][low - address : max(high - address, 0)]
                now = self.read(low, len(before))
                if now != before and self._changed is None:
                    self._changed = first_difference(low, before, now)
                    uc.emu_stop()

        if code:
            last = max(address + len(data) for address, data in code.items()) - 1
            self.uc.hook_add(unicorn.UC_HOOK_EDGE_GENERATED, check, None, min(code), last)

    def run_until(self, until: int) -> Stop | None:
        """Run to an address; None if it was reached, else how it stopped. Call it from `in_worker`."""
        if self.host is None:
            return self._run(until)
        stop = self._run(self.host.stop_at(until))
        while stop is not None and stop.interrupt == BKPT and self.host.answer(self, stop.pc):
            self._pc, self.interrupt = stop.pc + semihosting.SIZE_BYTES, None
            stop = self._run(self.host.stop_at(until))
        return stop

    def _run(self, until: int) -> Stop | None:
        if self._until not in (None, until) and until != semihosting.NO_ADDRESS:
            self.uc.ctl_remove_cache(until, until + 2)  # what is translated already would run on past the address
        self._until = until
        error = self._start(until)
        while error is not None and error.errno == unicorn.UC_ERR_FETCH_PROT and self._make_executable():
            error = self._start(until)
        block_reason, site_reason = int(self.blocks[probes.STOP]), int(self.site_state[probes.REASON])
        if self.branches is not None:
            block_reason = block_reason or int(self.branches[branches.STOP])
        wrong = error or block_reason or site_reason or self._changed or self.interrupt is not None
        if self._pc == until and not wrong:
            return None
        previous = int(self.blocks[probes.PREVIOUS]) & 0xFFFFFFFF
        text = "" if error is None else str(error)
        return Stop(self._pc, text, self.interrupt, block_reason, site_reason, previous, self._changed)

    def _start(self, until: int) -> unicorn.UcError | None:
        raised = None
        try:
            self.uc.emu_start(self._pc | 1, until)
        except unicorn.UcError as error:
            raised = error
        self._pc = int(self.uc.reg_read(arm_const.UC_ARM_REG_PC))
        return raised

    def _make_executable(self) -> bool:
        """Allow execution where the program went on in RAM, if code may be there; False if it stays forbidden.

        RAM is not executable from the start because stores to executable pages are 19 times slower.
        """
        if not self._may_be_code(self._pc):
            return False
        step = _page_size(self.plan)
        pages = {address & -step for address in (self._pc, self._pc + 2)} - self._executable
        inside = [(r.address, r.address + r.size_bytes) for r in self.plan.regions if r.writable]
        pages = {page for page in pages if any(low <= page < high for low, high in inside)}
        for page in pages:
            self.uc.mem_protect(page, step, unicorn.UC_PROT_ALL)
        self._executable |= pages
        return bool(pages)

    def _may_be_code(self, address: int) -> bool:
        """Whether an instruction is marked as code, or also occurs there and so may begin a copy of code."""
        if any(low <= address < high for low, high in self.image.code_ranges):
            return True
        code = self.instruction_at(address)
        first = int.from_bytes(code[:2], "little")
        wide = first << 16 | int.from_bytes(code[2:], "little")
        return first != 0 and any(word in (first, wide) for _, _, word in self.image.words())

    def in_worker(self, work: Callable[[], T]) -> T:
        """Do work that runs the emulator in a thread of its own, so that Ctrl-C reaches Python and stops it."""
        results: list[T] = []
        errors: list[BaseException] = []

        def target() -> None:
            try:
                results.append(work())
            except BaseException as error:
                errors.append(error)

        worker = threading.Thread(target=target, daemon=True)
        worker.start()
        try:
            while worker.is_alive():
                worker.join(0.2)
        except KeyboardInterrupt:
            if not self._stopped_in_time(worker):
                os._exit(130)  # a custom instruction's semantics loop: there is no way to stop native code
            raise
        if errors:
            raise errors[0]
        return results[0]

    def _stopped_in_time(self, worker: threading.Thread) -> bool:
        for _ in range(20):  # the worker may be between two runs: stop it again
            self.uc.emu_stop()
            worker.join(0.1)
        return not worker.is_alive()

    def _on_interrupt(self, uc: Any, number: int, _data: object) -> None:
        self.interrupt = number
        uc.emu_stop()

    def take_edges(self) -> dict[tuple[int, int], int]:
        """Return and clear the edge counts: (previous block, block) → count; a block is size << 32 | address."""
        table = self.blocks[probes.TABLE :].reshape(-1, 4)
        used = table[: int(self.blocks[probes.USED]), 3].astype(np.int64)
        found = {(p, b): n for p, b, n in table[used, :3].tolist()}
        table[used, :3] = 0
        self.blocks[probes.USED] = 0
        return found

    def take_branches(self) -> dict[int, tuple[int, int]]:
        """Return and clear mispredicts and target changes by block, {} without the predictor's hook."""
        return {} if self.branches is None else branches.take_branches(self.branches)

    def read(self, address: int, size_bytes: int) -> bytes:
        """Read emulated memory."""
        return bytes(self.uc.mem_read(address, size_bytes))

    def write(self, address: int, data: bytes) -> None:
        """Write emulated memory."""
        self.uc.mem_write(address, data)

    def instruction_at(self, address: int) -> bytes:
        """Up to four bytes of emulated memory; none where there is no memory."""
        try:
            return self.read(address, 2) + self.read(address + 2, 2)
        except unicorn.UcError:
            return b""

    def register(self, number: int) -> int:
        """Read a core register, 0 to 15."""
        return int(self.uc.reg_read(REGISTER_IDS[number]))

    def set_register(self, number: int, value: int) -> None:
        """Write a core register, 0 to 15."""
        self.uc.reg_write(REGISTER_IDS[number], value)

    def peak_stack_bytes(self) -> int:
        """Deepest stack use: bytes from the stack's top to the lowest byte that is no longer painted."""
        low, top = self.plan.stack
        stack = np.frombuffer(self.read(low, top - low), np.uint8)
        touched = np.flatnonzero(stack != _STACK_PAINT)
        return int(top - low - touched[0]) if len(touched) else 0


def first_difference(address: int, before: bytes, now: bytes) -> tuple[int, bytes, bytes]:
    """The first halfword in which code at an address differs: its address, and up to four bytes before and now."""
    at = next(i for i, (a, b) in enumerate(zip(before, now, strict=True)) if a != b) & ~1
    return address + at, before[at : at + 4], now[at : at + 4]
