"""The Cortex-M7's rules one by one, on sequences of two or three instructions; cycles derived by hand.

The first instruction issues in slot 0 of cycle 0. `later` is the issue cycle of the last one: the ready time of
the producer's result for this kind of consumer, or where the pair may issue together 0, else 1.
"""

import numpy as np
import pytest

from bnnsim.isa import CX2, Extension, Isa, Source, u32
from bnnsim.timing.core import load_core
from tests.timing.bench import Loop, assemble_loops, cycles_per_iteration, issue_ends, straight_line

ALU, SHIFT_ALU, EARLY = "eor.w r1,r3,r5", "add.w r1,r3,r5,lsl #2", "add.w r1,r3,r5"
LOAD, BYTE, MULTIPLY = "ldr.w r1,[r4]", "ldrb.w r1,[r4]", "mul r1,r3,r5"
USE, ADDRESS, SHIFTED, BESIDE = "eor.w r6,r1,r3", "ldr.w r6,[r2,r1]", "add.w r6,r3,r1,lsl #2", "add.w r6,r1,r3,lsl #2"
FACTOR, ADDED, STORED = "mul r6,r1,r3", "mla r6,r3,r5,r1", "str.w r1,[r2]"

RESULTS = [
    # producer, consumer, later
    (ALU, USE, 1),
    (ALU, ADDRESS, 2),
    (ALU, SHIFTED, 2),
    (ALU, BESIDE, 1),
    (ALU, "cmp.w r3,r1,lsl #1", 2),
    (ALU, "ubfx r6,r1,#3,#4", 2),
    (ALU, "rev.w r6,r1", 2),
    (ALU, "bfi r6,r1,#0,#4", 2),
    (ALU, "bfi r1,r6,#0,#4", 1),
    (ALU, "uxtab r6,r3,r1", 2),
    (ALU, "uxtab r6,r1,r3", 1),
    (ALU, "pkhbt r6,r3,r1", 2),
    (ALU, "pkhbt r6,r1,r3", 1),
    (ALU, "pkhtb r6,r1,r3,asr #4", 2),
    (ALU, "ssat r6,#4,r1", 2),
    (ALU, "uxtb.w r6,r1", 1),
    (ALU, "sadd8 r6,r1,r3", 1),
    (ALU, FACTOR, 1),
    (ALU, ADDED, 0),
    (ALU, "smlad r6,r3,r5,r1", 0),
    (ALU, "smlal r1,r6,r3,r5", 0),
    (ALU, STORED, 0),
    (ALU, "str.w r3,[r1]", 2),
    (ALU, "strd r1,r3,[r2]", 1),  # its data are there at once, but it issues alone
    (ALU, "movt r1,#3", 1),
    (SHIFT_ALU, USE, 1),
    (SHIFT_ALU, ADDRESS, 2),
    (EARLY, USE, 0),
    (EARLY, ADDRESS, 1),
    (EARLY, SHIFTED, 1),
    (EARLY, FACTOR, 0),
    ("movs r1,#3", USE, 0),
    ("movw r1,#300", USE, 0),
    ("mov.w r1,#0x1000", USE, 1),  # a shifted constant
    ("add.w r1,r3,#0x1000", USE, 1),
    ("addw r1,r3,#0x123", USE, 0),
    ("add.w r1,r3,#0x00ff00ff", USE, 0),
    ("lsl.w r1,r3,#2", USE, 0),
    ("lsr.w r1,r3,r5", ADDRESS, 1),
    ("rev.w r1,r3", USE, 0),
    ("rbit r1,r3", ADDRESS, 2),
    ("uxtb.w r1,r3", USE, 1),
    ("ubfx r1,r3,#2,#3", ADDRESS, 2),
    (LOAD, USE, 1),
    (LOAD, ADDRESS, 2),
    (LOAD, SHIFTED, 2),
    (LOAD, BESIDE, 2),
    (LOAD, FACTOR, 2),
    (LOAD, ADDED, 0),
    (LOAD, STORED, 0),
    ("ldr.w r1,[r1]", USE, 1),  # its own base
    ("ldr.w r1,[r1]", ADDRESS, 2),
    (BYTE, USE, 2),
    (BYTE, ADDRESS, 3),
    (BYTE, BESIDE, 2),
    (BYTE, FACTOR, 2),
    ("ldrh.w r1,[r4]", USE, 2),
    ("ldr r6,[r1],#4", "eor.w r7,r1,r3", 1),
    ("ldr r6,[r1],#4", "str.w r3,[r1]", 1),
    ("str r6,[r1,#4]!", "ldr.w r7,[r1,#16]", 1),
    ("ldrd r1,r3,[r4]", "eor.w r6,r1,r3", 1),
    ("ldrd r1,r3,[r4]", "ldr.w r6,[r2,r3]", 2),
    ("ldm r4,{r1,r3,r5,r6}", "eor.w r7,r3,r3", 2),
    ("ldm r4,{r1,r3,r5,r6}", "ldr.w r7,[r2,r1]", 2),
    ("ldm r4,{r1,r3,r5,r6}", "ldr.w r7,[r2,r5]", 3),
    ("ldm r4,{r1,r3,r5,r6}", "ldr.w r7,[r2,r6]", 3),
    ("pop {r1,r3,r5}", "eor.w r7,r3,r3", 2),
    (MULTIPLY, USE, 2),
    (MULTIPLY, ADDRESS, 3),
    (MULTIPLY, FACTOR, 2),
    (MULTIPLY, ADDED, 1),
    (MULTIPLY, STORED, 1),
    ("smlad r1,r3,r5,r1", USE, 2),
    ("smlal r1,r6,r3,r5", "smlal r1,r6,r3,r5", 1),
    ("usad8 r1,r3,r5", USE, 2),
    ("ssat r1,#4,r3", USE, 2),
    ("qadd r1,r3,r5", ADDRESS, 3),
    ("sadd8 r1,r3,r5", USE, 1),
    ("cmp r3,r5", "adc.w r6,r3,r5", 1),
    ("adds r1,r3,r5", "sbc.w r6,r3,r5", 1),
    ("cmp r3,r5", ".short 0xbf08", 1),  # it eq
    ("muls r3,r5,r3", "adc.w r6,r5,r5", 2),
    ("eor.w r6,r3,r5", "adc.w r7,r3,r5", 0),  # no flags
    ("vadd.f32 s0,s1,s2", "vadd.f32 s3,s0,s1", 3),
    ("vmul.f32 s0,s1,s2", "vmov r1,s0", 3),
    ("vfma.f32 s0,s1,s2", "vadd.f32 s3,s0,s1", 5),
    ("vmla.f32 s0,s1,s2", "vadd.f32 s3,s0,s1", 6),
    ("vmla.f32 s0,s1,s2", "vmla.f32 s0,s1,s2", 4),
    ("vldr s0,[r4]", "vadd.f32 s3,s0,s1", 1),
    ("vdiv.f32 s0,s1,s2", "vadd.f32 s3,s0,s1", 16),
]  # fmt: skip

PAIRS = [
    # the younger depends on nothing
    ("eor.w r1,r3,r5", "eor.w r6,r3,r5", 0),
    ("eor.w r1,r3,r5", "uxtb.w r6,r3", 1),
    ("uxtb.w r1,r3", "eor.w r6,r3,r5", 0),
    ("uxtb.w r1,r3", "ubfx r6,r3,#1,#2", 1),
    ("eor.w r1,r3,r5", "bfi r6,r3,#0,#4", 1),
    ("eor.w r1,r3,r5", "usada8 r6,r3,r5,r7", 1),
    ("eor.w r1,r3,r5,lsl #1", "eor.w r6,r3,r5,lsl #1", 1),
    ("eor.w r1,r3,#0x1000", "eor.w r6,r3,r5,lsl #1", 1),
    ("eor.w r1,r3,#0x1000", "eor.w r6,r3,#0x2000", 1),
    ("eor.w r1,r3,#0x00ff00ff", "eor.w r6,r3,r5,lsl #1", 0),
    ("lsl.w r1,r3,#2", "eor.w r6,r3,r5,lsl #1", 1),
    ("eor.w r1,r3,r5,lsl #1", "lsl.w r6,r3,#2", 0),
    ("ubfx r1,r3,#1,#2", "eor.w r6,r3,r5,lsl #1", 1),
    ("rev.w r1,r3", "eor.w r6,r3,#0x1000", 1),
    ("uxtab r1,r3,r5", "eor.w r6,r3,r5,lsl #1", 1),
    ("uxtb.w r1,r3", "eor.w r6,r3,r5,lsl #1", 0),
    ("mul r1,r3,r5", "mul r6,r3,r5", 1),
    ("mla r1,r3,r5,r7", "umull r6,r0,r3,r5", 1),
    ("mul r1,r3,r5", "eor.w r6,r3,r5", 0),
    ("mul r1,r3,r5", "ldr.w r6,[r4]", 0),
    ("mla r1,r3,r5,r7", "str.w r3,[r4]", 1),
    ("str.w r3,[r4]", "mla r1,r3,r5,r7", 1),
    ("str.w r3,[r4]", "str.w r5,[r2]", 1),
    ("str.w r3,[r4]", "strb.w r5,[r2]", 1),
    ("str.w r3,[r4]", "ldr.w r1,[r2]", 0),
    ("ldr.w r1,[r4]", "ldr.w r6,[r4,#4]", 0),
    ("ldr.w r1,[r4]", "ldr.w r6,[r4,#8]", 1),
    ("ldrb.w r1,[r4,#1]", "ldrb.w r6,[r4,#2]", 1),
    ("ldr.w r1,[r4]", "ldr.w r6,[r2]", 1),  # unknown: refused the first time
    ("eor.w r1,r3,r5", "ldrd r6,r7,[r4]", 1),
    ("eor.w r1,r3,r5", "push {r6,r7}", 1),
    ("ldrd r6,r7,[r4]", "eor.w r1,r3,r5", 1),
    ("push {r6,r7}", "eor.w r1,r3,r5", 1),
    ("push {r1,r5,r6,r7}", "eor.w r1,r3,r5", 2),
    ("push {r1,r3,r5,r6,r7}", "eor.w r1,r3,r5", 3),
    ("eor.w r1,r3,r5", ".short 0xb106", 0),  # cbz r6
    ("eor.w r1,r3,r5", "nop", 0),
    ("vadd.f32 s0,s1,s2", "vmul.f32 s3,s1,s2", 1),
    ("vadd.f32 s0,s1,s2", "vldr s3,[r4]", 0),
    ("vmla.f32 s0,s1,s2", "vldr s3,[r4]", 1),
    ("vldr s3,[r4]", "vmla.f32 s0,s1,s2", 1),
]

SEQUENCES = [
    # the early ALU: slot, shifter and operands; the third instruction needs the second's result early
    ("add.w r6,r3,r5\neor.w r1,r3,r5\nldr.w r7,[r4,r6]", 1),
    ("eor.w r1,r3,r5\nadd.w r6,r3,r5\nldr.w r7,[r4,r6]", 2),
    ("eor.w r1,r3,r5\nlsl.w r6,r3,#1\nldr.w r7,[r4,r6]", 1),
    ("eor.w r1,r3,r5,lsl #1\nlsl.w r6,r3,#1\nldr.w r7,[r4,r6]", 2),
    ("ubfx r1,r3,#1,#2\nlsl.w r6,r3,#1\nldr.w r7,[r4,r6]", 2),
    ("eor.w r1,r3,r5\nadd.w r6,r1,r5\nldr.w r7,[r4,r6]", 3),  # r1 is there late only
    ("cmp r3,r5\nrrx r6,r3\neor.w r7,r6,r3", 2),  # reads the flags: never early
    ("ldr.w r1,[r4]\nldr.w r6,[r2]\nldr.w r7,[r4]", 1),  # unknown banks: refused, then allowed
    # store to load
    ("str.w r3,[r4]\nldr.w r6,[r4,#4]", 4),
    ("str.w r3,[r4]\nldr.w r6,[r4,#8]", 0),
    ("str.w r3,[r4,#4]\nldr.w r6,[r4]", 4),
    ("strb.w r3,[r4]\nldrb.w r6,[r4]", 4),
    ("str.w r3,[r4]\nldr.w r6,[r2]", 0),
    ("str.w r3,[r4]\nadd.w r4,r4,#0\nldr.w r6,[r4]", 2),  # another value, as far as the model knows
    ("push {r3,r5}\nldr.w r6,[sp]", 4),
    ("push {r3,r5}\nldr.w r6,[sp,#8]", 1),  # above what was pushed
    ("push {r3,r5}\npop {r6,r7}", 4),
    ("str.w r3,[r4]\nldm r4,{r6,r7}", 4),
]  # fmt: skip

TEXTS = [*(f"{a}\n{b}" for a, b, _ in (*RESULTS, *PAIRS)), *(text for text, _ in SEQUENCES)]
EXPECTED = [*(later for _, _, later in (*RESULTS, *PAIRS)), *(later for _, later in SEQUENCES)]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return straight_line(TEXTS, tmp_path_factory.mktemp("dual"))


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=[text.replace("\n", " | ") for text in TEXTS])
def test_issue_cycle(image, number):
    core = load_core("cortex-m7")
    ends = issue_ends(image, number, core)
    last = TEXTS[number].rpartition("\n")[2]
    longer = 1 if "{r6,r7}" in last or "rd " in last else 0.5
    # an instruction ends half a cycle after its slot began; one that issues alone takes both slots
    assert np.floor(ends[-1] - longer) == EXPECTED[number]


def loop(name, body, cycles, aligned=True, **registers):
    return Loop(name, body + "\nsubs r0,#1\nbne loop", cycles, aligned, registers)


LOOPS = [
    loop("taken to the next chunk", "b 1f\n.balign 8\n1: nop", 2),
    loop("a call pairs on both sides", "bl 1f\nb 2f\n.balign 8\n1: bx lr\n.balign 8\n2: nop", 4),
    loop("condition failed: full time", "cmp r5,r6\nit eq\nldmeq r2,{r1,r3,r7,r8}", 1 + 1 + 2 + 1),
    loop("divide of equal bits", "udiv r1,r6,r5", 1 + 3 + 1, r5=4),
    loop("divide, quotient 0", "udiv r1,r3,r5", 1 + 2 + 1),
    loop("barrier", "dmb", 7),
    loop("table branch waits for its index", "ldrb.w r5,[r4]\ntbb [pc,r5]\n.byte 1,0", 3 + 2 + 1),
]  # fmt: skip


@pytest.fixture(scope="module")
def loops(tmp_path_factory):
    return assemble_loops(LOOPS, tmp_path_factory.mktemp("loops"))


@pytest.mark.parametrize("number", range(len(LOOPS)), ids=[tried.name for tried in LOOPS])
def test_loop(loops, number):
    assert cycles_per_iteration(loops, number, LOOPS[number], load_core("cortex-m7")) == LOOPS[number].cycles


popcnt = Extension("popcnt", "Population count of one register.")


@popcnt.instruction(CX2(op=0), latency=1, source=Source.assumed("a guess"), vectors=[((3,), 2)])
def popc(n: u32) -> u32:
    """Count the set bits of n."""
    return bin(n).count("1")


@pytest.mark.parametrize(
    ("issue", "latency", "uses", "reads_address", "other"),
    [(1, 1, 1, 2, 0), (1, 2, 2, 3, 0), (1, 3, 3, 4, 0), (2, 2, 2, 3, 2), (2, 1, 2, 3, 2), (3, 5, 5, 6, 3)],
)
def test_custom_instruction(tmp_path, issue, latency, uses, reads_address, other):
    isa = Isa("popcnt", (popcnt,))
    word = popcnt.instructions[0].encoding.value | 3 << 16 | 1 << 12  # popc r1, r3
    after = ["eor.w r6,r1,r3", "ldr.w r6,[r2,r1]", "eor.w r6,r3,r5", f".inst.w {word:#x}"]
    image = straight_line([f".inst.w {word:#x}\n{text}" for text in after], tmp_path, isa)
    core, costs = load_core("cortex-m7"), {"popcnt.popc.latency": latency, "popcnt.popc.issue_cycles": issue}
    ends = [issue_ends(image, n, core, **costs)[-1] for n in range(len(after))]
    assert [int(np.floor(end - 0.5)) for end in ends[:3]] == [uses, reads_address, other]
    assert np.floor(ends[3] - issue / 2) >= issue  # one unit for all of them: never in the same cycle
