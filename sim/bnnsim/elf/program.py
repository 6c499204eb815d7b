"""An ELF file as a program to time: loaded, its names looked up, and a plan of what to run of it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bnnsim.build.image import Image, load_image
from bnnsim.elf.header import arm_state_ranges, check_header
from bnnsim.elf.memory import Extent, Memory, map_memory, segment_extents
from bnnsim.emulate.plan import OVERHEAD, Plan, Slice
from bnnsim.errors import BuildError, UsageError, nearest
from bnnsim.isa import Isa

HEAP_BYTES = 1 << 20
# Lies where a called function returns to, so that a run which should have ended before it does end there: BKPT 0.
RETURNED = b"\x00\xbe"
_REGISTER_ARGUMENTS = 4  # AAPCS: r0 to r3, the rest on the stack


@dataclass(frozen=True)
class Request:
    """What to run: a call with arguments or, without `call`, from reset; counted between two symbols.

    arguments: numbers or symbols; memory: (bytes, address or symbol) put into memory beforehand.
    """

    call: str | None = None
    arguments: tuple[str, ...] = ()
    memory: tuple[tuple[bytes, str], ...] = ()
    start: str | None = None
    end: str | None = None
    limit_instructions: int = 1_000_000_000


def load_program(path: Path, isa: Isa) -> Image:
    """Read a bare-metal ELF file. Raises UsageError if there is none, BuildError if it is none for Cortex-M."""
    from elftools.common.exceptions import ELFError

    try:
        elf = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read program {str(path)!r}: {error.strerror}") from error
    try:
        check_header(elf)
        image = load_image(elf, isa, run_addresses=True)
    except (BuildError, ELFError, UnicodeDecodeError) as error:
        raise BuildError(f"{path}: {error}") from error
    if not image.segments:
        raise BuildError(f"{path}: nothing to load (an object file? link it first)")
    if not image.symbols and isa.extensions:
        raise BuildError(
            f"{path} has no symbols (stripped?), so code and data, custom instructions and constants look "
            "alike; only the base ISA can be timed in it"
        )
    return image


def make_plan(image: Image, request: Request) -> tuple[Image, Plan]:
    """Lay out memory and decide start and end.

    Raises UsageError for unknown names, for addresses that hold no code and for a run without an end.
    """
    writes = [(data, value_of(image, where, "--memory")) for data, where in request.memory]
    _check_writes(image, writes)
    extents = [*segment_extents(image.elf), *(Extent(address, max(len(data), 1)) for data, address in writes)]
    extents += [Extent(low, top - low) for low, top in [_reset_stack(image)] if low < top]
    extents += _heap(image)
    memory = map_memory(extents)
    start, registers, stack, pushed = _entry(image, request, memory)
    begin = code_address(image, request.start, "--from") if request.start else start
    end = code_address(image, request.end, "--to") if request.end else memory.stop
    if begin == end:
        raise UsageError("--from and --to are the same address; nothing lies between them")
    slices = ((Slice(-1, begin),) if begin != start else ()) + (Slice(0, end),)
    name = request.call or "reset"
    data = (*((address, content) for content, address in writes), *pushed)
    limit = request.limit_instructions
    plan = Plan((name, OVERHEAD), memory.regions, start, slices, stack, registers, data, limit)
    return image, plan


def _heap(image: Image) -> list[Extent]:
    """Room for newlib's heap, which begins at the symbol "end" behind a writable segment and has no segment itself."""
    end = image.symbols.get("end", 0)
    data = (e for e in segment_extents(image.elf) if e.writable and not e.executable)
    return [Extent(end, HEAP_BYTES)] if any(e.address < end <= e.address + e.size_bytes + 8 for e in data) else []


def _entry(
    image: Image, request: Request, memory: Memory
) -> tuple[int, dict[int, int], tuple[int, int], tuple[tuple[int, bytes], ...]]:
    """Start address, initial registers, stack, and what lies on it and where the call returns to."""
    if request.call is None:
        if request.arguments:
            raise UsageError("--args needs --call: a run from reset takes no arguments")
        low, top = _reset_stack(image)
        start, stack = _reset_address(image), (low, top) if low < top else memory.stack
        return start, {13: stack[1], 14: 0xFFFF_FFFF}, stack, ()
    start = code_address(image, request.call, "--call")
    values = [value_of(image, text, "--args") for text in request.arguments]
    on_stack = values[_REGISTER_ARGUMENTS:]
    sp = memory.stack[1] - (4 * len(on_stack) + 7) // 8 * 8
    pushed = ((sp, struct.pack(f"<{len(on_stack)}I", *on_stack)),) if on_stack else ()
    pushed = (*pushed, (memory.stop, RETURNED))
    registers = dict(enumerate(values[:_REGISTER_ARGUMENTS])) | {13: sp, 14: memory.stop | 1}
    return start, registers, memory.stack, pushed


def _check_writes(image: Image, writes: Iterable[tuple[bytes, int]]) -> None:
    for data, address in writes:
        for low, high in image.code_ranges:
            if address < high and low < address + len(data):
                raise UsageError(f"--memory: {len(data):,} bytes at {address:#010x} would overwrite the program's code")


def value_of(image: Image, text: str, flag: str) -> int:
    """A number, or the value of a symbol, as 32 bits."""
    try:
        value = int(text, 0)
    except ValueError:
        if text not in image.symbols:
            hint = nearest(text, image.symbols)
            raise UsageError(f"{flag}: found {text!r}, neither a number nor a symbol of the program{hint}") from None
        value = image.symbols[text]
    if not -(1 << 31) <= value < 1 << 32:
        raise UsageError(f"{flag}: found {text}; expected a 32-bit number")
    return value & 0xFFFF_FFFF


def code_address(image: Image, text: str, flag: str) -> int:
    """Address of a symbol, or one given as a number, that lies in code; without the Thumb bit."""
    if text not in image.symbols and not text[:1].isdigit():
        named = [f.name for f in image.functions]
        hint = nearest(text, named) or nearest(text, image.symbols)
        known = f"; it has {', '.join(named[:5])}{', …' if len(named) > 5 else ''}" if named and not hint else hint
        raise UsageError(f"{flag}: the program has no symbol {text!r}{known}")
    address = value_of(image, text, flag) & ~1
    if not _in_code(image, address):
        if any(low <= address < high for low, high in arm_state_ranges(image.elf)):
            raise UsageError(f"{flag}: {text} is A32 (Arm state) code at {address:#010x}; Cortex-M runs Thumb only")
        raise UsageError(f"{flag}: {text} is {address:#010x}, where the program has no Thumb code")
    return address


def _in_code(image: Image, address: int) -> bool:
    return any(low <= address < high for low, high in image.code_ranges)


def _elf_entry(image: Image) -> int:
    return struct.unpack_from("<I", image.elf, 24)[0] & ~1  # e_entry


def _vector_table(image: Image) -> tuple[int, int] | None:
    """Initial stack pointer and reset address, if a segment begins with a vector table.

    The lowest segment may hold ELF headers; a later one counts only if its reset address is the ELF's entry point.
    """
    for number, segment in enumerate(sorted(image.segments, key=lambda s: s.address)):
        if len(segment.data) < 8:
            continue
        sp, reset = struct.unpack_from("<II", segment.data)
        plausible = sp and not sp & 3 and reset & 1 and _in_code(image, reset - 1)
        if plausible and (number == 0 or reset - 1 == _elf_entry(image)):
            return sp, reset - 1
    return None


def _reset_address(image: Image) -> int:
    if (table := _vector_table(image)) is not None:
        return table[1]
    entry = _elf_entry(image)
    even = not image.symbols and not struct.unpack_from("<I", image.elf, 24)[0] & 1
    if any(low <= entry < high for low, high in arm_state_ranges(image.elf)) or (even and _in_code(image, entry)):
        found = f"the entry point {entry:#010x} is A32 (Arm state) code"
        raise UsageError(f"{found}; Cortex-M runs Thumb only. If a function is Thumb code, name it with --call")
    if not _in_code(image, entry):
        raise UsageError("the program has neither a vector table nor an entry point; use --call FUNCTION")
    return entry


def _reset_stack(image: Image) -> tuple[int, int]:
    """Unused memory below the vector table's stack pointer, at most 64 KiB; (0, 0) without a vector table."""
    table = _vector_table(image)
    if table is None:
        return 0, 0
    top = table[0]
    extents = segment_extents(image.elf)
    below = [e.address + e.size_bytes for e in extents if e.address + e.size_bytes < top]
    below += [e.address for e in extents if e.address < top <= e.address + e.size_bytes]
    below += [s.address + len(s.data) for s in image.segments if s.address + len(s.data) <= top]
    return max([top - (64 << 10), *below, 0]), top
