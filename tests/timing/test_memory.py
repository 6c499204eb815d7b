"""What a board's memories add to a program: cycles by hand for small loops on boards made up here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bnnsim.timing.board import load_board
from bnnsim.timing.core import load_core
from bnnsim.timing.explain import cycles_by_address, explain, stalls_by_address
from bnnsim.timing.memory import extras_for
from bnnsim.timing.price import price
from bnnsim.timing.program import decode_program
from tests.timing import custom

BOARD = """name: mine
description: A test.
real: false
clock_hz: 1000000
CACHES
memory:
  flash: {address: 0x08000000, bytes: 0x400000, FLASH}
  ram: {address: 0x20000000, bytes: 0x400000, RAM}
"""
SOURCE = "source: {kind: manual, ref: a test}"
# r0 times: a word each from RAM, 4 bytes further every time
LOADS = """
    .syntax unified
    .thumb
    .section .text.test, "ax"
    .p2align 6
    .global test
    .type test, %function
    .thumb_func
test:
    ldr r1, =0xa0204000
1:  ldr r2, [r1], #4
    subs r0, #1
    bne 1b
    bx lr
    .ltorg
    .size test, . - test
"""


@pytest.fixture
def priced(run_source, tmp_path):
    """Cycles with and without the memories of a board, and what the memories add by reason."""

    def run(text, args=(), flash="", ram="", caches="", isa="base", port_bits=32):
        path = tmp_path / "mine.yaml"
        path.write_text(BOARD.replace("FLASH", flash or "wait_states: 0").replace("RAM", ram or "wait_states: 0")
                        .replace("CACHES\n", caches))  # fmt: skip
        image, plan, trace = run_source(text, args=args, suffix=".s", isa=isa)
        plan = replace(plan, regions=tuple(replace(r, memory=r.name) for r in plan.regions))
        program = decode_program(trace, image, load_core("cortex-m4").with_overrides({"data_port.bits": port_bits}))
        memory = extras_for(image, plan, program, load_board(str(path)))
        _check_sums(program, memory)
        return {extra.reason: int(extra.total[0]) for extra in memory}

    return run


def _check_sums(program, memory):
    """What memory adds is in every account of the cycles."""
    added = sum(int(extra.cycles.sum()) for extra in memory)
    cycles = price(program, memory=memory).cycles.sum()
    assert cycles == price(program).cycles.sum() + added
    explained = explain(program, memory=memory)
    assert sum(int(by.sum()) for by in explained.sources.values()) == cycles
    assert sum(cycles_by_address(program, memory=memory).values()) == cycles
    stalls = stalls_by_address(program, memory=memory)
    for extra in memory:
        assert sum(by.get(extra.reason, 0) for by in stalls.values()) == extra.cycles.sum()


def test_memories_that_never_wait_add_nothing(priced):
    assert priced(LOADS, (40,)) == {}


def test_wait_states_of_data(priced):
    assert priced(LOADS, (40,), ram=f"data: {{wait_states: 3, {SOURCE}}}") == {"data_wait": 40 * 3}
    stores = LOADS.replace("ldr r2, [r1]", "str r2, [r1]")
    assert priced(stores, (40,), ram=f"data: {{wait_states: 3, {SOURCE}}}") == {"data_wait": 40 * 3}
    assert priced(stores, (40,), ram=f"data: {{wait_states: 3, write_wait_states: 1, {SOURCE}}}") == {"data_wait": 40}


def test_wait_states_of_flash_data_are_those_of_the_literal(priced):
    assert priced(LOADS, (40,), flash=f"data: {{wait_states: 5, {SOURCE}}}") == {"data_wait": 5}


def test_kept_lines_of_data_wait_once(priced):
    found = priced(LOADS, (40,), ram=f"data: {{wait_states: 3, line_bytes: 16, cache_lines: 2, {SOURCE}}}")
    assert found == {"data_wait": 40 // 4 * 3}


CACHE = f"caches: {{l1: {{bytes: 256, ways: 2, line_bytes: 32, line_fill_cycles: 20, {SOURCE}}}}}\n"


def test_data_cache(priced):
    assert priced(LOADS, (40,), ram="data: {cache: l1}", caches=CACHE) == {"dcache_miss": 40 // 8 * 20}


def test_write_backs(priced):
    stores = LOADS.replace("ldr r2, [r1]", "str r2, [r1]")
    caches = CACHE.replace("line_fill", "write: back, write_back_cycles: 7, line_fill")
    # 16 lines of 8 words in a cache of 8 lines: 16 fetched, the first 8 written back; without `back` nothing waits
    found = priced(stores, (128,), ram="data: {cache: l1}", caches=caches)
    assert found == {"dcache_miss": 16 * 20 + 8 * 7}
    assert priced(stores, (128,), ram="data: {cache: l1}", caches=CACHE) == {}


def nops(count):
    """A loop of r0 times `count` nops of 32 bits, at the start of a line of up to 64 bytes."""
    body = "    nop.w\n" * count + "    subs r0, #1\n    bne.w test\n    bx lr\n"
    return LOADS.split("test:\n")[0] + "test:\n" + body + "    .size test, . - test\n"


def test_code_in_an_instruction_cache(priced):
    # 4 * 15 + 2 + 4 bytes: the loop ends in its third line of 32 bytes, where the return is, too
    assert priced(nops(15), (50,), flash="instruction: {cache: l1}", caches=CACHE) == {"icache_miss": 3 * 20}


def test_a_loop_in_flash_without_kept_lines(priced):
    flash = f"instruction: {{line_bytes: 16, wait_states: 2, lead_cycles: 1, {SOURCE}}}"
    once, twice = (priced(nops(8), (n,), flash=flash)["flash"] for n in (20, 21))
    # The loop's 38 bytes are in 3 lines of 16. Its target would start at 1; line 0 is ready at 2, so it starts at 3:
    # two cycles, as many as there are wait states. The others follow one by one, the fifth at 7 and the ninth at 11,
    # after their lines, which are ready at 5 and at 8.
    assert twice - once == 2


@pytest.mark.parametrize(("lines", "added"), [(4, 0), (3, 0), (2, 2)])
def test_kept_lines_of_code_pay_once_or_always(priced, lines, added):
    flash = f"instruction: {{line_bytes: 16, wait_states: 2, cache_lines: {lines}, lead_cycles: 1, {SOURCE}}}"
    few, many = (priced(nops(8), (n,), flash=flash).get("flash", 0) for n in (100, 1100))
    assert many - few == 1000 * added


def test_a_loop_inside_one_line_waits_for_it_once(priced):
    # Four words fill the first line, the loop lies in the second.
    body = "    nop.w\n" * 4 + "1:  subs r0, #1\n    bne.n 1b\n    bx lr\n"
    text = LOADS.split("test:\n")[0] + "test:\n" + body + "    .size test, . - test\n"
    flash = f"instruction: {{line_bytes: 16, wait_states: 5, cache_lines: 4, lead_cycles: 1, {SOURCE}}}"
    few, many = (priced(text, (n,), flash=flash)["flash"] for n in (100, 1100))
    assert few == many < 20


def test_a_long_block_pays_for_all_its_lines(priced):
    # 600 nops of 32 bits: the emulator splits such blocks where it hooks instructions. Lines of 16 bytes, far more than
    # are kept, so that all miss as they do where none is kept.
    per_iteration = []
    for kept in (0, 4):
        flash = f"instruction: {{line_bytes: 16, wait_states: 5, cache_lines: {kept}, lead_cycles: 1, {SOURCE}}}"
        few, many = (priced(nops(600), (n,), flash=flash)["flash"] for n in (10, 20))
        per_iteration.append((many - few) / 10)
    assert per_iteration[0] == per_iteration[1] > 600 / 4


# r0 times: eight words by a custom instruction, from RAM, 32 bytes further every time.
FILLS, DRAINS = (LOADS.replace("ldr r2, [r1], #4", custom.word(name, n=1, step_bytes=32)) for name in ("fill", "drain"))


@pytest.mark.parametrize(("port_bits", "accesses"), [(32, 8), (64, 4), (128, 2), (256, 1)])
def test_a_custom_access_waits_once_for_each_beat(priced, port_bits, accesses):
    def waits(text, ram):
        return priced(text, (40,), ram=f"data: {{{ram}, {SOURCE}}}", isa=custom.__file__, port_bits=port_bits)

    assert waits(FILLS, "wait_states: 3") == {"data_wait": 40 * accesses * 3}
    assert waits(DRAINS, "wait_states: 3, write_wait_states: 1") == {"data_wait": 40 * accesses}
    # 16 lines of 16 bytes are kept; each of the 80 that are touched is read once, however wide the port
    assert waits(FILLS, "wait_states: 3, line_bytes: 16, cache_lines: 16") == {"data_wait": 80 * 3}


def test_custom_accesses_go_through_the_data_cache(priced):
    found = priced(FILLS, (40,), ram="data: {cache: l1}", caches=CACHE, isa=custom.__file__, port_bits=256)
    assert found == {"dcache_miss": 40 * 20}  # a line each time: 32 bytes at addresses that are multiples of 32
    backs = CACHE.replace("line_fill", "write: back, write_back_cycles: 7, line_fill")
    found = priced(DRAINS, (20,), ram="data: {cache: l1}", caches=backs, isa=custom.__file__)
    assert found == {"dcache_miss": 20 * 20 + 12 * 7}  # 8 lines stay


def test_accesses_of_the_base_isa_keep_their_words(priced):
    pairs = LOADS.replace("ldr r2, [r1], #4", "ldrd r2, r3, [r1], #8")
    for port_bits in (32, 256):
        found = priced(pairs, (40,), ram=f"data: {{wait_states: 3, {SOURCE}}}", port_bits=port_bits)
        assert found == {"data_wait": 40 * 2 * 3}
