"""Cortex-M0+ and M0: every rule by a small loop with cycles derived by hand.

On the M0+ a loop costs its body and 3: `subs` 1, the taken `bne` 2. There is nothing else: no queue, no pairs.
"""

import pytest

from bnnsim.errors import CostError
from bnnsim.timing.core import load_core
from bnnsim.timing.explain import explain
from bnnsim.timing.price import decode_program, price
from tests.timing.bench import RAM, RAM_BYTES, Loop, assemble_loops, cycles_per_iteration, trace

TAIL = "\nsubs r0,#1\nbne loop"


def loop(name, body, cycles, taken=0, aligned=True, **registers):
    """`taken`: taken branches of the body; each costs one cycle more on the M0."""
    return Loop(name, body + TAIL, cycles, aligned, registers), taken


LOOPS = [
    loop("nothing", "", 3),
    loop("ALU", "adds r1,r5\nlsls r1,r3\nmovs r1,#1\nuxtb r1,r1\nrev r1,r1\nadr r1,1f\n.balign 4\n1:", 6 + 3),
    loop("nothing for alignment", "adds r1,r5", 1 + 3, aligned=False),
    loop("hint", "nop\nsev", 2 + 3),
    loop("multiply", "muls r1,r5,r1", 1 + 3),
    loop("load", "ldr r1,[r2]", 2 + 3),
    loop("load byte, register offset", "ldrb r1,[r2,r5]", 2 + 3),
    loop("load signed halfword", "ldrsh r1,[r2,r5]", 2 + 3),
    loop("load literal", "ldr r1,1f\nb 2f\n.balign 4\n1: .word 1\n2:", 2 + 2 + 3, taken=1),
    loop("store", "str r1,[r2]", 2 + 3),
    loop("store byte, register offset", "strb r1,[r2,r5]", 2 + 3),
    loop("loads are not pipelined", "ldr r1,[r2]\nldr r1,[r2]", 2 + 2 + 3),
    loop("nothing between store and load", "str r1,[r2]\nldr r1,[r2]", 2 + 2 + 3),
    loop("load multiple", "ldm r4!,{r5,r6,r7}", 1 + 3 + 3),
    loop("load multiple, one", "ldm r4!,{r5}", 1 + 1 + 3),
    loop("store multiple", "stm r2!,{r5,r6}", 1 + 2 + 3),
    loop("push and pop", "push {r4,r5,r6}\npop {r4,r5,r6}", 4 + 4 + 3),
    loop("branch", "b 1f\nnop\n1:", 2 + 3, taken=1),
    loop("branch to the next instruction", "b 1f\n1:", 2 + 3, taken=1),
    loop("condition holds", "cmp r5,r5\nbeq 1f\nnop\n1:", 1 + 2 + 3, taken=1),
    loop("condition fails", "cmp r5,r5\nbne 1f\nnop\n1:", 1 + 1 + 1 + 3),
    loop("call and return", "bl 1f\nb 2f\n1: bx lr\n2:", 3 + 2 + 2 + 3, taken=3),
    loop("call, push and pop", "bl 1f\nb 2f\n1: push {r4,lr}\npop {r4,pc}\n2:", 3 + 3 + (1 + 2 + 2) + 2 + 3, taken=3),
    loop("pop of pc alone", "bl 1f\nb 2f\n1: push {lr}\npop {pc}\n2:", 3 + 2 + (1 + 1 + 2) + 2 + 3, taken=3),
    loop(
        "indirect call", "adr r5,1f\nadds r5,#1\nblx r5\nb 2f\n.balign 4\n1: bx lr\n2:", 1 + 1 + 2 + 2 + 2 + 3, taken=3
    ),
    loop("move to pc", "adr r5,1f\nmov pc,r5\n.balign 4\n1:", 1 + 2 + 3, taken=1),
    loop("add to pc", "movs r5,#0\nadd pc,r5\nnop\n1:", 1 + 2 + 3, taken=1),
    loop("branch to 32 bits off alignment", "b 2f\nnop\n2: bl 1f\nb 3f\n1: bx lr\n3:", 2 + 3 + 2 + 2 + 3, taken=4),
]
NAMES = [tried.name for tried, _ in LOOPS]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return assemble_loops([tried for tried, _ in LOOPS], tmp_path_factory.mktemp("m0plus"))


@pytest.mark.parametrize("number", range(len(LOOPS)), ids=NAMES)
def test_m0plus(image, number):
    tried, _ = LOOPS[number]
    assert cycles_per_iteration(image, number, tried, load_core("cortex-m0plus")) == tried.cycles


@pytest.mark.parametrize("number", range(len(LOOPS)), ids=NAMES)
def test_m0_refills_one_cycle_longer(image, number):
    tried, taken = LOOPS[number]
    expected = tried.cycles + taken + 1  # the loop's own branch
    assert cycles_per_iteration(image, number, tried, load_core("cortex-m0")) == expected


@pytest.mark.parametrize("name", ["multiply", "load", "nothing"])
def test_small_multiplier(image, name):
    number = NAMES.index(name)
    tried, _ = LOOPS[number]
    core = load_core("cortex-m0plus-small-multiplier")
    assert cycles_per_iteration(image, number, tried, core) == tried.cycles + 31 * (name == "multiply")


def test_every_cycle_is_explained(image):
    number = NAMES.index("call and return")
    registers = {"r0": 5, "sp": RAM + RAM_BYTES}
    program = decode_program(
        trace(image, f"loop{number}", f"end{number}", registers), image, load_core("cortex-m0plus")
    )
    explained, cycles = explain(program), int(price(program).cycles[0])
    assert sum(int(by[0]) for by in explained.sources.values()) == cycles
    stalls = {reason: int(by[0]) for reason, by in explained.stalls.items()}
    # entry, 3 branches in 5 iterations, 4 taken loop branches
    assert stalls == {"branch_refill": 1 + 3 * 5 + 4, "fetch": 0, "odd_encoding": 0, "misaligned": 0}


def test_instructions_of_larger_cores_have_no_cost(tmp_path):
    tried = Loop("wide", "movw r1,#1" + TAIL, 0)
    image = assemble_loops([tried], tmp_path)
    with pytest.raises(CostError, match=r"movw r1, #1.*no cost on core cortex-m0plus"):
        cycles_per_iteration(image, 0, tried, load_core("cortex-m0plus"))


def test_settings_name_the_refill_and_no_queue():
    core = load_core("cortex-m0plus")
    assert "refill.cycles" in core.settings
    assert not [key for key in core.settings if key.startswith("fetch")]
    assert core.with_overrides({"refill.cycles": 2}).front_end.cycles == 2
