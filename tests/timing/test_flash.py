"""The rule of instruction wait states on sequences short enough to be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bnnsim.timing.core import load_core
from bnnsim.timing.flash import _row_delays, row_sizes
from bnnsim.timing.program import decode_program


def delays(sizes, ends, line_bytes, wait, lead, first=0, replayed=0):
    """Delays of one sequence of instructions that lie one after the other from address `first`."""
    sizes = np.array(sizes, np.int64)
    addresses = first + np.cumsum(sizes) - sizes
    starts, replays = np.array([0, len(sizes)], np.int64), np.array([replayed], np.int64)
    counted, ends = np.ones(1, bool), np.array(ends, np.int64)
    return _row_delays(addresses, sizes, starts, replays, counted, ends, line_bytes, wait, lead).tolist()


def test_halfwords_of_one_cycle_hide_two_wait_states():
    # One cycle each after a refill of one: starts at 1, 2, 3 … Line 0 is ready at 2, so the first starts at 3.
    # Line 1 is ready at 2 + 3 = 5, its first instruction would start at 7.
    assert delays([2] * 8, range(2, 10), 8, 2, 1) == [2, 0, 0, 0, 0, 0, 0, 0]


def test_words_of_one_cycle_wait_for_every_line():
    # Lines are ready at 2, 5, 8, 11: each after the one before it, prefetched. Two words take two of the three cycles.
    assert delays([4] * 8, range(2, 10), 8, 2, 1) == [2, 0, 1, 0, 1, 0, 1, 0]


def test_a_buffer_is_free_when_its_line_was_consumed():
    # Ten cycles an instruction, one to a line. Starts: 1 → 3, 13, 23. Line 1 is ready at 5; line 2 is asked for when
    # line 0 was consumed, at 3: ready at 8. Nothing but the first waits.
    assert delays([4] * 3, [11, 21, 31], 4, 2, 1) == [2, 0, 0]
    # One cycle each: starts 1 → 3; line 1 at 5, start 2 + 2 = 4 → 6; line 2 at max(5, 3) + 3 = 8, start 7 → 9.
    assert delays([4] * 3, [2, 3, 4], 4, 2, 1) == [2, 2, 2]


def test_an_instruction_that_straddles_lines_needs_both():
    # 2 + 4 + 2 bytes in lines of 4: the second needs line 1, ready at 1 + 2 = 3; it starts no earlier than 3 + 1.
    # First: line 0 ready at 1, start 1 → 2. Second: 2 + 1 = 3 → 4. Third, in line 1: 4 + 1.
    assert delays([2, 4, 2], [2, 3, 4], 4, 1, 1) == [1, 1, 0]


def test_lead_may_be_half_a_cycle():
    assert delays([2] * 2, [2, 3], 8, 2, 1.5) == [2.5, 0]


def test_replayed_rows_have_their_first_line():
    # The line before was there long ago, so are the next ones asked for: only the third line is waited for again.
    found = delays([4] * 4, [1, 2, 3, 4], 4, 3, 1, replayed=1)
    assert found == [0, 0, 3, 3]


@pytest.mark.parametrize("start", [2, 6])
def test_a_target_in_the_middle_of_a_line(start):
    # 8-byte lines, halfwords: from 2 three instructions in line 0, from 6 one. Line 1 is ready at 2 + 3 = 5.
    expected = {2: [2, 0, 0, 0], 6: [2, 2, 0, 0]}[start]
    assert delays([2] * 4, [2, 3, 4, 5], 8, 2, 1, first=start) == expected


def test_a_taken_branch_among_replayed_rows_waits_like_any_other():
    # Models that replay across branches: rows at 0, then at 64 after a branch. One cycle each: the target would start
    # one cycle after the branch's end at 1; its line is ready at 1 + 3, so it starts at 5 in place of 2.
    addresses, sizes = np.array([0, 64, 66], np.int64), np.array([2, 2, 2], np.int64)
    starts, replayed = np.array([0, 3], np.int64), np.array([1], np.int64)
    found = _row_delays(addresses, sizes, starts, replayed, np.ones(1, bool), np.array([1, 2, 3]), 8, 3, 1)
    assert found.tolist() == [0, 3, 0]


def test_sizes_of_rows(run_source):
    text = (
        ".syntax unified\n.thumb\n.section .text.test\n.p2align 3\n.global test\n.type test, %function\n.thumb_func\n"
    )
    text += "test: b.n 2f\n1: nop\n nop.w\n nop\n nop.w\n bx lr\n2: nop.w\n b.n 1b\n.size test, . - test\n"
    image, _, trace = run_source(text, suffix=".s")
    program = decode_program(trace, image, load_core("cortex-m4"))
    found = dict(zip((program.addresses - image.symbol("test")).tolist(), row_sizes(program).tolist(), strict=True))
    assert found == {0: 2, 2: 2, 4: 4, 8: 2, 10: 4, 14: 2, 16: 4, 20: 2}
