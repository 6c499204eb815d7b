"""Instruction counts against an independent single-step run, and the dynamic classes against known answers."""

import itertools

import numpy as np
import pytest
import unicorn
from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs

from bnnsim.emulate.machine import Machine
from tests.conftest import compilers
from tests.emulate.programs import C_PROGRAMS, FLAGS_IN_IT, LONG_BLOCK


def issued_by_trace(image, trace):
    """Instructions of scope 0 as the trace has them: block entries times instructions per block."""
    starts = np.array([a for a, _, _ in image.words()])
    total = 0
    for (_, block), count in zip(trace.edges, trace.counts[0], strict=True):
        address, size = trace.blocks[block]
        first, last = starts.searchsorted((address, address + size))
        total += int(count) * int(last - first)
    return total


def issued_by_stepping(image, plan):
    """Watch every single instruction; IT and condition-failed instructions count as issued.

    Unicorn reports no condition-failed instruction: after one that is no branch, all that lies before
    the next reported one was issued too.
    """
    uc, until = Machine(image, plan, "cortex-m4").uc, plan.slices[0].until
    seen = []
    uc.hook_add(unicorn.UC_HOOK_CODE, lambda _uc, address, _size, _data: seen.append(address))
    uc.emu_start(plan.start | 1, until)
    sizes = {address: size for address, size, _ in image.words()}
    disassembler = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    issued = len(seen)
    for pc, after in itertools.pairwise(seen):
        text = next(disassembler.disasm(image.read(pc, 4), pc, 1))
        branches = (text.mnemonic[0] == "b" and text.mnemonic[:3] != "bic") or text.mnemonic[:2] in ("cb", "tb")
        branches = branches or "pc" in text.op_str.split("[")[0]
        at = pc + sizes[pc]
        while not branches and at < after:
            at, issued = at + sizes[at], issued + 1
    return issued


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("name", sorted(C_PROGRAMS))
def test_c_programs(run_source, name, compiler):
    image, plan, trace = run_source(C_PROGRAMS[name], args=(50,), compiler=compiler)
    assert issued_by_trace(image, trace) == issued_by_stepping(image, plan)


@pytest.mark.parametrize("text", [LONG_BLOCK, FLAGS_IN_IT])
def test_assembly_programs(run_source, text):
    image, plan, trace = run_source(text, args=(12,), suffix=".s")
    assert issued_by_trace(image, trace) == issued_by_stepping(image, plan)


def test_condition_failed_is_exact_where_flags_change_inside_the_block(run_source):
    image, _, trace = run_source(FLAGS_IN_IT, args=(12,), suffix=".s")
    skipped = dict(zip((trace.skipped_at - image.symbol("test")).tolist(), trace.skipped[0].tolist(), strict=True))
    # r0 = 12 … 1. subhi (6): fails for 5 … 1. cmphi (8) compares with 9 where hi held: fails for 5 … 1.
    # addls (10): after cmphi hi for 12, 11, 10, so it fails 3 times. Then eq holds for 9 (cmphi) and 5 (cmp).
    assert skipped == {6: 5, 8: 5, 10: 3, 14: 10, 16: 10}


def test_divide_classes(run_source):
    text = """
        __attribute__((noinline)) unsigned q(unsigned n, unsigned d) { return n / d; }
        __attribute__((noinline)) int s(int n, int d) { return n / d; }
        int test(void) {
            volatile unsigned x = q(100, 7) + q(7, 100) + q(5, 0) + q(0xffffffffu, 1);
            return (int)x + s(-100, 7) + s(-2147483647 - 1, -1);
        }"""
    _, _, trace = run_source(text)
    total = trace.divides[0].sum(axis=0)
    # class 0: 7/100, 5/0; class 1 + bits(n) - bits(d): 100/7 → 7 - 3 = 4 (twice: unsigned and signed),
    # 0xffffffff/1 → 31, -2^31 / -1 → 32 - 1 = 31
    assert {i: int(n) for i, n in enumerate(total) if n} == {0: 2, 5: 2, 32: 2}


def test_misaligned_accesses_are_classed(run_source):
    text = """
        .syntax unified
        .thumb
        .global test
        .type test, %function
        .thumb_func
test:   ldr r1, =0xa0203000
        ldr r2, [r1]
        ldr r2, [r1, #2]
        ldr r2, [r1, #1]
        str r2, [r1, #3]
        ldrh r2, [r1, #1]
        movs r3, #1
        ldrh r2, [r1, r3, lsl #1]
        str r2, [r1, r3, lsl #1]
        ldr r2, [r1], #2
        ldr r2, [r1], #2
        bx lr
        .ltorg
        .size test, . - test
    """
    _, _, trace = run_source(text, suffix=".s")
    assert trace.misaligned[0].sum(axis=0).tolist() == [4, 2]


def test_outcome_does_not_depend_on_how_it_is_counted(run_source):
    """The counting hooks change nothing: r0 equals a bare run's."""
    image, plan, _ = run_source(C_PROGRAMS["it_heavy"], args=(99,))
    bare = Machine(image, plan, "cortex-m4")
    bare.uc.emu_start(plan.start | 1, plan.slices[0].until)
    hooked = Machine(image, plan, "cortex-m4")
    hooked.count_edges()
    assert hooked.run_until(plan.slices[0].until) is None
    assert hooked.register(0) == bare.register(0)


def test_unicorn_is_the_version_whose_behaviour_is_known():
    assert unicorn.__version__.startswith("2.1.")
