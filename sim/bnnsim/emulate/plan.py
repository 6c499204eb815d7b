"""What to run: memory, inputs, where to start, and the slices between which counters and outputs are taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from bnnsim.cache import digest

OVERHEAD = "overhead"  # the last scope: what belongs to no layer
# Unicorn ends a block at every page boundary. With large pages a block is the same wherever the linker
# puts its function; with the default of 1 KiB a layer's cycles would depend on what else is linked.
PAGE = 1 << 16
# Images are linked and run with RAM moved by this offset, from 0x20000000 to 0xA0200000. That region of the
# Armv7-M memory map is execute-never; stores to executable pages take a path in Unicorn that is 19 times
# slower. The 2 MiB keep RAM and flash out of each other's slots in the emulator's address cache. Cycles
# do not depend on it: offsets within RAM and all code stay the same.
RAM_WINDOW = 0x8020_0000
WINDOW_STEP = 0x0200_0000  # from one RAM's window to the next, for boards whose RAM is in several places


@dataclass(frozen=True)
class Region:
    """Emulated memory [address, address + size_bytes); sizes are whole KiB. What is not writable is executable.

    memory: the board's memory that it stands for, "" if its address tells; it matters to timing only.
    """

    name: str
    address: int
    size_bytes: int
    writable: bool = True
    executable: bool = False
    memory: str = field(default="", repr=False)


@dataclass(frozen=True)
class Slice:
    """Run until `until`; counts go to scope number `scope` (-1: not counted), then `output` is read.

    output: (name, address, size in bytes) or None.
    """

    scope: int
    until: int
    output: tuple[str, int, int] | None = None


@dataclass(frozen=True)
class Plan:
    """One emulation of an image.

    scopes: names of the counters; start: first pc; registers: initial values by number (13 SP, 14 LR);
    writes: (address, bytes) put into memory beforehand; stack: (lowest address, top) of the stack.
    limit_instructions: at least this many instructions may run, at most four times as many.
    host_calls: semihosting calls that are answered, silently, before the last slice's end counts; None: no host.
    canaries: (buffer's name, address, bytes) of memory that must be unchanged at the end; preserved: numbers and
    values of registers that a function gives back as they were (AAPCS, Arm IHI 0042).
    """

    scopes: tuple[str, ...]
    regions: tuple[Region, ...]
    start: int
    slices: tuple[Slice, ...]
    stack: tuple[int, int]
    registers: dict[int, int] = field(default_factory=dict)
    writes: tuple[tuple[int, bytes], ...] = ()
    limit_instructions: int = 4_000_000_000
    host_calls: int | None = None
    canaries: tuple[tuple[str, int, bytes], ...] = ()
    preserved: tuple[tuple[int, int], ...] = ()

    @cached_property
    def digest(self) -> str:
        """Hash of everything that the emulation depends on."""
        facts = (self.scopes, self.regions, self.start, self.slices, self.stack, sorted(self.registers.items()))
        placed = (*self.writes, *((address, content) for _, address, content in self.canaries))
        data = [part for address, content in placed for part in (str(address), content)]
        host = () if self.host_calls is None else (f"host {self.host_calls}",)
        return digest(repr(facts), str(self.limit_instructions), repr(self.preserved), *host, *data)
