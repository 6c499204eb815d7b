"""Programs without symbols: which bytes are code, and where functions begin, is learnt from one run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bnnsim.build.image import Function, Image
from bnnsim.elf.ending import executed_edges
from bnnsim.emulate.plan import Plan
from bnnsim.timing.decode import decode_instruction, size_bytes

Block = tuple[int, int]  # address, end


def with_executed_code(image: Image, plan: Plan, cpu: str) -> Image:
    """The image with the blocks that run as its code, and what they call as its functions, named by their address."""
    pairs = [(_block(previous), _block(block)) for previous, block in executed_edges(image, plan, cpu)]
    ran = {block for _, block in pairs if _known(image, block)}
    called = {block[0] for previous, block in pairs if previous in ran and _calls(image, *previous)} | {plan.start}
    entries = sorted(address for address in called if any(low <= address < high for low, high in ran))
    ends = [max(end for low, end in ran if low < following) for following in [*entries[1:], 1 << 32]]
    functions = tuple(Function(f"{at:#010x}", at, end - at) for at, end in zip(entries, ends, strict=True) if end > at)
    return replace(image, code_ranges=_joined(ran), functions=functions)


def _block(number: int) -> Block:
    address = number & 0xFFFF_FFFF
    return address, address + (number >> 32)


def _known(image: Image, block: Block) -> bool:
    return any(low <= block[0] and block[1] <= high for low, high in image.code_ranges)


def _calls(image: Image, address: int, end: int) -> bool:
    """Whether a block ends with a call."""
    code = b""
    while address < end:
        code = image.read(address, size_bytes(int.from_bytes(image.read(address, 2), "little")))
        address += len(code) or end
    last = decode_instruction(code)
    return last is not None and last.mnemonic in ("bl", "blx")


def _joined(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Blocks that touch or overlap as one range."""
    found: list[Block] = []
    for low, high in sorted(blocks):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)
