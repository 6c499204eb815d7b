"""Plans: where things lie in memory when a whole network runs, or one kernel alone."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from bnnsim.build.image import Image
from bnnsim.build.program import ARENA, BEGIN, END, Program, call_mark, return_mark
from bnnsim.emulate.plan import OVERHEAD, PAGE, Plan, Region, Slice
from bnnsim.model.lowering import LoweredLayer, layer_struct_fields

_RESET = "Reset_Handler"
_POISON = 0xC3  # what memory holds before a kernel writes it
_CANARY = 0x5A  # what the rest of a buffer's pages holds
_BUFFERS_AT = 0xB030_0000  # far from everything else, see RAM_WINDOW


def network_plan(program: Program, regions: tuple[Region, ...], input_bytes: bytes) -> Plan:
    """Run a network once from reset; a scope per layer, the rest is overhead, startup code is not counted."""
    image = program.image
    arena = image.symbol(ARENA)
    names = [name for name, _, _ in program.outputs]
    overhead = len(names)
    slices = [Slice(-1, image.symbol(BEGIN))]
    for number, (name, offset, size) in enumerate(program.outputs):
        slices.append(Slice(overhead, image.symbol(call_mark(number))))
        slices.append(Slice(number, image.symbol(return_mark(number)), (name, arena + offset, size)))
    slices.append(Slice(overhead, image.symbol(END)))
    writes = (
        (arena, bytes([_POISON]) * program.arena_bytes),
        (arena + program.input[0], input_bytes),
    )
    start = image.symbol(_RESET)
    return Plan((*names, OVERHEAD), regions, start, tuple(slices), _stack(image), _initial(image), writes)


def kernel_plan(
    image: Image, layer: LoweredLayer, regions: tuple[Region, ...], inputs: tuple[bytes, ...], flush: str = "end"
) -> Plan:
    """Run one kernel alone, with every buffer in pages of its own between unmapped ones.

    inputs: what each input tensor holds. flush: "end" or "start", the side on which each buffer touches the
    unmapped page.
    """
    read_only = {f"input {number}": data for number, data in enumerate(inputs)} | dict(layer.constants)
    buffers = {"output": bytes([_POISON]) * layer.output_bytes}
    buffers["scratch"] = bytes([_POISON]) * layer.scratch_bytes
    buffers |= read_only
    writes, extra, canaries, pointers = [], [], [], {}
    at = _BUFFERS_AT
    for name, data in buffers.items():
        if not data:
            continue
        size = -(-len(data) // PAGE) * PAGE
        # A start that is not a multiple of four would misalign words: leave up to three bytes of slack.
        pointers[name] = at + (size - len(data)) // 4 * 4 if flush == "end" else at
        writes.append((pointers[name], data))
        for start, end in ((at, pointers[name]), (pointers[name] + len(data), at + size)):
            if start < end:
                canaries.append((name, start, bytes([_CANARY]) * (end - start)))
        extra.append(Region(name, at, size, writable=name not in read_only))
        at += size + PAGE
    pointers["input"] = pointers["input 0"]
    table = b"".join(struct.pack("<I", pointers[f"input {number}"]) for number in range(len(inputs)))
    words = _struct_words(layer, pointers | {"inputs": at + 4 * len(layer_struct_fields())})
    extra.append(Region("layer struct", at, PAGE))
    writes.append((at, words + table))
    begin, end = image.symbol(layer.kernel.function), image.symbol(END)
    saved = {number: 0x5AFE_0000 + number for number in range(4, 12)}
    registers = _initial(image) | saved | {0: at, 14: end | 1}
    output = (layer.name, pointers["output"], layer.output_bytes)
    slices = (Slice(0, end, output),)
    return Plan(
        (layer.name, OVERHEAD),
        (*regions, *extra),
        begin,
        slices,
        _stack(image),
        registers,
        tuple(writes),
        canaries=tuple(canaries),
        preserved=tuple((_initial(image) | saved).items()),
    )


def function_plan(image: Image, function: str, regions: tuple[Region, ...], arguments: tuple[int, ...] = ()) -> Plan:
    """Call one function with up to four register arguments."""
    end = image.symbol(END)
    registers = _initial(image) | dict(enumerate(arguments)) | {14: end | 1}
    return Plan((function, OVERHEAD), regions, image.symbol(function), (Slice(0, end),), _stack(image), registers)


def _struct_words(layer: LoweredLayer, pointers: Mapping[str, int]) -> bytes:
    values = [layer.fields.get(f, pointers.get(f, 0)) for f in layer_struct_fields()]
    return b"".join(struct.pack("<I", value & 0xFFFFFFFF) for value in values)


def _stack(image: Image) -> tuple[int, int]:
    return image.symbols["__stack_bottom"], image.symbols["__stack_top"]


def _initial(image: Image) -> dict[int, int]:
    return {13: image.symbols["__stack_top"]}
