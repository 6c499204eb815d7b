"""Results of custom instructions that take longer than their issue: cycles of small loops by hand on four cores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnnsim.timing.core import load_core
from bnnsim.timing.explain import cycles_by_address, explain, stalls_by_address
from bnnsim.timing.price import decode_program, price
from tests.timing.bench import RAM, RAM_BYTES, Loop, assemble_loops, cycles_per_iteration, trace
from tests.timing.custom import ISA, latency, word

ADD = word("add", d=1, n=5, m=6)
COUNT = word("count", d=1, n=5)
TAIL = "\nsubs r0,#1\nbne loop"
# Body, cycles of an iteration at latency 1, 4 and 7 on a Cortex-M4, where `subs` takes 1 and the taken `bne` 2.
M4 = {
    # one accumulator: no sooner than its latency after itself
    "accumulator": (ADD, 4, 4, 7),
    "two accumulators": (f"{ADD}\n{word('add', d=3, n=5, m=6)}", 5, 5, 7),
    "twice the same accumulator": (f"{ADD}\n{ADD}", 5, 8, 14),
    # `count` reads no result: only its consumer waits; it starts at 0, the consumer at the latency
    "nobody reads it": (COUNT, 4, 4, 4),
    "ALU": (f"{COUNT}\nadd.w r6,r1,r5", 5, 8, 11),
    "shifted operand": (f"{COUNT}\nadd.w r6,r5,r1,lsl #2", 5, 8, 11),
    "compare": (f"{COUNT}\ncmp.w r1,r5", 5, 8, 11),
    "multiply-accumulate": (f"{COUNT}\nmla r6,r5,r5,r1", 5, 8, 11),
    "long accumulator": (f"{COUNT}\numlal r6,r1,r5,r3", 5, 8, 11),
    "DSP": (f"{COUNT}\nusada8 r6,r5,r3,r1", 5, 8, 11),
    "inserted bits": (f"{COUNT}\nbfi r1,r5,#2,#3", 5, 8, 11),
    "address": (f"{COUNT}\nldr.w r6,[r2,r1]", 6, 9, 12),
    "base": (f"{COUNT}\nldrb.w r6,[r1]", 6, 9, 12),
    "store data": (f"{COUNT}\nstr.w r1,[r2]", 5, 8, 11),
    "store multiple": (f"{COUNT}\nstm.w r2,{{r1,r5}}", 7, 10, 13),
    "store double": (f"{COUNT}\nstrd r5,r1,[r2]", 7, 10, 13),
    "moved to the FPU": (f"{COUNT}\nvmov s0,r1", 5, 8, 11),
    "another custom one": (f"{COUNT}\n{word('count', d=3, n=1)}", 5, 8, 11),
    # three that do not need it start at 1, 2 and 3
    "filled": (f"{COUNT}\nmov.w r3,#1\nmov.w r3,#1\nmov.w r3,#1\nadd.w r6,r1,r5", 8, 8, 11),
    "across a branch not taken": (f"{COUNT}\ncbz r5,1f\nnop\n1: add.w r6,r1,r5", 7, 8, 11),
    "read by the branch": (f"{COUNT}\ncbz r1,1f\nnop\n1: nop.w", 7, 10, 13),
    "across a taken branch": (f"{COUNT}\nb 1f\n.balign 8\n1: add.w r6,r1,r5", 7, 8, 11),
    # `add` starts at 0 and again 4 after: 1 + 1 + 2 cycles; at latency 7 it waits for the `count` before it
    "read in the next iteration": (f"add.w r6,r1,r5\n{COUNT}", 5, 5, 8),
    "overwritten": (f"{COUNT}\nmov.w r1,#1\nadd.w r6,r1,r5", 6, 6, 6),
    "overwritten if a condition holds": (f"{COUNT}\ncmp r5,r5\nit ne\nmovne r1,r5\nadd.w r6,r1,r5", 7, 8, 11),
    "high half of a pair": (f"{word('wide', d=6, n=5, m=3)}\nadd.w r1,r7,r5", 5, 8, 11),
    "wide accumulator": (word("wide", d=6, n=5, m=3), 4, 4, 7),
    "FPU register": (f"{word('vector', d=1, n=2, m=3)}\nvadd.f32 s8,s3,s5", 5, 8, 11),
    "store of an FPU register": (f"{word('vector', d=1, n=2, m=3)}\nvstr d1,[r2]", 7, 10, 13),
    "FPU accumulator": (word("vector", d=1, n=2, m=3), 4, 4, 7),
    "other FPU register": (f"{word('vector', d=1, n=2, m=3)}\nvadd.f32 s8,s4,s5", 5, 5, 7),
    "from the unit": (f"{word('take', d=1)}\nadd.w r6,r1,r5", 5, 8, 11),
    # eight beats of issue; the base is there after them
    "base after a step": (f"{word('fill', n=2, step_bytes=32)}\nldr.w r6,[r2]", 8 + 2 + 1 + 2, 13, 13),
    "state of the unit": (f"{word('fill', n=2)}\n{word('take', d=1)}", 8 + 1 + 1 + 2, 12, 12),
}
SHORT = {
    "accumulator": (ADD, 4, 4, 7),
    "ALU": (f"{COUNT}\nadds r3,r1,r5", 5, 8, 11),
    "store data": (f"{COUNT}\nstr r1,[r2]", 6, 9, 12),
    "nobody reads it": (COUNT, 4, 4, 4),
    "twice the same accumulator": (f"{ADD}\n{ADD}", 5, 8, 14),
    "read in the next iteration": (f"adds r3,r1,r5\n{COUNT}", 5, 5, 8),
    "across a taken branch": (f"{COUNT}\nb 1f\n.balign 8\n1: adds r3,r1,r5", 7, 8, 11),
}
# `bne` rides along with `subs` and refills for 2 cycles.
M33 = {
    "accumulator": (ADD, 4, 4, 7),
    "ALU": (f"{COUNT}\nadd.w r6,r1,r5", 5, 8, 11),
    "store data": (f"{COUNT}\nstr.w r1,[r2]", 5, 8, 11),
    "nobody reads it": (COUNT, 4, 4, 4),
    "high half of a pair": (f"{word('wide', d=6, n=5, m=3)}\nadd.w r1,r7,r5", 5, 8, 11),
    "FPU accumulator": (word("vector", d=1, n=2, m=3), 4, 4, 7),
    "read in the next iteration": (f"add.w r6,r1,r5\n{COUNT}", 5, 5, 8),
    "base after a step": (f"{word('fill', n=2, step_bytes=32)}\nldr.w r6,[r2]", 8 + 1 + 1 + 2, 12, 12),
}
# Two a cycle, and custom instructions in different ones: three instructions take 1.5.
M7 = {
    "accumulator": (ADD, 1.5, 4, 7),
    "two accumulators": (f"{ADD}\n{word('add', d=3, n=5, m=6)}", 2, 4, 7),
    "nobody reads it": (COUNT, 1.5, 1.5, 1.5),
    "ALU": (f"{COUNT}\nadd.w r6,r1,r5", 2, 5, 8),
    "high half of a pair": (f"{word('wide', d=6, n=5, m=3)}\nadd.w r1,r7,r5", 2, 5, 8),
    "FPU accumulator": (word("vector", d=1, n=2, m=3), 1.5, 4, 7),
}
CORES = {"cortex-m4": M4, "cortex-m0plus": SHORT, "cortex-m33": M33, "cortex-m7": M7}
CASES = [(core, name) for core, loops in CORES.items() for name in loops]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return {
        core: assemble_loops(
            [Loop(n, case[0] + TAIL, 0) for n, case in loops.items()], tmp_path_factory.mktemp(core), ISA
        )
        for core, loops in CORES.items()
    }


@pytest.mark.parametrize(("core", "name"), CASES, ids=[f"{core} {name}" for core, name in CASES])
def test_loop(images, core, name):
    body, *expected = CORES[core][name]
    registers = {"r1": RAM} if name == "base" else {}
    tried, number = Loop(name, body + TAIL, 0, registers=registers), list(CORES[core]).index(name)
    found = [cycles_per_iteration(images[core], number, tried, load_core(core), **latency(n)) for n in (1, 4, 7)]
    assert found == expected


@pytest.fixture(params=["cortex-m4", "cortex-m0plus", "cortex-m33", "cortex-m7"])
def program(request, tmp_path):
    """A loop with waits across a taken branch, over several scopes with unequal counts."""
    core = load_core(request.param)
    body = f"{COUNT}\nb 1f\n.balign 8\n1: adds r3,r1,r5\n{ADD}\nstr r1,[r2]" + TAIL
    image = assemble_loops([Loop("", body, 0)], tmp_path, ISA)
    found = trace(image, "loop0", "end0", {"r0": 9, "r2": RAM, "sp": RAM + RAM_BYTES})
    counts = np.concatenate([found.counts, 3 * found.counts])
    none = {name: np.repeat(getattr(found, name), 2, axis=0) for name in ("skipped", "divides", "misaligned")}
    two = replace(found, scopes=("a", "b"), counts=counts, mispredicts=np.zeros((2, 0), np.int64),
                  target_changes=np.zeros((2, 0), np.int64), **none)  # fmt: skip
    return decode_program(two, image, core)


@pytest.mark.parametrize("cycles", [1, 2, 6])
def test_every_cycle_is_accounted_for(program, cycles):
    costs = latency(cycles)
    timing, found = price(program, custom_costs=costs), explain(program, custom_costs=costs)
    assert (sum(found.sources.values()) == timing.cycles).all()
    assert sum(cycles_by_address(program, custom_costs=costs).values()) == timing.cycles.sum()
    by_address = stalls_by_address(program, custom_costs=costs, scope=1)
    for reason, total in found.stalls.items():
        assert sum(by.get(reason, 0) for by in by_address.values()) == total[1], reason


def test_waits_are_a_reason_of_their_own(program):
    nothing = explain(program, custom_costs=latency(1)).stalls["custom_result"].tolist()
    assert nothing == [0, 0] or program.core.name == "cortex-m7"  # there an operand of the same cycle is a wait, too
    short, long = (explain(program, custom_costs=latency(n)).stalls["custom_result"] for n in (10, 12))
    assert (long - short).tolist() == [2 * 2 * 9, 3 * 2 * 2 * 9]  # two waits, nine iterations


def test_the_kind_is_that_of_the_instruction_waited_for(program):
    costs = {"unit.count.latency": 10}  # what is set counts as assumed; `add` on a Cortex-M4 is measured
    before, after = explain(program), explain(program, custom_costs=costs)
    assert (after.sources["assumed"] - before.sources["assumed"]).min() > 0
    if program.core.name == "cortex-m4":
        before = explain(program, custom_costs={"unit.add.latency": 1})
        waited = explain(program).stalls["custom_result"] - before.stalls["custom_result"]
        assert waited[0] > 0
        assert explain(program).sources["measured"][0] >= waited[0]


def test_costs_of_a_core_hold_for_its_variants(program):
    on_core = load_core("cortex-m4"), load_core("cortex-m4-port64"), load_core("cortex-m3")
    if program.core.name == "cortex-m4":
        nominal, variant, other = (price(program, core).cycles[0] for core in on_core)
        assert nominal == variant > other


def test_latency_below_the_issue_cycles_means_those(program):
    issue = {"unit.count.issue_cycles": 5}
    assert (price(program, custom_costs={**issue, "unit.count.latency": 2}).cycles
            == price(program, custom_costs={**issue, "unit.count.latency": 5}).cycles).all()  # fmt: skip


def test_instructions_executed(program):
    assert program.custom_executions.tolist() == [2 * 9, 3 * 2 * 9]


def test_programs_that_wait_for_nothing_take_the_plain_way(tmp_path):
    image = assemble_loops([Loop("", f"mov.w r1,#3\nadd.w r6,r1,r5{TAIL}", 0)], tmp_path, ISA)
    found = decode_program(trace(image, "loop0", "end0", {"r0": 9}), image, load_core("cortex-m4"))
    assert found.flow is None
    assert "custom_result" not in explain(found).stalls


def test_fetch_and_pairs_go_on_as_before(images):
    """Where nothing is read too early, following registers changes no cycle of any instruction."""
    number = list(M4).index("filled")
    image, core = images["cortex-m4"], load_core("cortex-m4")
    found = decode_program(trace(image, f"loop{number}", f"end{number}", {"r0": 30}), image, core)
    plain = cycles_by_address(found, custom_costs=latency(1))
    assert cycles_by_address(found, custom_costs=latency(4)) == plain
    assert cycles_by_address(found, custom_costs=latency(5)) != plain
