"""Beats of custom loads and stores: issue cycles by the width of the core's data port, on each model of a core."""

from __future__ import annotations

import pytest

from bnnsim.timing.core import load_core
from bnnsim.timing.explain import explain
from bnnsim.timing.price import decode_program, price
from tests.timing.bench import RAM, Loop, assemble_loops, cycles_per_iteration, issue_ends, straight_line, trace
from tests.timing.custom import ISA, word

TAIL = "\nsubs r0,#1\nbne loop"
FILL, DRAIN = word("fill", n=2), word("drain", n=2)
LOOPS = [Loop("", FILL + TAIL, 0), Loop("", FILL + "\n" + DRAIN + TAIL, 0), Loop("", "ldr.w r1,[r2]" + TAIL, 0)]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return assemble_loops(LOOPS, tmp_path_factory.mktemp("port"), ISA)


def cycles(image, number, core):
    return cycles_per_iteration(image, number, LOOPS[number], core)


@pytest.mark.parametrize(("bits", "beats"), [(32, 8), (64, 4), (128, 2), (256, 1)])
def test_eight_words(image, bits, beats):
    for name in ("cortex-m4", "cortex-m0plus", "cortex-m33"):  # `subs` and `bne` take three
        core = load_core(name).with_overrides({"data_port.bits": bits})
        if name != "cortex-m0plus":
            assert cycles(image, 2, core) == cycles(image, 2, load_core(name)), "loads cost what they did"
        assert [cycles(image, n, core) for n in (0, 1)] == [beats + 3, 2 * beats + 3]


@pytest.mark.parametrize("bits", [64, 128, 256])
def test_cores_with_a_wider_port(image, bits):
    changed = load_core("cortex-m4").with_overrides({"data_port.bits": bits})
    assert cycles(image, 0, load_core(f"cortex-m4-port{bits}")) == cycles(image, 0, changed)


def test_one_port_for_custom_instructions_and_loads(tmp_path):
    """Cortex-M7, slots of half a cycle: what may issue beside a custom access that takes one cycle."""
    texts = [
        f"{FILL}\n{other}" for other in ("eor.w r1,r3,r5", "ldr.w r1,[r4]", "str.w r1,[r4]", word("count", d=1, n=5))
    ]
    texts += [f"{other}\n{FILL}" for other in ("eor.w r1,r3,r5", "ldr.w r1,[r4]", "str.w r1,[r4]")]
    image = straight_line(texts, tmp_path, ISA)
    core = load_core("cortex-m7").with_overrides({"data_port.bits": 256})
    second_slot = [issue_ends(image, n, core)[1] == 1 for n in range(len(texts))]
    assert second_slot == [True, False, False, False, True, False, False]


def test_a_load_waits_for_what_a_custom_instruction_stores_there(tmp_path):
    texts = [f"{DRAIN}\nldr.w r1,[r2,#{offset}]" for offset in (0, 28, 32)]
    image = straight_line(texts, tmp_path, ISA)
    core = load_core("cortex-m7").with_overrides({"data_port.bits": 256})
    wait = core.dual_issue.store_to_load.cycles
    assert [issue_ends(image, n, core)[1] for n in range(3)] == [wait + 0.5, wait + 0.5, 1.5]


# Cortex-M4: {} is a load or store of eight words, and what comes with it costs this many cycles more than apart.
_BESIDE = {
    "ldr.w r1,[r4]\n{}": (0, 0),
    "eor.w r1,r3,r5\n{}": (0, 0),
    "str.w r1,[r4]\n{}": (1, 1),
    "str.w r1,[r4,r3]\n{}": (1, 1),
    "strd r1,r3,[r4]\n{}": (1, 1),
    "ldr.w r1,[r2],#4\n{}": (1, 1),  # its base is written back
    "ldr.w r1,[r4],#4\n{}": (0, 0),
    "{}\nldr.w r1,[r4]": (0, 1),
    "{}\nstr.w r1,[r4]": (0, 1),
    "{}\neor.w r1,r3,r5": (0, 0),
    "eor.w r1,r3,r5\nnop\n{}": (1, 1),  # at an odd address
}


def test_custom_accesses_meet_the_rules_of_loads_and_stores_of_several_words(tmp_path):
    core, nine = load_core("cortex-m4"), {"unit.fill.issue_cycles": 9, "unit.drain.issue_cycles": 9}
    eight = ((FILL, "ldm.w r2,{r5-r12}"), (DRAIN, "stm.w r2,{r5-r12}"))
    texts = [text.replace("{}", each) for text in _BESIDE for pair in eight for each in pair]
    image = straight_line(texts, tmp_path, ISA)
    ends = [issue_ends(image, n, core, **nine) for n in range(len(texts))]
    free = core.with_overrides({
        **{f"pair_rules.{name}.cycles": 0 for name in core.pair_rules}, "odd_encoding.cycles": 0
    })  # fmt: skip
    for n, (text, added) in enumerate(_BESIDE.items()):
        custom, own = ends[4 * n : 4 * n + 4 : 2], ends[4 * n + 1 : 4 * n + 4 : 2]
        assert custom == own, text
        plain = [issue_ends(image, number, free, **nine)[-1] for number in (4 * n, 4 * n + 2)]
        assert [rules[-1] - none for rules, none in zip(custom, plain, strict=True)] == list(added), text


def test_what_rules_add_to_custom_accesses_is_assumed(tmp_path):
    image = assemble_loops([Loop("", f"str.w r1,[r4]\nnop\n{FILL}\nstr.w r1,[r4]\n{FILL}" + TAIL, 0)], tmp_path, ISA)
    core, registers = load_core("cortex-m4"), {"r0": 10, "r4": RAM}
    program = decode_program(trace(image, "loop0", "end0", registers), image, core)
    found, free = explain(program), core.with_overrides({"odd_encoding.cycles": 0})
    assert found.stalls["memory_after_store"].tolist() == [10]
    assert found.stalls["odd_encoding"].tolist() == [3 * 10]
    assert found.sources["assumed"].tolist() == [10 * (2 * 8 + 1 + 2)]
    assert price(program).cycles[0] - price(program, free).cycles[0] == 3 * 10
