"""Assembles loops and traces them with a plain Python hook: an oracle independent of bnnsim's own emulation."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn import arm_const as uc

from bnnsim.build.image import Image, load_image
from bnnsim.emulate.plan import RAM_WINDOW
from bnnsim.emulate.trace import DIVIDE_CLASSES, Trace
from bnnsim.isa import Isa
from bnnsim.timing.core import Core
from bnnsim.timing.price import decode_program, make_costs, price, program_ends

CODE, RAM, RAM_BYTES = 0x0800_0000, 0x2000_0000, 1 << 20
BASE = Isa("base", ())
REGISTERS = [*(uc.UC_ARM_REG_R0 + i for i in range(13)), uc.UC_ARM_REG_SP, uc.UC_ARM_REG_LR]
NOP_W = b"\xaf\xf3\x00\x80"


@dataclass(frozen=True)
class Loop:
    """A loop body that ends in a branch to the label `loop`; r0 counts iterations down, other registers by name."""

    name: str
    asm: str
    cycles: float
    aligned: bool = True
    registers: Mapping[str, int] = field(default_factory=dict)


def assemble(text: str, folder: Path, isa: Isa = BASE) -> Image:
    """Assemble and link Thumb assembly at CODE."""
    source, module, elf = folder / "loops.s", folder / "loops.o", folder / "loops.elf"
    source.write_text(f".syntax unified\n.thumb\n.fpu fpv4-sp-d16\n.text\n{text}\n")
    target = ("-target", "thumbv7em-none-eabi", "-mcpu=cortex-m4")
    zig = (sys.executable, "-m", "ziglang")
    subprocess.run([*zig, "clang", *target, "-c", source, "-o", module], check=True)
    subprocess.run([*zig, "ld.lld", "--omagic", f"-Ttext={CODE:#x}", "-e", str(CODE), module, "-o", elf], check=True)
    return load_image(elf.read_bytes(), isa)


def assemble_loops(loops: list[Loop], folder: Path, isa: Isa = BASE) -> Image:
    """Put loop n between the symbols loop<n> and end<n>."""
    parts = []
    for n, loop in enumerate(loops):
        body = re.sub(r"\bloop\b", f"loop{n}", loop.asm)
        offset = "" if loop.aligned else "nop\n"
        parts.append(f".balign 8\n{offset}.thumb_func\nloop{n}:\n{body}\nend{n}: nop\n")
    return assemble("\n".join(parts), folder, isa)


def trace(image: Image, start: str, end: str, registers: Mapping[str, int]) -> Trace:
    """Run from one symbol to another and count edges, failed conditions and divides; custom words run as nops."""
    engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
    engine.ctl_set_cpu_model(uc.UC_CPU_ARM_CORTEX_M4)
    engine.mem_map(CODE, 1 << 20)
    for address in (RAM, RAM + RAM_WINDOW):  # programs written here, and those that the build links
        engine.mem_map(address, RAM_BYTES)
    for segment in image.segments:
        engine.mem_write(segment.address, segment.data)
    engine.mem_write(RAM, struct.pack("<I", RAM + 0x8000))
    for address in image.sites:
        engine.mem_write(address, NOP_W)
    for name, value in registers.items():
        engine.reg_write(getattr(uc, f"UC_ARM_REG_{name.upper()}"), value)
    edges: Counter[tuple[tuple[int, int] | None, tuple[int, int]]] = Counter()
    executed: Counter[int] = Counter()
    divides: dict[int, np.ndarray] = {}
    last: list[tuple[int, int] | None] = [None]

    def on_block(_, address, size, __):
        edges[last[0], (address, size)] += 1
        last[0] = (address, size)

    def on_conditional(_, address, __, ___):
        executed[address] += 1

    def on_divide(_, address, __, operands):
        signed, *registers = operands
        n, m = (engine.reg_read(r) for r in registers)
        if signed:
            n, m = (abs(v - (1 << 32) if v >> 31 else v) for v in (n, m))
        divide_class = 0 if n < m or m == 0 else 1 + n.bit_length() - m.bit_length()
        divides[address][divide_class] += 1

    engine.hook_add(UC_HOOK_BLOCK, on_block)
    conditional = _in_it_blocks(image)
    for address in conditional:
        engine.hook_add(UC_HOOK_CODE, on_conditional, None, address, address)
    for address, _, word in image.words():
        if word & 0xFFD0F0F0 == 0xFB90F0F0:
            divides[address] = np.zeros(DIVIDE_CLASSES, np.int64)
            operands = (not word & 0x200000, REGISTERS[word >> 16 & 15], REGISTERS[word & 15])
            engine.hook_add(UC_HOOK_CODE, on_divide, operands, address, address)
    engine.emu_start(image.symbol(start) | 1, image.symbol(end))
    assert engine.reg_read(uc.UC_ARM_REG_PC) == image.symbol(end)
    return _as_trace(edges, conditional, executed, divides)


def _in_it_blocks(image: Image) -> list[int]:
    found, left = [], 0
    for address, size, word in image.words():
        if left:
            found.append(address)
            left -= 1
        if size == 2 and word & 0xFF00 == 0xBF00 and word & 15:
            left = 4 - ((word & 15) & -(word & 15)).bit_length() + 1
    return found


def _as_trace(edges, conditional, executed, divides) -> Trace:
    blocks = sorted({block for edge in edges for block in edge if block})
    entries = {
        address: sum(n for (_, (start, size)), n in edges.items() if start <= address < start + size)
        for address in conditional
    }
    skipped = [entries[a] - executed[a] for a in conditional]
    return Trace(
        scopes=("all",),
        blocks=np.array(blocks, np.int64),
        edges=np.array([(blocks.index(p) if p else -1, blocks.index(b)) for p, b in edges], np.int64),
        counts=np.array([list(edges.values())], np.int64),
        skipped_at=np.array(conditional, np.int64),
        skipped=np.array([skipped], np.int64).reshape(1, -1),
        divides_at=np.array(list(divides), np.int64),
        divides=np.array([list(divides.values())], np.int64).reshape(1, -1, DIVIDE_CLASSES),
        misaligned_at=np.zeros(0, np.int64),
        misaligned=np.zeros((1, 0, 2), np.int64),
        outputs={},
        peak_stack_bytes=0,
    )


def straight_line(texts: list[str], folder: Path, isa: Isa = BASE) -> Image:
    """Put each sequence of instructions between the symbols code<n> and end<n>, at a multiple of 16."""
    parts = [f".balign 16\n.thumb_func\ncode{n}:\n{text}\nend{n}: nop\n" for n, text in enumerate(texts)]
    return assemble("\n".join(parts), folder, isa)


def issue_ends(image: Image, number: int, core: Core, **custom_costs: int) -> list[float]:
    """Cycle at which each instruction of `straight_line` ends when it runs once; branches in it are not followed."""
    start, end = image.symbol(f"code{number}") & ~1, image.symbol(f"end{number}")
    empty = np.zeros(0, np.int64)
    run = Trace(
        ("all",), np.array([[start, end - start]]), np.array([[-1, 0]]), np.ones((1, 1), np.int64),
        empty, empty.reshape(1, 0), empty, empty.reshape(1, 0, DIVIDE_CLASSES), empty, empty.reshape(1, 0, 2), {}, 0,
    )  # fmt: skip
    program = decode_program(run, image, core)
    return list(program_ends(program, make_costs(program, core, custom_costs)))


def cycles_per_iteration(image: Image, number: int, loop: Loop, core: Core, **custom_costs: int) -> float:
    """Cycles of one more iteration in steady state, from runs of two lengths."""
    short, long = 20, 40
    found = []
    for iterations in (short, long):
        registers = {"r0": iterations, "r1": 5, "r2": RAM, "r3": 3, "r4": RAM + 0x8000, "r5": 8, "r6": 6}
        registers |= {"sp": RAM + RAM_BYTES, "lr": 0, **loop.registers}
        if re.search(r"cmp r7,\s*r2", loop.asm):
            registers |= {"r1": RAM + 0x4000, "r7": RAM + 4 * iterations}
        program = decode_program(trace(image, f"loop{number}", f"end{number}", registers), image, core)
        found.append(int(price(program, core, custom_costs).cycles[0]))
    return (found[1] - found[0]) / (long - short)
