"""Whole programs on the cores that follow registers: sums, branch history, bands, replays across branches."""

from dataclasses import replace

import numpy as np
import pytest

from bnnsim.errors import UsageError
from bnnsim.timing.band import price_band
from bnnsim.timing.core import load_core
from bnnsim.timing.explain import cycles_by_address, explain, stalls_by_address
from bnnsim.timing.price import decode_program, edge_ticks, make_costs, price, program_rows
from tests.timing.bench import RAM, RAM_BYTES, Loop, assemble, assemble_loops, cycles_per_iteration, trace

CORES = ("cortex-m7", "cortex-m33")

# Calls, divides, IT blocks, byte loads, multiplies, stores before loads, shifted operands.
SOURCE = """
.thumb_func
start: movs r5,#10
outer: bl inner
    subs r5,#1
    bne outer
    b.w end
.thumb_func
inner: push {r4,r5,lr}
    ldr r1,[r2]
    ldrb r3,[r2,#5]
    mla r1,r1,r3,r1
    add.w r1,r1,r3,lsl #3
    str r1,[r2,#8]
    ldr r6,[r2,#8]
    adds r6,#0x1000
    tst r5,#1
    ite eq
    addeq r1,r1,r6
    ldmne r2,{r3,r6}
    udiv r1,r1,r5
    cmp r5,#5
    blt 1f
    ubfx r1,r1,#2,#3
1:  pop {r4,r5,pc}
end: nop
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return assemble(SOURCE, tmp_path_factory.mktemp("accounts"))


@pytest.fixture(scope="module")
def traced(image):
    """Two scopes with unequal counts, so that halves are left over; mispredictions, targets, misaligned data."""
    found = trace(image, "start", "end", {"r2": RAM, "sp": RAM + RAM_BYTES})
    blocks = found.blocks.tolist()
    loop = next(n for n, (a, s) in enumerate(blocks) if a + s == image.symbol("outer") + 8 & ~1)
    pop = next(n for n, (a, s) in enumerate(blocks) if a + s == image.symbol("end"))
    odd = np.arange(found.counts.shape[1]) % 3
    return replace(
        found,
        scopes=("a", "b"),
        counts=np.concatenate([found.counts, found.counts + odd]),
        skipped=np.repeat(found.skipped, 2, axis=0),
        divides=np.repeat(found.divides, 2, axis=0),
        misaligned_at=np.array([image.symbol("inner") + 2 & ~1]),
        misaligned=np.array([[[3, 2]], [[1, 0]]]),
        branch_blocks=np.array([loop, pop]),
        mispredicts=np.array([[2, 0], [1, 0]]),
        target_changes=np.array([[0, 0], [0, 4]]),
    )


@pytest.fixture(params=CORES)
def program(request, traced, image):
    return decode_program(traced, image, load_core(request.param))


def test_every_cycle_is_accounted_for(program):
    timing, found = price(program), explain(program)
    assert timing.cycles.dtype == np.int64
    assert (sum(found.sources.values()) == timing.cycles).all()
    assert sum(cycles_by_address(program).values()) == timing.cycles.sum()
    for scope in (0, 1):
        assert sum(cycles_by_address(program, scope=scope).values()) == timing.cycles[scope]


def test_stalls_by_address_add_up_to_those_of_the_scope(program):
    for scope in (0, 1):
        found, total = stalls_by_address(program, scope=scope), explain(program).stalls
        for reason, cycles in total.items():
            assert sum(by.get(reason, 0) for by in found.values()) == cycles[scope], reason
        assert all(by and all(by.values()) for by in found.values())


def test_reasons(program):
    expected = {
        "cortex-m7": {"fetch", "operand", "no_pair", "store_to_load", "odd_encoding", "misaligned", "mispredict",
                      "target_change"},
        "cortex-m33": {"fetch", "operand", "branch_refill", "ride_along", "flag_setting", "odd_encoding",
                       "misaligned"},
    }  # fmt: skip
    assert set(explain(program).stalls) == expected[program.core.name]


def test_stalls(traced, image):
    m7 = explain(decode_program(traced, image, load_core("cortex-m7"))).stalls
    assert m7["store_to_load"][0] > 0
    assert m7["operand"][0] > m7["no_pair"][0] > 0
    assert m7["misaligned"].tolist() == [5, 1]
    m33 = explain(decode_program(traced, image, load_core("cortex-m33"))).stalls
    assert m33["ride_along"][0] == -(10 + 10)  # both branches on a condition; the IT follows a 32-bit TST
    assert m33["flag_setting"][0] == 10  # adds with a shifted constant
    assert "mispredict" not in m33


def test_mispredictions_and_targets(traced, image):
    core = load_core("cortex-m7")
    found = explain(decode_program(traced, image, core)).stalls
    assert found["mispredict"].tolist() == [2 * 12, 1 * 12]  # the flags are set just before
    assert found["target_change"].tolist() == [0, 4 * 8]
    dearer = core.with_overrides({"mispredict.late_cycles": 20, "target_change.cycles": 3})
    found = explain(decode_program(traced, image, dearer)).stalls
    assert found["mispredict"].tolist() == [2 * 20, 1 * 20]
    assert found["target_change"].tolist() == [0, 4 * 3]


def test_flags_set_early_cost_less(tmp_path):
    body = "subs r0,#1\nmul r1,r1,r1\nmul r1,r1,r1\nmul r1,r1,r1\nbne loop"  # the branch three cycles after the flags
    image = assemble_loops([Loop("", body, 6)], tmp_path)
    found = trace(image, "loop0", "end0", {"r0": 9, "r1": 3})
    last = len(found.blocks) - 1
    assert found.blocks[last, 0] == image.symbol("loop0") & ~1
    found = replace(found, branch_blocks=np.array([last]), mispredicts=np.array([[5]]), target_changes=np.array([[0]]))
    core = load_core("cortex-m7")
    distant = explain(decode_program(found, image, core)).stalls["mispredict"]
    assert distant.tolist() == [5 * 3]
    core = core.with_overrides({"mispredict.early_distance_cycles": 7})
    assert explain(decode_program(found, image, core)).stalls["mispredict"].tolist() == [5 * 12]


def test_rounding_is_to_the_nearest_halves_up(tmp_path):
    image = assemble_loops([Loop("", "ldr r1,[r2]\nsubs r0,#1\nbne loop", 1.5)], tmp_path)
    core = load_core("cortex-m7")
    found = []
    for iterations in (10, 11):
        program = decode_program(trace(image, "loop0", "end0", {"r0": iterations, "r2": RAM}), image, core)
        ticks = program.trace.counts @ edge_ticks(program, program_rows(program, make_costs(program, core, {})).ends)
        assert price(program).cycles.tolist() == [(int(ticks[0]) + 1) // 2]
        found.append(int(ticks[0]) % 2)
    assert sorted(found) == [0, 1]


def test_replay_goes_across_taken_branches(tmp_path):
    """A multiply at the end of one block holds up its use two blocks later."""
    body = "mul r1,r1,r3\nb 1f\n.balign 8\n1: b 2f\n.balign 8\n2: mul r1,r1,r3\nsubs r0,#1\nbne loop"
    image = assemble_loops([Loop("", body, 4)], tmp_path)
    assert cycles_per_iteration(image, 0, Loop("", body, 4), load_core("cortex-m7")) == 4


def test_band(program):
    low, high = price_band(program)
    nominal = price(program)
    assert (low.cycles <= nominal.cycles).all()
    assert (nominal.cycles <= high.cycles).all()
    assert low.cycles.sum() < high.cycles.sum()
    assert (low.instructions == nominal.instructions).all()


def test_band_prices_every_corner(program):
    core = program.core
    first, second = list(core.band)[:2]
    two = core.model_copy(update={"band": {first: (1, 5), second: (1, 3)}})
    corners = [{first: a, second: b} for a in (1, 5) for b in (1, 3)]
    cycles = [price(program).cycles, *(price(program, core.with_overrides(c)).cycles for c in corners)]
    low, high = price_band(program, two)
    assert (low.cycles == np.min(cycles, axis=0)).all()
    assert (high.cycles == np.max(cycles, axis=0)).all()


def test_band_of_a_core_without_one(traced, image):
    core = load_core("cortex-m7")
    bare = core.model_copy(update={"band": {}})
    program = decode_program(traced, image, bare)
    low, high = price_band(program)
    assert (low.cycles == high.cycles).all()


def test_band_with_too_many_keys(program):
    many = dict.fromkeys(list(program.core.settings)[:7], (1, 2))
    with pytest.raises(UsageError, match="7 keys"):
        price_band(program, program.core.model_copy(update={"band": many}))
