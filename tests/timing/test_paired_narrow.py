"""The Cortex-M33's rules one by one; cycles derived by hand."""

import pytest

from bnnsim.timing.core import load_core
from tests.timing.bench import Loop, assemble_loops, cycles_per_iteration, issue_ends, straight_line

USE, FACTOR, ADDED, STORED = "eor.w r6,r1,r3", "mul r6,r1,r3", "mla r6,r3,r5,r1", "str.w r1,[r2]"

# The end of the last instruction when the first begins at 0: costs, and waits for results.
SEQUENCES = [
    ("eor.w r1,r3,r5\n" + USE, 2),
    ("add.w r1,r3,r5\nldr.w r6,[r2,r1]", 2),
    ("ldr.w r1,[r4]\n" + USE, 3),
    ("ldr.w r1,[r1]\n" + USE, 3),
    ("ldr.w r1,[r4]\nldr.w r6,[r2,r1]", 3),
    ("ldrb.w r1,[r4]\n" + FACTOR, 3),
    ("ldr.w r1,[r4]\n" + ADDED, 2),
    ("ldr.w r1,[r4]\n" + STORED, 2),
    ("ldr.w r1,[r4]\nstr.w r3,[r1]", 3),
    ("ldr r6,[r1],#4\neor.w r7,r1,r3", 2),
    ("mul r1,r3,r5\n" + USE, 3),
    ("mla r1,r3,r5,r6\n" + ADDED, 2),
    ("mla r1,r3,r5,r6\n" + FACTOR, 3),
    ("smlal r1,r6,r3,r5\nsmlal r1,r6,r3,r5", 2),
    ("mul r1,r3,r5\n" + STORED, 2),
    ("add.w r1,r3,r5,lsl #2\n" + USE, 3),
    ("add.w r1,r3,r5,lsl #2\n" + ADDED, 2),
    ("add.w r1,r3,#0x1000\n" + USE, 3),
    ("lsl.w r1,r3,#2\n" + USE, 2),
    ("uxtb.w r1,r3\n" + USE, 2),
    ("ubfx r1,r3,#1,#2\n" + USE, 2),
    ("rev.w r1,r3\n" + USE, 2),
    ("sadd8 r1,r3,r5\n" + USE, 3),
    ("sadd8 r1,r3,r5\n" + ADDED, 3),
    ("sadd8 r1,r3,r5\n" + STORED, 2),
    ("pkhbt r1,r3,r5\n" + USE, 3),
    ("pkhbt r1,r3,r5\n" + ADDED, 2),
    ("uxtab r1,r3,r5\n" + USE, 3),
    ("usada8 r1,r3,r5,r6\n" + USE, 3),
    ("ldm r4,{r1,r3}\neor.w r6,r1,r5", 3),
    ("ldm r4,{r1,r3}\neor.w r6,r3,r5", 4),
    ("pop {r1,r3}\neor.w r6,r3,r5", 3),
    ("ldrd r1,r3,[r4]\neor.w r6,r3,r5", 4),
    ("strd r1,r3,[r4]\neor.w r6,r3,r5", 3),
    ("push {r1,r3,r5}\neor.w r6,r3,r5", 4),
    ("cmp r3,r5\nadc.w r6,r3,r5", 2),
    # flag setters
    ("add.w r1,r3,#0x1000", 1),
    ("adds.w r1,r3,#0x1000", 2),
    ("adds.w r1,r3,#0x00ff00ff", 1),
    ("muls r3,r5,r3", 2),
    ("mul r3,r5,r3", 1),
    ("cmp.w r3,#0x1000", 2),
    # riding along
    ("movs r1,#1\nnop", 1),
    ("eor.w r1,r3,r5\nnop", 2),
    ("nop\nmovs r1,#1", 1),
    ("nop\nmovs r1,#1\nmovs r3,#1", 2),
    ("movs r1,#1\nnop\nnop", 2),
    ("movs r1,#1\nmovs r3,#1", 2),
    ("nop\npop {r1,r3}", 2),
    ("cmp r3,r5\nit eq\nmoveq r1,r3", 2),
    ("eor.w r1,r3,r5\nit eq\nmoveq r1,r3", 3),
]  # fmt: skip


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return straight_line([text for text, _ in SEQUENCES], tmp_path_factory.mktemp("narrow"))


@pytest.mark.parametrize("number", range(len(SEQUENCES)), ids=[text.replace("\n", " | ") for text, _ in SEQUENCES])
def test_sequence(image, number):
    assert issue_ends(image, number, load_core("cortex-m33"))[-1] == SEQUENCES[number][1]


def loop(name, body, cycles, aligned=True, **registers):
    return Loop(name, body + "\nsubs r0,#1\nbne loop", cycles, aligned, registers)


TAIL = 1 + 0 + 2  # subs; bne rides along, taken after the flags are set

LOOPS = [
    loop("branch that rides along, no flags set", "mov r1,r3\nb 1f\nnop\n1:", 1 + 0 + 1 + TAIL),
    loop("branch that rides along, flags set", "movs r1,#1\nb 1f\nnop\n1:", 1 + 0 + 2 + TAIL),
    loop("taken compare and branch rides along", "mov r1,r3\ncbnz r5,1f\nnop\n1:", 1 + 0 + 1 + TAIL),
    loop("branch that does not", "eor.w r1,r3,r5\nb 1f\nnop\n1:", 1 + 1 + 1 + TAIL),
    loop("wide branch", "b.w 1f\nnop\n1:", 1 + 1 + TAIL),
    loop("not taken, rides along", "movs r1,#1\ncbz r5,1f\nnop\n1: nop", 1 + 0 + 1 + 0 + TAIL),
    loop("not taken, does not", "eor.w r1,r3,r5\ncbz r5,1f\neor.w r1,r3,r5\n1:", 1 + 1 + 1 + TAIL),
    loop("call and return", "bl 1f\nb.w 2f\nnop\n1: bx lr\nnop\n2:", (1 + 1) + (1 + 1) + (1 + 1) + TAIL),
    loop("pop to pc", "bl 1f\nb.w 2f\nnop\n1: push {r4,lr}\npop {r4,pc}\nnop\n2:",
         (1 + 1) + (1 + 1) + 2 + (2 + 2) + TAIL),
    loop("table branch", "tbb [pc,r5]\n.byte 1,0", 1 + 1 + TAIL, r5=0),
    loop("a wide instruction does not ride along", "nop\nsubs.w r1,r1,#0", 1 + 1 + TAIL),
    loop("condition failed load multiple", "cmp r5,r6\nit eq\nldmeq r2,{r1,r3,r7}", 1 + 0 + 1 + TAIL),
    loop("divide of equal bits", "udiv r1,r6,r5", 4 + TAIL, r5=4),
]  # fmt: skip


@pytest.fixture(scope="module")
def loops(tmp_path_factory):
    return assemble_loops(LOOPS, tmp_path_factory.mktemp("loops"))


@pytest.mark.parametrize("number", range(len(LOOPS)), ids=[tried.name for tried in LOOPS])
def test_loop(loops, number):
    assert cycles_per_iteration(loops, number, LOOPS[number], load_core("cortex-m33")) == LOOPS[number].cycles
