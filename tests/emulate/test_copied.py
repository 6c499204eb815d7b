"""Code in RAM beside code in flash, code that a program copies there, and what is refused: data and changed code."""

import re
from dataclasses import replace

import numpy as np
import pytest

from bnnsim.elf.program import Request, load_program, make_plan
from bnnsim.emulate.copied import with_copies
from bnnsim.emulate.run import emulate
from bnnsim.emulate.trace import Trace
from bnnsim.errors import EmulationFault
from bnnsim.isa import load_isa
from tests.cli.elf_programs import build
from tests.emulate.test_counts import issued_by_stepping, issued_by_trace

BUFFER = 0x2010_0000  # in RAM pages of their own, not executable from the start
PROGRAMS = f"""
    .text
    .type flags, %function
flags:                          @ an IT block in which the flags change, and a literal
    movs r1, #0
1:  cmp r0, #5
    itte hi
    subhi r1, r1, #1
    cmphi r0, #9
    addls r1, r1, #2
    ldr r2, =0x12345678
    itt mi
    addmi r1, r2
    eormi r1, r0
    subs r0, #1
    bne 1b
    mov r0, r1
    bx lr
literals:
    .ltorg
flags_end:
    .size flags, . - flags

    .type copy, %function
copy:                           @ r0: from, with Thumb bit; r1: to; r2: bytes
    bic r0, #1
1:  ldr r3, [r0], #4
    str r3, [r1], #4
    subs r2, #4
    bgt 1b
    bx lr
    .size copy, . - copy

    .type calls_ram, %function
calls_ram:                      @ through the linker's veneer, n times and back into flash
    push {{r4, lr}}
    mov r4, r0
1:  mov r0, r4
    bl in_ram
    subs r4, #1
    bne 1b
    pop {{r4, pc}}
    .size calls_ram, . - calls_ram

    .type calls_copy, %function
calls_copy:
    push {{r4, r5, r6, lr}}
    mov r4, r0
    ldr r5, ={BUFFER:#x}
    ldr r0, =flags
    mov r1, r5
    ldr r2, =flags_end - flags
    bl copy
    orr r6, r5, #1
1:  mov r0, r4
    blx r6
    subs r4, #1
    bne 1b
    pop {{r4, r5, r6, pc}}
    .size calls_copy, . - calls_copy

    .type patch, %function
patch:                          @ r0: address; r1: new halfword; returns the old one
    ldrh r2, [r0]
    strh r1, [r0]
    mov r0, r2
    bx lr
    .size patch, . - patch

    .type patches_copy, %function
patches_copy:                   @ run the copy, then change its first instruction, run it and put it back
    push {{r4, lr}}
    movs r0, #3
    bl calls_copy
    ldr r0, ={BUFFER:#x}
    movw r1, #0x2107            @ movs r1, #7
    bl patch
    mov r4, r0
    movs r0, #3
    ldr r1, ={BUFFER + 1:#x}
    blx r1
    ldr r0, ={BUFFER:#x}
    mov r1, r4
    bl patch
    pop {{r4, pc}}
    .size patches_copy, . - patches_copy

    .type patches_ram, %function
patches_ram:                    @ the same with a function that the ELF file places in RAM
    push {{r4, lr}}
    movs r0, #3
    bl in_ram
    ldr r0, =in_ram - 1
    movw r1, #0x2107
    bl patch
    mov r4, r0
    movs r0, #3
    bl in_ram
    ldr r0, =in_ram - 1
    mov r1, r4
    bl patch
    pop {{r4, pc}}
    .size patches_ram, . - patches_ram

    .type generates, %function
generates:                      @ at r0: movs r0, #0x5a; bx lr: no code of the program
    ldr r1, =0x4770205a
    str r1, [r0]
    adds r0, #1
    bx r0
    .size generates, . - generates

    .type calls_data, %function
calls_data:
    ldr r0, =words + 1
    bx r0
    .size calls_data, . - calls_data
    .ltorg

    .section .text.words, "ax", %progbits
    .balign 4
words:
    .word 0x4770205a

    .section .ram_code, "awx", %progbits
    .type in_ram, %function
in_ram:
    movs r1, #0
1:  cmp r0, #5
    ite hi
    subhi r1, r1, #1
    addls r1, r1, #2
    subs r0, #1
    bne 1b
    mov r0, r1
    bx lr
    .size in_ram, . - in_ram
    .balign 4
"""


CUSTOM = """
    .text
    .type copies_itself, %function
copies_itself:                  @ as startup code does: the custom instruction is in flash, too
    push {{r4, lr}}
    ldr r0, =data_load
    ldr r1, =data_start
    ldr r2, =data_end
1:  ldr r3, [r0], #4
    str r3, [r1], #4
    cmp r1, r2
    blo 1b
    movs r0, #7
    bl counts
    cmp r0, #3
    beq 2f
    udf #0
2:  pop {{r4, pc}}
    .size copies_itself, . - copies_itself
    .ltorg
    .section .ram_code, "awx", %progbits
    .type counts, %function
counts:
    .inst.w {word:#x}
    bx lr
    .size counts, . - counts
    .balign 4
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build(tmp_path_factory.mktemp("copied"), extra=PROGRAMS)


@pytest.fixture
def run(program):
    def run(function, *arguments):
        request = Request(call=function, arguments=tuple(map(str, arguments)))
        image, plan = make_plan(load_program(program, load_isa("base")), request)
        return image, plan, emulate(image, plan, "cortex-m4")

    return run


def executable(plan):
    """The plan with execution allowed everywhere, for a bare run."""
    return replace(plan, regions=tuple(replace(r, executable=True) for r in plan.regions))


def test_function_in_ram_called_from_flash(run):
    image, plan, trace = run("calls_ram", 12)
    assert issued_by_trace(image, trace) == issued_by_stepping(image, plan)
    # in_ram runs for 12, 11, … 1: its loop has 5 + 3 instructions of which "hi" and "ls" each skip one
    first = image.symbol("in_ram")
    entries = {at: n for at, n in zip(trace.skipped_at.tolist(), trace.skipped[0].tolist(), strict=True)}
    above = sum(max(n - 5, 0) for n in range(1, 13))
    assert entries == {first + 6: sum(range(1, 13)) - above, first + 8: above}
    assert not len(trace.copied_at)


def test_function_copied_to_ram(run):
    image, plan, trace = run("calls_copy", 12)
    known = with_copies(image, trace)
    assert issued_by_trace(known, trace) == issued_by_stepping(known, executable(plan))
    assert issued_by_trace(image, trace) < issued_by_trace(known, trace)
    flags, size_bytes = image.symbol("flags"), image.symbol("literals") - image.symbol("flags")
    assert trace.copied_at.tolist() == [[BUFFER, size_bytes]]  # what ran, not the literals
    assert known.read(BUFFER, size_bytes) == image.read(flags, size_bytes)
    assert [f.name for f in known.functions if f.address == BUFFER] == ["flags (copy)"]


def test_copied_it_blocks_skip_as_the_original_does(run):
    image, _, copied = run("calls_copy", 1)
    _, _, original = run("flags", 1)
    assert original.skipped_at.tolist() == [at - BUFFER + image.symbol("flags") for at in copied.skipped_at.tolist()]
    assert np.array_equal(original.skipped, copied.skipped)
    assert original.skipped.any()


def test_copied_code_survives_serialization(run):
    image, _, trace = run("calls_copy", 2)
    assert with_copies(image, Trace.from_bytes(trace.to_bytes())) == with_copies(image, trace)


@pytest.mark.parametrize("function", ["patches_copy", "patches_ram"])
def test_code_changed_between_two_executions_is_refused(run, function):
    with pytest.raises(EmulationFault, match="the program changed its own code") as caught:
        run(function)
    before, after = "movs r1, #0", "movs r1, #7"
    assert re.search(rf"0x20[0-9a-f]{{6}}.*{before}.*it is now .*{after}", str(caught.value))


@pytest.mark.parametrize(("where", "words"), [(hex(BUFFER), "jump to a bad address"), ("zeros", "unknown code at")])
def test_generated_code_is_refused(run, where, words):
    with pytest.raises(EmulationFault, match=rf"{words} 0x20[0-9a-f]+.*(\n.*)*movs r0, #0x5a"):
        run("generates", where)


def test_branch_into_data_is_refused(run):
    with pytest.raises(EmulationFault, match=r"branch into data at 0x000[0-9a-f]+.*movs r0, #0x5a"):
        run("calls_data")


def test_custom_instruction_in_ram_survives_the_copy_at_startup(tmp_path):
    isa = load_isa("popcnt")
    elf = build(tmp_path, extra=CUSTOM.format(word=isa.instructions[0].encoding.value))  # r0, r0
    image, plan = make_plan(load_program(elf, isa), Request(call="copies_itself"))
    assert emulate(image, plan, "cortex-m4").counts.sum() > 0  # wrong results end in UDF
