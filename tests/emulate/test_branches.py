"""Mispredicts and target changes of small programs, against numbers worked out by hand."""

from dataclasses import replace

import numpy as np

from bnnsim.emulate.plan import Slice
from bnnsim.emulate.run import emulate
from bnnsim.emulate.trace import Trace

HEADER = """
    .syntax unified
    .thumb
    .global test
    .type test, %function
    .thumb_func
"""
# Blocks: test to the first bne (once), outer to it (nine times), inner, last.
NESTED = f"""{HEADER}
test:   movs r1, #10
outer:  movs r2, #3
inner:  subs r2, #1
        bne inner
last:   subs r1, #1
        bne outer
        bx lr
        .size test, . - test
"""
ALTERNATING = f"""{HEADER}
test:   movs r1, #0
loop:   lsls r2, r0, #31
        beq even
odd:    adds r1, #1
even:   subs r0, #1
        bne loop
        bx lr
        .size test, . - test
"""
POINTERS = f"""{HEADER}
test:   push {{r4, r5, r6, lr}}
        ldr r5, =one
        ldr r6, =two
        movs r4, #8
loop:   blx r5
back:   mov r0, r5
        mov r5, r6
        mov r6, r0
        subs r4, #1
        bne loop
        pop {{r4, r5, r6, pc}}
        .thumb_func
        .type one, %function
one:    bx lr
        .thumb_func
        .type two, %function
two:    bx lr
        .ltorg
        .size test, . - test
"""
TWO_CALL_SITES = f"""{HEADER}
test:   push {{r4, lr}}
        movs r4, #5
loop:   bl callee
first:  bl callee
second: subs r4, #1
        bne loop
        pop {{r4, pc}}
callee: cmp r4, #0
        bne skip
        nop
skip:   bx lr
        .size test, . - test
"""


def by_symbol(image, trace, counts, scope=0):
    """Non-zero counts by the symbol at the start of the branch's block."""
    names = {value & ~1: name for name, value in image.symbols.items()}
    starts = trace.blocks[trace.branch_blocks, 0].tolist()
    return {names[at]: int(n) for at, n in zip(starts, counts[scope], strict=True) if n}


def test_nested_loops(run_source):
    image, _, trace = run_source(NESTED, suffix=".s")
    # test, outer: forwards at first, so predicted not taken, and taken; outer's eight others are right.
    # inner: taken (right), not taken (wrong), ten times over: one miss moves its counter from 3 to 2 only.
    # last: backwards, nine times right, and not taken at the end.
    assert by_symbol(image, trace, trace.mispredicts) == {"test": 1, "outer": 1, "inner": 10, "last": 1}
    assert not trace.target_changes.any()


def test_alternating_branch(run_source):
    image, _, trace = run_source(ALTERNATING, args=(12,), suffix=".s")
    # r0 = 12: test, forwards and taken. loop for 11 … 1, six times not taken from counter 1 (right, to 0) and five
    # times taken between (wrong, back to 1). even is entered by the taken branch, always goes back; odd ends at 1.
    assert by_symbol(image, trace, trace.mispredicts) == {"test": 1, "loop": 5, "odd": 1}
    assert not trace.target_changes.any()


def test_alternating_function_pointer(run_source):
    image, _, trace = run_source(POINTERS, suffix=".s")
    # test calls one; then loop calls two, one, two, … seven times. one and two always return to the same place.
    assert by_symbol(image, trace, trace.target_changes) == {"loop": 6}


def test_returns_to_two_call_sites(run_source):
    image, _, trace = run_source(TWO_CALL_SITES, suffix=".s")
    # skip returns ten times, to first and second in turn
    assert by_symbol(image, trace, trace.target_changes) == {"skip": 9}
    assert by_symbol(image, trace, trace.mispredicts)["callee"] == 1


def test_scopes_count_apart_and_share_what_was_learnt(run_source):
    image, plan, whole = run_source(TWO_CALL_SITES, suffix=".s")
    end = plan.slices[0].until
    slices = (Slice(0, image.symbol("second")), Slice(1, end))
    trace = emulate(image, replace(plan, slices=slices), "cortex-m4")
    # The return to `second` counts where it leads to: in the second scope.
    assert by_symbol(image, trace, trace.target_changes, 0) == {}
    assert by_symbol(image, trace, trace.target_changes, 1) == {"skip": 9}
    assert by_symbol(image, trace, trace.mispredicts, 0)["callee"] == 1
    assert "callee" not in by_symbol(image, trace, trace.mispredicts, 1)
    assert trace.mispredicts.sum() == whole.mispredicts.sum()


def test_counts_survive_serialization(run_source):
    _, _, trace = run_source(NESTED, suffix=".s")
    loaded = Trace.from_bytes(trace.to_bytes())
    assert trace.mispredicts.sum() == 13
    for name in ("branch_blocks", "mispredicts", "target_changes"):
        before, after = getattr(trace, name), getattr(loaded, name)
        assert np.array_equal(before, after)
        assert before.dtype == after.dtype
