"""The memory map around an ELF file: pages of its segments, RAM, a stack and an address to return to."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from bnnsim.emulate.plan import PAGE, Region
from bnnsim.errors import UsageError

RAM = (0x2000_0000, 16 << 20)
# System control space, SysTick and so on (Arm DDI 0403E, table B3-1): reads what was written, else 0.
SYSTEM = (0xE000_0000, 1 << 20)
STACK_BYTES = 256 << 10
_RAM_END, _CODE_END = 0x4000_0000, 0x2000_0000
_STEP = 1 << 20


@dataclass(frozen=True)
class Extent:
    """Memory [address, address + size_bytes) that something needs."""

    address: int
    size_bytes: int
    writable: bool = True
    executable: bool = False

    def pages(self) -> range:
        """Numbers of the pages that it touches."""
        return range(self.address // PAGE, -(-(self.address + self.size_bytes) // PAGE))


@dataclass(frozen=True)
class Memory:
    """Mapped regions, the stack (lowest address, top) and an executable address outside the program."""

    regions: tuple[Region, ...]
    stack: tuple[int, int]
    stop: int


def segment_extents(elf: bytes) -> list[Extent]:
    """Where the segments of an ELF file lie, both as loaded and as they run, with their zero-filled parts."""
    from elftools.elf.elffile import ELFFile

    found = []
    for segment in ELFFile(io.BytesIO(elf)).iter_segments():
        if segment["p_type"] != "PT_LOAD" or not segment["p_memsz"]:
            continue
        writable, executable = bool(segment["p_flags"] & 2), bool(segment["p_flags"] & 1)
        found.append(Extent(segment["p_vaddr"], segment["p_memsz"], writable, executable))
        if segment["p_paddr"] != segment["p_vaddr"] and segment["p_filesz"]:
            found.append(Extent(segment["p_paddr"], segment["p_filesz"], False))
    return found


def map_memory(extents: Iterable[Extent]) -> Memory:
    """Map whole pages around extents, RAM, system space, a stack and a page to return to.

    Raises UsageError for an extent beyond 32-bit addresses.
    """
    needed = [*extents, Extent(*RAM), Extent(*SYSTEM)]
    rights: dict[int, tuple[bool, bool]] = {}
    for extent in needed:
        if extent.address + extent.size_bytes > 1 << 32:
            raise UsageError(f"{extent.size_bytes:,} bytes at {extent.address:#010x} end beyond 32-bit addresses")
        for page in extent.pages():
            writable, executable = rights.get(page, (False, False))
            rights[page] = (writable or extent.writable, executable or extent.executable)
    low = _free(rights, _RAM_END, STACK_BYTES)
    stop = _free(rights, _CODE_END, PAGE)
    own = (Region("stack", low, STACK_BYTES), Region("return", stop, PAGE, writable=False))
    return Memory((*_regions(rights), *own), (low, low + STACK_BYTES), stop)


def _free(taken: Iterable[int], end: int, size_bytes: int) -> int:
    """Highest address below `end` for a region between unmapped pages."""
    used = set(taken)
    for start in range(end - _STEP, 0, -_STEP):
        pages = range(start // PAGE - 1, (start + size_bytes) // PAGE + 1)
        if used.isdisjoint(pages):
            return start
    raise UsageError(f"the program leaves no room for {size_bytes >> 10} KiB below {end:#010x}")


def _regions(rights: dict[int, tuple[bool, bool]]) -> list[Region]:
    """Neighbouring pages of equal rights as regions."""
    found: list[Region] = []
    for page in sorted(rights):
        writable, executable = rights[page]
        last = found[-1] if found else None
        if last and last.address + last.size_bytes == page * PAGE and (last.writable, last.executable) == rights[page]:
            size = last.size_bytes + PAGE
            found[-1] = Region(last.name, last.address, size, writable, executable)
        else:
            found.append(Region(_name(page * PAGE, writable), page * PAGE, PAGE, writable, executable))
    return found


def _name(address: int, writable: bool) -> str:
    if address >= SYSTEM[0]:
        return "system control space"
    return "RAM" if writable else "read-only memory"
