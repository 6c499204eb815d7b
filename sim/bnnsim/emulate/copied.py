"""Code in writable memory: copies that a program makes of its own code, and code that it changes.

The ELF file does not mark a copy as code. What ran there is known after the counting pass; it is taken for code if the
same bytes are marked code elsewhere. The detail pass compares code in writable memory each time the emulator translates
it, so what was counted is what was executed, or the run is refused.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from bnnsim.build.image import Function, Image, Segment
from bnnsim.emulate.faults import place
from bnnsim.emulate.machine import first_difference
from bnnsim.emulate.plan import Plan
from bnnsim.emulate.sites import NOP_W
from bnnsim.emulate.trace import Trace
from bnnsim.errors import EmulationFault

Range = tuple[int, int]
Read = Callable[[int, int], bytes]


def with_copies(image: Image, trace: Trace) -> Image:
    """The image together with the copied code that a trace of it executed: what pricing has to read."""
    ends = np.cumsum(trace.copied_at[:, 1])
    parts = np.split(trace.copied, ends[:-1]) if len(ends) else []
    return add_copies(image, {int(a): p.tobytes() for a, p in zip(trace.copied_at[:, 0], parts, strict=True)})


def add_copies(image: Image, copies: Mapping[int, bytes]) -> Image:
    """The image with more code, bytes by address; a copied function keeps its name."""
    if not copies:
        return image
    ranges = sorted([*image.code_ranges, *((address, address + len(code)) for address, code in copies.items())])
    segments = (*(Segment(address, code) for address, code in copies.items()), *image.segments)
    functions = {f.address: f for f in image.functions}
    for address, code in copies.items():
        origin = _origin(image, code)
        original = None if origin is None else image.function_at(origin)
        if original is not None and address not in functions:
            functions[address] = Function(f"{original.name} (copy)", address, len(code))
    ordered = tuple(functions[address] for address in sorted(functions))
    return replace(image, segments=segments, code_ranges=tuple(ranges), functions=ordered)


def find_copies(image: Image, plan: Plan, blocks: Iterable[int], read: Read) -> dict[int, bytes]:
    """Code outside the marked ranges that ran, bytes by address. blocks: executed ones, size << 32 | address.

    read: memory at the end of the run. Raises EmulationFault for a block whose bytes are no copy of marked code.
    """
    marked = _joined(image.code_ranges)
    outside = [(low, high) for low, high in _extents(blocks) if not _within(marked, low, high)]
    for low, high in outside:
        code = read(low, high - low)
        if not _writable(plan, low, high) or any(low < end and start < high for start, end in marked):
            raise EmulationFault(
                f"branch into data at {_place(image, low, code)}: it was executed, but the ELF file marks no code there"
            )
        if _origin(image, code) is None:
            raise EmulationFault(
                f"unknown code at {_place(image, low, code)}: it was executed, but is neither marked as code in the "
                "ELF file nor a copy of code (data, or code that the program changed or generated, cannot be timed)"
            )
    return {low: read(low, high - low) for low, high in _joined(outside)}


def check_unchanged(image: Image, plan: Plan, blocks: Iterable[int], read: Read) -> None:
    """Raise EmulationFault for an executed block of marked code that is not as it was loaded.

    blocks: size << 32 | address; read: memory at the end of the run.
    """
    marked = _joined(image.code_ranges)
    for low, high in _extents(blocks):
        if not _writable(plan, low, high) or not _within(marked, low, high):
            continue
        expected, now = as_loaded(image, low, high - low), read(low, high - low)
        if now != expected:
            raise EmulationFault(changed(image, *first_difference(low, expected, now)))


def code_in_writable_memory(image: Image, plan: Plan) -> list[Range]:
    """Marked code that the program could change."""
    return [(low, high) for low, high in image.code_ranges if _writable(plan, low, high)]


def as_loaded(image: Image, address: int, size_bytes: int) -> bytes:
    """Code as it lies in emulated memory: a nop in the place of each custom instruction."""
    code = bytearray(image.read(address, size_bytes))
    for site in range(address - 2, address + size_bytes, 2) if image.sites else ():
        if site in image.sites:
            for at in range(max(site, address), min(site + 4, address + size_bytes)):
                code[at - address] = NOP_W[at - site]
    return bytes(code)


def changed(image: Image, address: int, before: bytes, now: bytes) -> str:
    """The message for code that the program changed."""
    where = _place(image, address, before)
    return f"{where}: the program changed its own code, which cannot be timed; it is now {text_of(address, now)}"


def _origin(image: Image, code: bytes) -> int | None:
    """Where marked code has the same bytes."""
    for low, high in _joined(image.code_ranges):
        data, at = image.read(low, high - low), -1
        while (at := data.find(code, at + 1)) >= 0:
            if not at & 1:
                return low + at
    return None


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """Ranges sorted, with those that touch or overlap made one."""
    found: list[Range] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def _extents(blocks: Iterable[int]) -> list[Range]:
    return sorted({(b & 0xFFFFFFFF, (b & 0xFFFFFFFF) + (b >> 32)) for b in blocks})


def _within(ranges: list[Range], low: int, high: int) -> bool:
    at = bisect.bisect_right(ranges, (low, 1 << 32)) - 1
    return at >= 0 and high <= ranges[at][1]


def _writable(plan: Plan, low: int, high: int) -> bool:
    return any(r.writable and r.address <= low and high <= r.address + r.size_bytes for r in plan.regions)


def _place(image: Image, address: int, code: bytes) -> str:
    return f"{place(image, address)} ({text_of(address, code)})"


def text_of(address: int, code: bytes) -> str:
    """Bytes and disassembly of the instruction with which some code begins."""
    from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs

    instruction = next(Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS).disasm(code, address, 1), None)
    if instruction is None:
        return f"{code.hex()}, no instruction"
    return f"{instruction.bytes.hex()}  {instruction.mnemonic} {instruction.op_str}".rstrip()
