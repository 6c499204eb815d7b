"""Pricing a whole program: the same cycles by scope, reason, source and address; custom costs; errors."""

from dataclasses import replace

import numpy as np
import pytest

from bnnsim.errors import CostError, UsageError
from bnnsim.isa import CX2, Extension, Isa, Source, u32
from bnnsim.timing.core import load_core
from bnnsim.timing.explain import cycles_by_address, explain, stalls_by_address
from bnnsim.timing.price import decode_program, price
from tests.timing.bench import CODE, RAM, RAM_BYTES, assemble, trace

popcnt = Extension("popcnt", "Population count of one register.")


@popcnt.instruction(CX2(op=0), latency=1, source=Source.assumed("a guess"), vectors=[((3,), 2)])
def popc(n: u32) -> u32:
    """Count the set bits of n."""
    return bin(n).count("1")


# Calls, divides, IT blocks and one custom instruction, executed 5 times and skipped 5 times.
TEXT = f"""
.thumb_func
start: push {{r4,lr}}
movs r0,#10
again: bl work
subs r0,#1
bne again
pop.w {{r4,lr}}
b.w end
.thumb_func
work: ldr r1,[r2]
ldr r3,[r2,#4]
udiv r3,r1,r0
tst r0,#1
ite ne
strne r3,[r2,#8]
.inst.w {CX2(op=0).value | 1 << 12 | 1 << 16:#x}
bx lr
.thumb_func
end: nop
"""
ISA = Isa("popcnt", (popcnt,))
REGISTERS = {"r2": RAM, "sp": RAM + RAM_BYTES}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return assemble(TEXT, tmp_path_factory.mktemp("price"), ISA)


@pytest.fixture(scope="module")
def traced(image):
    one = trace(image, "start", "end", REGISTERS)
    site = next(iter(image.sites))
    misaligned_at, load = np.array([image.symbol("work")]), np.array([[[3, 2]]])
    one = replace(one, misaligned_at=misaligned_at, misaligned=load)
    assert one.skipped[0][list(one.skipped_at).index(site)] == 5
    twice = {n: np.concatenate([getattr(one, n)] * 2) for n in ("counts", "skipped", "divides", "misaligned")}
    return replace(one, scopes=("a", "b"), **twice)


@pytest.fixture(scope="module")
def program(image, traced):
    return decode_program(traced, image, load_core("cortex-m4"))


def test_every_cycle_is_accounted_for(program):
    for costs in ({}, {"popcnt.popc.latency": 4}, {"popcnt.popc.issue_cycles": 4}):
        timing, found = price(program, custom_costs=costs), explain(program, custom_costs=costs)
        assert timing.cycles.dtype == np.int64
        assert (sum(found.sources.values()) == timing.cycles).all()
        assert sum(cycles_by_address(program, custom_costs=costs).values()) == timing.cycles.sum()
        assert sum(cycles_by_address(program, custom_costs=costs, scope=1).values()) == timing.cycles[1]


def test_stalls_by_address_add_up_to_those_of_the_scope(program):
    found, total = stalls_by_address(program, scope=1), explain(program).stalls
    for reason, cycles in total.items():
        assert sum(by.get(reason, 0) for by in found.values()) == cycles[1]
    assert all(by and all(by.values()) for by in found.values())


def test_instructions(program):
    assert list(price(program).instructions) == [2 + 10 * (3 + 8) + 2] * 2


def test_stalls(program):
    found = explain(program).stalls
    assert found["load_pipelining"][0] == -10
    assert found["misaligned"][0] == 3 * 1 + 2 * 2
    # taken: the start, ten calls, ten returns, nine times `bne`; the last `b.w` goes to the stop address
    assert found["branch_refill"][0] == 1 + 10 + 10 + 9


def test_sources(program):
    dearer = explain(program, custom_costs={"popcnt.popc.issue_cycles": 4}).sources
    assert dearer["assumed"][0] - explain(program).sources["assumed"][0] == 5 * 3


def test_issue_cycles_count_where_the_condition_holds(program, image):
    dearer, cheaper = price(program, custom_costs={"popcnt.popc.issue_cycles": 5}).cycles, price(program).cycles
    assert list(dearer - cheaper) == [5 * 4] * 2
    site = next(iter(image.sites))
    by_address = cycles_by_address(program, custom_costs={"popcnt.popc.issue_cycles": 5}, scope=0)
    assert by_address[site] - cycles_by_address(program, scope=0)[site] == 5 * 4


def test_core_with_other_numbers(program):
    core = load_core("cortex-m4")
    dearer = price(program, core.with_overrides({"branch.cycles": 2})).cycles - price(program).cycles
    assert list(dearer) == [10 + 10 + 10 + 1] * 2
    fixed = price(program, core.with_overrides({"divide.cycles": 2})).cycles[0]
    assert fixed == price(program).cycles[0] - program.trace.divides[0, 0] @ [
        0, *(3 + (d + 3) // 4 - 2 for d in range(33))
    ]  # fmt: skip


@pytest.mark.parametrize("cycles", [0, 1.5, 1001, 10**30, float("inf")])
def test_refused_costs(program, cycles):
    with pytest.raises(UsageError, match=r"popcnt\.popc"):
        price(program, custom_costs={"popcnt.popc.latency": cycles})


def test_group_missing_in_the_other_core(program):
    core = load_core("cortex-m4")
    groups = {name: group for name, group in core.groups.items() if name != "divide"}
    with pytest.raises(CostError, match="divide"):
        price(program, core.model_copy(update={"groups": groups}))


@pytest.mark.parametrize(
    ("asm", "words"),
    [
        ("svc #1", [f"{CODE:#010x} in start", "df01", "svc #1", "cortex-m4"]),
        (".inst.w 0xf7f00000", ["f7f0 0000 (no instruction"]),
        (".inst.w 0xee400000", [f"{CODE:#010x}", "ee40 0000 (cdp", "popc r0, r0 with --isa popcnt"]),
    ],
)
def test_no_cost(tmp_path, traced, asm, words):
    image = assemble(f".type start,%function\nstart: {asm}\n.size start,.-start", tmp_path)
    blocks = np.array([[CODE, 2]])
    counts = np.ones((2, 1), np.int64)
    bad = replace(traced, blocks=blocks, edges=np.array([[-1, 0]]), counts=counts)
    with pytest.raises(CostError) as error:
        decode_program(bad, image, load_core("cortex-m4"))
    for word in words:
        assert word in str(error.value)


def test_divide_without_operands(image, traced):
    bare = replace(traced, divides_at=traced.divides_at[:0], divides=traced.divides[:, :0])
    with pytest.raises(CostError, match="operand"):
        decode_program(bare, image, load_core("cortex-m4"))


C_SOURCE = """
static int table[64];
static __attribute__((noinline)) int step(int a, unsigned b) { return b & 1 ? a / (int)(b % 7 + 1) : a * 3 + (int)b; }
int test(void) {
    int sum = 0;
    for (unsigned i = 0; i < 64; i++) { table[i] = step(sum, i * 2654435761u); sum += table[i] > 9 ? table[i] : -1; }
    for (int i = 1; i < 64; i++) if (table[i] < table[i - 1]) table[i] = sum; else sum ^= table[i];
    return sum;
}
"""


def test_emulator_and_plain_tracer_agree(run_source):
    image, _, emulated = run_source(C_SOURCE)
    plain = trace(image, "test", "bnnsim_end", {"sp": RAM + RAM_BYTES, "lr": image.symbol("bnnsim_end") | 1})
    core = load_core("cortex-m4")
    first, second = (price(decode_program(t, image, core)) for t in (emulated, plain))
    assert first.cycles[0] == second.cycles[0]
    assert first.instructions[0] == second.instructions[0]


def test_divide_that_never_executed_needs_no_operands(tmp_path):
    image = assemble("start: cmp r0,r0\nit ne\nudivne r0,r1,r2\nend: nop", tmp_path)
    found = trace(image, "start", "end", {})
    bare = replace(found, divides_at=found.divides_at[:0], divides=found.divides[:, :0])
    # refill, compare, failed divide
    assert price(decode_program(bare, image, load_core("cortex-m4"))).cycles[0] == 1 + 1 + 1
