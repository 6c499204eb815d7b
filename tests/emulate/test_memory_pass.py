"""The memory pass: accesses by instruction, and hits and misses of small caches that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bnnsim.emulate.memory_pass import CacheShape, Geometry, MemoryTrace, Window, trace_memory
from bnnsim.emulate.memory_sites import find_accesses

DATA = 0xA020_4000  # in the window of RAM, past the stack
RAM = Window(0xA020_0000, 0xA060_0000, path=0)
FLASH = Window(0x0800_0000, 0x0840_0000, path=1)
CODE = Window(0x0800_0000, 0x0840_0000, path=1, code_cache=0)


def assembly(body: str) -> str:
    return (
        '    .syntax unified\n    .thumb\n    .section .text.test, "ax"\n    .p2align 6\n    .global test\n'
        "    .type test, %function\n    .thumb_func\n"
        f"test:\n{body}\n    .ltorg\n    .size test, . - test\n"
    )


@pytest.fixture
def count(run_source):
    """Run an assembly body under a geometry; the memory trace and the image."""

    def run(body: str, geometry: Geometry, **more) -> tuple[MemoryTrace, object]:
        image, plan, _ = run_source(assembly(body), suffix=".s", **more)
        return trace_memory(image, plan, "cortex-m4", geometry), image

    return run


def one_cache(shape: CacheShape) -> Geometry:
    return Geometry((RAM,), (0,), (shape,))


# Two passes over r3 words from DATA; r0 counts passes.
PASSES = f"""
    movs r0, #2
2:  ldr r1, ={DATA}
    movs r2, #{{words}}
1:  {{access}} r3, [r1], #4
    subs r2, #1
    bne 1b
    subs r0, #1
    bne 2b
    bx lr
"""


@pytest.mark.parametrize(
    ("words", "misses"),
    [
        (64, 8),  # 8 lines fill the cache: the second pass hits
        (72, 9 + 3),  # lines 0, 4 and 8 share a set of two ways: each misses again, the other sets hit
        (96, 12 + 12),  # three lines in every set: nothing is left when it is needed
        (8, 1),
    ],
)
def test_strides_over_a_cache_of_four_sets(count, words, misses):
    shape = CacheShape(sets=4, ways=2, line_bytes=32)
    found, _ = count(PASSES.format(words=words, access="ldr"), one_cache(shape))
    assert found.data[0].sum(axis=0).tolist() == [[2 * words, misses, 0, 0, 0]]


def test_a_hit_makes_a_line_the_last_to_go(count):
    body = f"""
    ldr r1, ={DATA}
    ldr r2, [r1]        @ miss
    ldr r2, [r1, #32]   @ miss
    ldr r2, [r1, #4]    @ hit: line 0 is now the younger one
    ldr r2, [r1, #64]   @ miss, line 1 goes
    ldr r2, [r1, #8]    @ hit
    ldr r2, [r1, #32]   @ miss
    bx lr"""
    found, image = count(body, one_cache(CacheShape(sets=1, ways=2, line_bytes=32)))
    start = image.symbol("test")
    assert {at - start: n for at, n in zip(found.data_at.tolist(), found.data[0, :, 0, 1].tolist(), strict=True)} == {
        2: 1, 4: 1, 6: 0, 8: 1, 10: 0, 12: 1
    }  # fmt: skip


def test_writes_back(count):
    shape = CacheShape(sets=2, ways=1, line_bytes=16, write_back=True)
    found, _ = count(PASSES.format(words=16, access="str"), one_cache(shape))
    # 4 lines of 4 words in 2 sets, twice: every line is fetched, and written back when the next in its set comes,
    # all but the last two
    assert found.data[0].sum(axis=0).tolist() == [[0, 0, 32, 8, 6]]


def test_writes_through_fetch_no_line(count):
    shape = CacheShape(sets=2, ways=1, line_bytes=16)
    found, _ = count(PASSES.format(words=16, access="str"), one_cache(shape))
    assert found.data[0].sum(axis=0).tolist() == [[0, 0, 32, 32, 0]]


def test_words_of_every_kind_of_access(count):
    body = f"""
    push {{r4-r7, lr}}
    ldr r1, ={DATA}
    movs r2, #8
    ldrb r3, [r1, #1]
    ldrd r4, r5, [r1, #8]
    ldm r1, {{r4-r6}}
    adds r1, #8
    ldmdb r1, {{r4, r5}}
    str r3, [r1, r2, lsl #2]
    strh r3, [r1, #4]!
    stm r1!, {{r4}}
    cmp r2, #8
    it ne
    ldrne r3, [r1]
    ldr r3, [r1], #4
    pop {{r4-r7, pc}}"""
    found, _ = count(body, Geometry((RAM, FLASH), (-1, -1), ()))
    ram, flash = found.data[0, :, 0], found.data[0, :, 1]
    # push, literal, ldrb, ldrd, ldm, ldmdb, str, strh, stm, ldr, pop; the ldrne did not run
    assert ram[:, 0].tolist() == [0, 0, 1, 2, 3, 2, 0, 0, 0, 1, 5]
    assert ram[:, 2].tolist() == [5, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0]
    assert flash[:, 0].tolist() == [0, 1, *[0] * 9]
    assert (ram[:, [0, 2]] == ram[:, [1, 3]]).all()  # without a cache every access is a miss


def test_addresses(count):
    """Each access in a window of four bytes around the address that it must have."""
    body = f"""
    ldr r1, ={DATA}
    movs r2, #3
    ldr r3, [r1, #16]
    ldr r3, [r1, r2, lsl #3]
    ldr r3, [r1, #4]!
    ldr r3, [r1], #28
    ldmdb r1, {{r3, r5}}
    mov r4, sp
    mov sp, r1
    push {{r3}}
    mov sp, r4
    bx lr"""
    offsets = (4, 16, 24, 28)  # r1 = DATA + 4 after the third load, DATA + 32 after the fourth
    windows = tuple(Window(DATA + o, DATA + o + 4, path=n) for n, o in enumerate(offsets))
    found, _ = count(body, Geometry(windows, (-1,) * len(windows), ()))
    where = [[offsets[path] for path in np.flatnonzero(row.any(axis=1))] for row in found.data[0]]
    assert where == [[16], [24], [4], [4], [24, 28], [28]]


def test_vfp_accesses_move_the_words_of_their_registers(run_source):
    text = assembly(
        "    bx lr\n    vldr d0, [r0, #8]\n    vldmia r0!, {s0-s2}\n    vstmdb r0!, {d1, d2}\n    vpush {d8}"
    )
    image, _, _ = run_source(text.replace(".thumb\n", ".thumb\n    .fpu fpv4-sp-d16\n", 1), suffix=".s")
    start = image.symbol("test")
    records = {int(at) - start: record[3:].tolist() for at, record in zip(*find_accesses(image), strict=True)}
    # offset, words, 1 for a store
    assert {at: records[at] for at in (2, 6, 10, 14)} == {2: [8, 2, 0], 6: [0, 3, 0], 10: [-16, 4, 1], 14: [-8, 2, 1]}


# 60 bytes of nops, then the branch back: 64 bytes, four lines of 16, three times.
LOOP = "    movs r0, #3\n    b.n 1f\n    .p2align 6\n1:\n" + "    nop\n" * 30 + "    subs r0, #1\n    bne 1b\n    bx lr"


@pytest.mark.parametrize(("lines", "misses"), [(8, 6), (4, 6), (3, 12 + 2), (2, 12 + 2)])
def test_lines_of_code(count, lines, misses):
    # The line of movs and b, then 4 lines three times, then the line of bx. With room for the loop each misses once;
    # with less, the line that comes next is always the one that has just gone.
    found, _ = count(LOOP, Geometry((CODE,), (-1, -1), (CacheShape(1, lines, 16),)))
    touches, missed = found.fetches[0].sum(axis=0).tolist()
    assert touches == 1 + 4 * 3 + 1
    assert missed == misses


def test_code_and_data_share_a_cache(count):
    body = f"    ldr r1, ={0x0800_0000 + 4096}\n    ldr r2, [r1]\n    nop\n    b.n 1f\n    .p2align 4\n1:  bx lr"
    shape = CacheShape(sets=1, ways=1, line_bytes=1024)
    shared = Geometry((CODE,), (-1, 0), (shape,))
    alone = Geometry((CODE,), (-1, 1), (shape, shape))
    found, _ = count(body, alone)
    assert found.data[0, :, 1].sum(axis=0).tolist() == [2, 2, 0, 0, 0]  # the literal, and the word in another line
    assert found.fetches[0].sum(axis=0).tolist() == [1, 1]
    found, _ = count(body, shared)
    assert found.data[0, :, 1].sum(axis=0).tolist() == [2, 1, 0, 0, 0]  # the literal came with the code


def test_a_geometry_names_only_what_is_there():
    with pytest.raises(ValueError, match="cache beyond the 0"):
        Geometry((CODE,), (-1, -1), ())
    with pytest.raises(ValueError, match="path beyond the 1"):
        Geometry((FLASH,), (-1,), ())


def test_serializes(count):
    found, _ = count(PASSES.format(words=8, access="ldr"), one_cache(CacheShape(4, 2, 32)))
    again = MemoryTrace.from_bytes(found.to_bytes())
    for name in ("data_at", "data", "fetch_at", "fetches"):
        assert (getattr(again, name) == getattr(found, name)).all()
    assert found.data.sum() > 0
