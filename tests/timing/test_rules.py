"""One small loop per rule, with cycles derived by hand.

A loop costs 1 (refill of its taken branch), the costs and stalls of its body, and 2 for `subs` and `bne`,
unless the fetch queue runs empty. Registers: r1 = 5, r3 = 3, r5 = 8, r6 = 6; r2 and r4 point to RAM.
"""

import pytest

from bnnsim.timing.core import load_core
from tests.timing.bench import Loop, assemble_loops, cycles_per_iteration

TAIL = "\nsubs r0,#1\nbne loop"


def loop(name, body, cycles, aligned=True, **registers):
    return Loop(name, body + TAIL, cycles, aligned, registers)


LOOPS = [
    # costs
    loop("bit field", "ubfx r1,r5,#3,#4", 1 + 1 + 2),
    loop("dsp", "usada8 r1,r5,r6,r1\nuxtb16 r1,r5", 1 + 2 + 2),
    loop("multiply", "mul r1,r5,r6", 1 + 1 + 2),
    loop("multiply and accumulate", "mls r1,r5,r6,r1", 1 + 1 + 2),
    loop("multiply long", "smlal r1,r3,r5,r6", 1 + 1 + 2),
    loop("divide, quotient 0", "udiv r1,r3,r5", 1 + 2 + 2),
    loop("divide by 0", "udiv r1,r3,r5", 1 + 2 + 2, r5=0),
    loop("divide, equal bits", "udiv r1,r6,r5", 1 + 3 + 2, r5=4),
    loop("divide, equal bits, quotient 0", "udiv r1,r6,r5", 1 + 2 + 2, r5=7),
    loop("divide, 1 bit more", "udiv r1,r5,r6", 1 + 4 + 2, r6=4),
    loop("divide, 5 bits more", "udiv r1,r5,r6", 1 + 5 + 2, r5=0x80, r6=4),
    loop("divide, 6 bits more", "udiv r1,r5,r6", 1 + 5 + 2, r5=0x100, r6=4),
    loop("divide, 31 bits more", "udiv r1,r5,r6", 1 + 11 + 2, r5=0x80000000, r6=1),
    loop("signed divide", "sdiv r1,r5,r6", 1 + 4 + 2, r5=0xFFFFFFF8, r6=2),
    loop("condition failed divide", "cmp r5,r6\nit eq\nudiveq r1,r5,r6", 1 + 1 + 1 + 2),
    loop("store, register offset", "strb r3,[r2,r5]", 1 + 2 + 2),
    loop("load, register offset", "ldrh r3,[r2,r5]", 1 + 2 + 2),
    loop("load multiple", "ldmdb r4,{r5,r6,r7}", 1 + 4 + 2),
    loop("table branch", "tbb [pc,r5]\n.byte 1,0", 1 + 2 + 1 + 2, r5=0),
    loop("not taken", "cbz r5,1f\nnop\n1:", 1 + 1 + 1 + 2),
    loop("taken to the next word", "cbnz r5,1f\nnop\n1:", 1 + 1 + 1 + 2),
    loop("taken to a wide instruction off alignment", "b 1f\nnop\nnop\n1: add.w r1,r1,r2", 1 + 1 + 2 + 1 + 2),
    loop("always taken, even to the next instruction", "b.w 1f\n1:", 1 + 1 + 1 + 2),
    loop("call and return", "bl 1f\nb 2f\nnop\n1: bx lr\n2:", 1 + (1 + 1) + (1 + 1) + (1 + 1) + 2),
    loop("call, push and pop", "bl 1f\nb 2f\nnop\n1: push {r4,lr}\npop {r4,pc}\n2:",
         1 + (1 + 1) + 3 + 1 + (3 + 1) + (1 + 1) + 2),
    loop("load to pc", "ldr.w pc,2f\n2: .word 1f+1\n1:", 1 + (2 + 1) + 2),
    loop("move to pc", "mov pc,r5\n1:", 1 + (1 + 1) + 2),  # r5: the next instruction, set below
    loop("barrier", "dmb", 1 + 1 + 2),
    # floating point
    loop("vfp add", "vadd.f32 s0,s1,s2", 1 + 1 + 2),
    loop("vfp fused", "vfma.f32 s0,s1,s2", 1 + 3 + 2),
    loop("vfp divide", "vdiv.f32 s0,s1,s2", 1 + 14 + 2),
    loop("vfp square root", "vsqrt.f32 s0,s1", 1 + 14 + 2),
    loop("vfp load double", "vldr d1,[r2]", 1 + 3 + 2),
    loop("vfp store", "vstr s0,[r2]", 1 + 2 + 2),
    loop("vfp load multiple", "vldmia r2,{s0-s3}", 1 + 5 + 2),
    loop("vfp one core register", "vmov r1,s0", 1 + 1 + 2),
    loop("vfp two core registers", "vmov r1,r3,s0,s1", 1 + 2 + 2),
    loop("vfp result used at once", "vmul.f32 s0,s1,s2\nvadd.f32 s3,s3,s0", 1 + 1 + 1 + 1 + 2),
    loop("vfp result used a cycle later", "vmul.f32 s0,s1,s2\nmov.w r1,r5\nvadd.f32 s3,s3,s0", 1 + 1 + 1 + 1 + 2),
    loop("vfp result as an addend", "vmul.f32 s0,s1,s2\nvmla.f32 s0,s3,s4", 1 + 1 + 3 + 2),
    loop("vfp result as a factor", "vmul.f32 s0,s1,s2\nvmla.f32 s3,s0,s4", 1 + 1 + 1 + 3 + 2),
    loop("vfp result stored", "vadd.f32 s0,s1,s2\nvstr s0,[r2]", 1 + 1 + 1 + 2 + 2),
    loop("vfp register moved, then used", "vmov.f32 s0,s1\nvadd.f32 s2,s2,s0", 1 + 1 + 1 + 2),
    # encoding and address
    loop("wide store off alignment", "str.w r8,[r2]", 1 + 1 + 1 + 1 + 2, aligned=False),
    loop("ALU result as address", "adds r2,#0\nldr r1,[r2]", 1 + 1 + 2 + 2),
    # pairs
    loop("no saving after load double", "ldrd r5,r6,[r2]\nldr r1,[r2]", 1 + 3 + 2 + 2),
    loop("no saving for load double", "ldr r1,[r2]\nnop\nldrd r5,r6,[r2]", 1 + 2 + 1 + 3 + 2),
    loop("no saving across ALU", "ldr r1,[r2]\nadds r1,#1\nldr r3,[r2]", 1 + 2 + 1 + 2 + 2),
    loop("index is the loaded value", "ldr r5,[r4]\nldr r1,[r2,r5]", 1 + 2 + 2 + 2),
    loop("store double after store", "nop\nstr r3,[r2]\nstrd r5,r6,[r2]", 1 + 1 + 1 + 1 + 3 + 2),
    loop("vfp load after store", "nop\nstr r3,[r2]\nvldr s0,[r2]", 1 + 1 + 1 + 1 + 2 + 2),
    loop("store, ALU, load", "str r3,[r2]\nadds r1,#1\nldr r3,[r2]", 1 + 1 + 1 + 2 + 2),
    loop("load after store double", "strd r5,r6,[r2]\nldr r1,[r2]", 1 + 3 + 1 + 2 + 2),
    loop("store after store multiple", "stm r2!,{r5,r6}\nstr r3,[r4]", 1 + 3 + 1 + 1 + 2),
    loop("store by the base written back", "str r3,[r2,#4]!\nstr r1,[r2]", 1 + 1 + 1 + 1 + 2),
    loop("load by the base that a store wrote back", "str r3,[r2,#4]!\nldr r1,[r2]", 1 + 1 + 2 + 2 + 2),
    loop("store by the base that a load wrote back", "ldr r3,[r2,#4]!\nstr r1,[r2]", 1 + 2 + 1 + 1 + 2),
    loop("other base", "ldr r3,[r2,#4]!\nstr r1,[r4]", 1 + 2 + 1 + 2),
    # IT
    loop("condition failed load", "cmp r5,r6\nit eq\nldreq r1,[r2]", 1 + 1 + 0 + 1 + 2),
    loop("condition held load", "cmp r5,r5\nit eq\nldreq r1,[r2]", 1 + 1 + 0 + 2 + 2),
    loop("condition failed store", "cmp r5,r6\nit eq\nstreq r1,[r2,r5]", 1 + 1 + 0 + 1 + 2),
]  # fmt: skip


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return assemble_loops(LOOPS, tmp_path_factory.mktemp("rules"))


@pytest.mark.parametrize("number", range(len(LOOPS)), ids=[loop.name for loop in LOOPS])
def test_rule(image, number):
    tried = LOOPS[number]
    if tried.name == "move to pc":
        tried = loop(tried.name, "", tried.cycles, r5=image.symbol(f"loop{number}") + 2 | 1)
    assert cycles_per_iteration(image, number, tried, load_core("cortex-m4")) == tried.cycles


M3 = [
    ("multiply", 1 + 1 + 2),
    ("multiply and accumulate", 1 + 2 + 2),
    ("multiply long", 1 + 4 + 2),
    ("store, register offset", 1 + 2 + 2),
]


@pytest.mark.parametrize(("name", "cycles"), M3)
def test_cortex_m3(image, name, cycles):
    number = next(n for n, tried in enumerate(LOOPS) if tried.name == name)
    assert cycles_per_iteration(image, number, LOOPS[number], load_core("cortex-m3")) == cycles
