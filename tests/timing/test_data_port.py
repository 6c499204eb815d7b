"""Beats of custom loads and stores: issue cycles by the width of the core's data port, on each model of a core."""

from __future__ import annotations

import pytest

from bnnsim.timing.core import load_core
from tests.timing.bench import Loop, assemble_loops, cycles_per_iteration, issue_ends, straight_line
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
