"""Programs of custom instructions on random operands, what they must leave behind, and what the emulator leaves.

A program loads r0 to r11, lr and d0 to d15 for each use of an instruction, executes its word, plainly or in an IT
block whose condition holds or not, and stores all of them again.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import function_plan
from bnnsim.emulate.run import emulate
from bnnsim.isa import Instruction, Isa
from bnnsim.isa.encoding import Form
from bnnsim.isa.instruction import MEMORY, STATE
from tests.conftest import FLASH, RAM
from tests.isa.words import random_operands

CORE = (*range(12), 14)  # r12 is the program's own pointer
NUMBERS = {"core": CORE, "pair": range(0, 11, 2), "double": range(16), "base": CORE}
IN, OUT, BUFFERS = RAM + 0x100000, RAM + 0x180000, RAM + 0x200000
BUFFER_BYTES, MARGIN_BYTES = 256, 64
BLOCK = struct.Struct(f"<16Q{len(CORE)}I")
EDGES = (0, 1, 0x7F, 0x80, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
PLAIN, TAKEN, SKIPPED = "", "cmp r0, r0\n    it eq", "cmp r0, r0\n    it ne"


@dataclass
class Use:
    """One executed word: registers before, the buffer that its address is in, and the same as they must be after."""

    instruction: Instruction
    word: int
    how: str
    core: dict[int, int]
    doubles: list[int]
    buffer: bytearray
    core_after: dict[int, int]
    doubles_after: list[int]
    buffer_after: bytearray


def conditional(form: Form) -> bool:
    """Whether it may be in an IT block: CDE's accumulate forms and coprocessor instructions (DDI 0553)."""
    return form.owner == "coprocessor" or (form.owner == "CDE" and form.name.endswith("A"))


def random_word(draw: random.Random) -> int:
    return draw.choice(EDGES) if draw.random() < 0.3 else draw.getrandbits(32)


def random_uses(isa: Isa, count: int, seed: int) -> list[Use]:
    """Uses of all instructions of an ISA in random order; the units' state goes from one to the next, from zero."""
    draw = random.Random(seed)
    states = {e.name: np.zeros(e.state_words, np.uint32) for e in isa.extensions}
    uses: list[Use] = []
    items = [(e.name, i) for e in isa.extensions for i in e.instructions]
    while len(uses) < count:
        name, instruction = items[len(uses)] if len(uses) < len(items) else draw.choice(items)
        how = draw.choice((PLAIN, TAKEN, SKIPPED)) if conditional(instruction.encoding.form) else PLAIN
        state = states[name].copy()
        use = _use(instruction, how, len(uses), state, draw)
        try:
            _expect(use, state)
        except ValueError:  # operands that the semantics refuse: the program would end there
            continue
        states[name] = state
        uses.append(use)
    return uses


def _use(instruction: Instruction, how: str, number: int, state: np.ndarray, draw: random.Random) -> Use:
    registers, imm, step_bytes = random_operands(instruction.encoding, draw, NUMBERS)
    core = {n: random_word(draw) for n in CORE}
    doubles = [random_word(draw) << 32 | random_word(draw) for _ in range(16)]
    for f in instruction.encoding.form.fields:
        if f.kind == "base":
            core[registers[f.name]] = BUFFERS + number * BUFFER_BYTES + MARGIN_BYTES + 4 * draw.randrange(16)
    buffer = bytearray(draw.randbytes(BUFFER_BYTES))
    word = instruction.encoding.word(registers, imm, step_bytes)
    return Use(instruction, word, how, core, doubles, buffer, dict(core), list(doubles), bytearray(buffer))


def _expect(use: Use, state: np.ndarray) -> None:
    """Fill in what is after by the semantics in Python, which change the state."""
    if use.how == SKIPPED:
        return
    instruction, encoding = use.instruction, use.instruction.encoding
    registers = encoding.registers_of(use.word)
    values: dict[str, Any] = {"imm": encoding.immediate_of(use.word), STATE: state}
    at = 0
    for f in encoding.form.fields:
        number = registers[f.name]
        if f.kind == "base":
            at = use.core[number] - BUFFERS & BUFFER_BYTES - 1
            use.core_after[number] += encoding.step_of(use.word)
        elif f.kind == "double":
            values |= {f.name: use.doubles[number] & 0xFFFFFFFF, f"{f.name}_hi": use.doubles[number] >> 32}
        elif f.kind == "pair":
            values |= {f.name: use.core[number], f"{f.name}_hi": use.core.get(number + 1, 0)}
        else:
            values[f.name] = use.core[number]
    moved = instruction.memory_bytes
    values[MEMORY] = np.frombuffer(bytes(use.buffer[at : at + moved]), np.uint32).copy()
    if instruction.stores_bytes:
        values[MEMORY][:] = 0
    found = instruction.evaluate(*(values[name] for name in instruction.parameters))
    if instruction.stores_bytes:
        mask = -1 if found is None else found
        for byte, value in enumerate(values[MEMORY].tobytes()):
            if mask >> byte & 1:
                use.buffer_after[at + byte] = value
        return
    results = found if isinstance(found, tuple) else () if found is None else (found,)
    for f in (f for f in encoding.form.fields if f.written and f.kind != "base"):
        number = registers[f.name]
        halves, results = results[: len(f.halves)], results[len(f.halves) :]
        if f.kind == "double":
            use.doubles_after[number] = halves[0] | halves[1] << 32
        else:
            use.core_after |= {number + at: half for at, half in enumerate(halves)}


def program_of(uses: list[Use]) -> str:
    """The program's assembly; the function is `test`."""
    lines = [".syntax unified", ".thumb", ".fpu fpv4-sp-d16", ".global test", ".type test, %function", ".thumb_func"]
    lines += ["test:", "    push {r4-r11, lr}"]
    for number, use in enumerate(uses):
        lines += _pointer(IN + number * BLOCK.size)
        lines += ["    vldmia r12!, {d0-d15}", "    ldm r12, {r0-r11, lr}"]
        lines += [f"    {use.how}"] if use.how else []
        lines += [f"    .inst.w {use.word:#x}"]
        lines += _pointer(OUT + number * BLOCK.size)
        lines += ["    vstmia r12!, {d0-d15}", "    stm r12, {r0-r11, lr}"]
    return "\n".join([*lines, "    pop {r4-r11, pc}", "    .size test, . - test"]) + "\n"


def _pointer(address: int) -> list[str]:
    return [f"    movw r12, #{address & 0xFFFF}", f"    movt r12, #{address >> 16}"]


def run(uses: list[Use], isa: Isa, regions, folder, compiler: str = "clang"):
    """Emulate the program; returns the image, the trace and the texts of all differences."""
    source = folder / "uses.s"
    source.write_text(program_of(uses))
    builder = Builder(load_toolchain(compiler, "cortex-m4"), isa, Cache(), FLASH, RAM)
    image = builder.build_function(source, "test")
    plan = function_plan(image, "test", regions)
    given = b"".join(BLOCK.pack(*use.doubles, *(use.core[n] for n in CORE)) for use in uses)
    buffers = b"".join(bytes(use.buffer) for use in uses)
    (part,) = plan.slices
    end = BUFFERS + len(buffers)
    slices = (replace(part, output=("all", OUT, end - OUT)),)
    plan = replace(plan, writes=((IN, given), (BUFFERS, buffers)), slices=slices)
    trace = emulate(image, plan, "cortex-m4")
    left = trace.outputs["all"]
    return image, trace, [text for number, use in enumerate(uses) for text in _differences(use, number, left)]


def _differences(use: Use, number: int, left: bytes) -> list[str]:
    words = BLOCK.unpack_from(left, number * BLOCK.size)
    doubles, core = words[:16], dict(zip(CORE, words[16:], strict=True))
    shown = f"{use.how or 'plain'} {use.instruction.text(use.word)}"
    after = use.core_after
    wrong = [f"{shown}: r{n} = {core[n]:#x}, expected {after[n]:#x}" for n in CORE if core[n] != after[n]]
    wrong += [
        f"{shown}: d{n} = {found:#x}, expected {wanted:#x}"
        for n, (found, wanted) in enumerate(zip(doubles, use.doubles_after, strict=True))
        if found != wanted
    ]
    at = BUFFERS - OUT + number * BUFFER_BYTES
    if left[at : at + BUFFER_BYTES] != bytes(use.buffer_after):
        byte = next(i for i in range(BUFFER_BYTES) if left[at + i] != use.buffer_after[i])
        wrong.append(f"{shown}: byte {byte} of memory is {left[at + byte]:#x}, expected {use.buffer_after[byte]:#x}")
    return wrong
