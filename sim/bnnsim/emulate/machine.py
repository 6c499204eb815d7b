"""The emulated microcontroller: Unicorn with an image in its memory map, run slice by slice under native hooks.

Behaviours of Unicorn 2.1 that shape this module: memory hooks corrupt IT state, so there are none;
`emu_start(count=…)` is five times slower, so instructions are limited in the block hook; signals
reach Python only after `emu_start` returns, so it runs in a worker thread; BKPT, SVC and
coprocessor words raise interrupts with their own pc conventions; WFI returns silently, so pc is
checked after every stop.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import unicorn
from unicorn import arm_const

from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.native import add_hook
from bnnsim.emulate.plan import PAGE, Plan
from bnnsim.emulate.sites import REGISTER_IDS, Sites

T = TypeVar("T")
NOP_W = bytes.fromhex("aff30080")  # what custom instructions are replaced by while they run
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


@dataclass(frozen=True)
class Stop:
    """How a run ended: pc, Unicorn's error text, interrupt number, the hooks' stop reasons, previous block."""

    pc: int
    error: str
    interrupt: int | None
    block_reason: int
    site_reason: int
    previous_block: int


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
        for address in image.sites:
            self.uc.mem_write(address, NOP_W)
        low, top = plan.stack
        self.uc.mem_write(low, bytes([_STACK_PAINT]) * (top - low))
        for address, data in plan.writes:
            self.uc.mem_write(address, data)
        for number, value in plan.registers.items():
            self.uc.reg_write(REGISTER_IDS[number], value)
        self.uc.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        self._buffer = np.zeros(1, np.int64)
        self.blocks = np.zeros(probes.TABLE + 4 * probes.SLOTS, np.uint64)
        self.blocks[probes.BUDGET] = min(4 * plan.limit_instructions, 2**62)
        self.site_state = np.zeros(probes.SITE_WORDS, np.int64)
        self.executed: np.ndarray | None = None
        self._pc = plan.start
        self.sites: Sites | None = None

    def count_edges(self) -> None:
        """Install the block hook."""
        add_hook(self.uc, probes.block_hook, unicorn.UC_HOOK_BLOCK, self.blocks)

    def hook_sites(self, sites: Sites, everywhere: bool) -> None:
        """Install the hook for custom instructions only, or (detail pass) on all code."""
        self.sites = sites  # the hooks read its arrays as long as the machine runs
        state = self.site_state
        state[probes.BASE], state[probes.HALFWORDS] = sites.base, len(sites.lookup)
        state[probes.LOOKUP], state[probes.RECORDS] = sites.lookup.ctypes.data, sites.records.ctypes.data
        state[probes.BUFFER] = self._buffer.ctypes.data
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

    def run_until(self, until: int) -> Stop | None:
        """Run to an address; None if it was reached, else how it stopped. Call it from `in_worker`."""
        error = ""
        try:
            self.uc.emu_start(self._pc | 1, until)
        except unicorn.UcError as raised:
            error = str(raised)
        self._pc = int(self.uc.reg_read(arm_const.UC_ARM_REG_PC))
        block_reason, site_reason = int(self.blocks[probes.STOP]), int(self.site_state[probes.REASON])
        if self._pc == until and not error and not block_reason and not site_reason and self.interrupt is None:
            return None
        previous = int(self.blocks[probes.PREVIOUS]) & 0xFFFFFFFF
        return Stop(self._pc, error, self.interrupt, block_reason, site_reason, previous)

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

    def read(self, address: int, size_bytes: int) -> bytes:
        """Read emulated memory."""
        return bytes(self.uc.mem_read(address, size_bytes))

    def register(self, number: int) -> int:
        """Read a core register, 0 to 15."""
        return int(self.uc.reg_read(REGISTER_IDS[number]))

    def peak_stack_bytes(self) -> int:
        """Deepest stack use: bytes from the stack's top to the lowest byte that is no longer painted."""
        low, top = self.plan.stack
        stack = np.frombuffer(self.read(low, top - low), np.uint8)
        touched = np.flatnonzero(stack != _STACK_PAINT)
        return int(top - low - touched[0]) if len(touched) else 0
