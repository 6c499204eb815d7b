"""Memory operands of custom instructions: what they read and write, and the diagnosis when they cannot."""

import re
from dataclasses import replace

import pytest

from bnnsim.build.program import Builder
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.layouts import function_plan
from bnnsim.emulate.run import emulate
from bnnsim.errors import EmulationFault
from bnnsim.isa import load_isa
from tests.conftest import FLASH, RAM

UNIT = """
from bnnsim.isa import *
unit = Extension("unit", "A register of 32 bytes and a mask.", state_words=9)
COST = {"source": Source.assumed("test")}
LINE = list(range(1, 9))
BYTES = [byte for word in LINE for byte in (word, 0, 0, 0)]
@unit.instruction(LDC(op=0, coprocessor=7), loads_bytes=32, **COST, vectors=[(([], BYTES), Effect(state=LINE))])
def fill(state, memory):
    for at in range(8):
        state[at] = memory[at]
@unit.instruction(STC(op=0, coprocessor=7), stores_bytes=32, **COST, vectors=[((LINE, []), Effect(memory=BYTES))])
def put(state, memory):
    for at in range(8):
        memory[at] = state[at]
@unit.instruction(STC(op=1, coprocessor=7), stores_bytes=32, **COST,
                  vectors=[((LINE + [0x11], []), Effect(memory=[1, None, None, None, 2]))])
def put_masked(state, memory):
    for at in range(8):
        memory[at] = state[at]
    return int(state[8])
@unit.instruction(STC(op=2, coprocessor=7), stores_bytes=32, **COST,
                  vectors=[((LINE, []), Effect(memory=[1] + [0] * 31))])
def put_first(state, memory):
    memory[0] = state[0]
@unit.instruction(MCR(op=0, coprocessor=7), **COST, vectors=[((5, []), Effect(state=[0] * 8 + [5]))])
def set_mask(n, state):
    state[8] = n
"""
AT = RAM + 0x100000
TOP = RAM + (4 << 20)  # the first address behind RAM
LINE = bytes(range(0x40, 0x60))
OLD = bytes(range(0xC0, 0xE0))


@pytest.fixture(scope="module")
def isa(tmp_path_factory):
    path = tmp_path_factory.mktemp("unit") / "unit.py"
    path.write_text(UNIT)
    return load_isa(str(path))


@pytest.fixture
def run(isa, tmp_path, regions):
    """Run assembly with r0 = AT, where 64 bytes of OLD twice follow LINE; returns 160 bytes from AT - 32."""

    def call(text, r0=AT, r1=0, regions=regions):
        head = '#include "isa.h"\n__attribute__((naked)) void test(void)\n{\n    __asm__ volatile('
        lines = "".join(f'        "{line.strip()}\\n"\n' for line in text.strip().splitlines())
        source = tmp_path / "program.c"
        source.write_text(f'{head}\n{lines}        "bx lr");\n}}\n')
        builder = Builder(load_toolchain("clang", "cortex-m4"), isa, Cache(), FLASH, RAM)
        image = builder.build_function(source, "test")
        plan = function_plan(image, "test", regions, (r0, r1))
        (part,) = plan.slices
        writes = ((AT, LINE + OLD + OLD), (TOP - 32, OLD))
        plan = replace(plan, writes=writes, slices=(replace(part, output=("memory", AT - 32, 160)),))
        return emulate(image, plan, "cortex-m4").outputs["memory"]

    return call


def test_lines_go_through_the_unit(run):
    left = run("bnnsim_fill r0, 32\nbnnsim_put r0, 0")
    assert left[32:] == LINE + LINE + OLD + bytes(32)


@pytest.mark.parametrize("step", [4, 32, 1020, -4, -32, -1020, 0])
def test_the_address_is_stepped_afterwards(run, step):
    """The program stores the address that the load left, and that the store leaves."""
    left = run(f"mov r2, r0\nbnnsim_fill r2, {step}\nstr r2, [r0, #96]\nbnnsim_put r2, {step}\nstr r2, [r0, #100]")
    stepped = [int.from_bytes(left[at : at + 4], "little") for at in (128, 132)]
    assert stepped == [AT + step, AT + 2 * step]


@pytest.mark.parametrize("mask", [0, 1, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x0F0FF0F1, 0xAAAAAAAA])
def test_only_the_bytes_of_the_mask_are_stored(run, mask):
    left = run("bnnsim_fill r0, 32\nbnnsim_set_mask r1\nbnnsim_put_masked r0, 0", r1=mask)
    assert left[64:96] == bytes((LINE if mask >> at & 1 else OLD)[at] for at in range(32))
    assert left[96:128] == OLD


def test_memory_that_a_store_leaves_alone_is_zero(run):
    left = run("bnnsim_fill r0, 32\nbnnsim_put r0, 32\nbnnsim_put_first r0, 0")
    assert left[32:128] == LINE + LINE + LINE[:4] + bytes(28)


def test_lines_across_two_regions(run, regions):
    """RAM of other people's programs is in several regions where their rights differ."""
    (ram,) = (r for r in regions if r.address <= AT < r.address + r.size_bytes)
    size = AT + 1024 - ram.address
    parts = replace(ram, size_bytes=size), replace(ram, address=AT + 1024, size_bytes=ram.size_bytes - size)
    text = f"add r2, r0, #{1024 - 4}\nbnnsim_fill r0, 0\nbnnsim_put r2, 0\nbnnsim_fill r2, 0\nbnnsim_put r0, 0"
    left = run(text + "\nldr r3, [r2, #28]\nstr r3, [r0, #32]", regions=(*(r for r in regions if r != ram), *parts))
    assert left[32:96] == LINE + LINE[28:] + OLD[4:]


LOAD, STORE = "bnnsim_fill r0, 4", "bnnsim_put r0, 4"
MASKED = "bnnsim_set_mask r1\nbnnsim_put_masked r0, 0"
UNALIGNED = r"misaligned address in an instruction that needs an aligned one .*LDC"
LEAVES = rf"unmapped memory: the operand at {TOP - 28:#x} leaves ram, which ends at {TOP:#x}"
FAULTS = {
    "load from nowhere": (LOAD, 0x40000000, 0, r"read of unmapped memory at 0x40000000 \(nearest memory: "),
    "load at null": (LOAD, 0, 0, r"read of unmapped memory at 0x00000000 \(nearest memory: flash, 0x08000000 "),
    "load across the end of RAM": (LOAD, TOP - 28, 0, f"read of {LEAVES}"),
    "load at the top of the address space": (LOAD, 0xFFFFFFF0, 0, r"read of unmapped memory at 0xfffffff0"),
    "store to nowhere": (STORE, 0x40000000, 0, r"write of unmapped memory at 0x40000000 \(nearest memory: "),
    "store to flash": (STORE, FLASH + 0x100, 0, r"write of read-only memory at 0x08000100 \(flash is read-only\)"),
    "store across the end of RAM": (STORE, TOP - 28, 0, f"write of {LEAVES}"),
    "masked byte behind RAM": (MASKED, TOP - 4, 0x10, rf"write of unmapped memory at {TOP:#x} \(nearest memory: ram"),
    "load at an odd address": (LOAD, AT + 1, 0, UNALIGNED),
    "load at a halfword": (LOAD, AT + 2, 0, UNALIGNED),
    "store at an odd address": (STORE, AT + 3, 0, UNALIGNED),
    "misaligned store of no byte": (MASKED, AT + 2, 0, UNALIGNED),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_faults_are_diagnosed(run, case):
    text, r0, r1, cause = FAULTS[case]
    with pytest.raises(EmulationFault, match=rf"\A{cause}") as caught:
        run(text, r0=r0, r1=r1)
    message = str(caught.value)
    name = re.findall(r"bnnsim_(\w+) r0", text)[-1]
    assert re.search(rf"  code +[0-9a-f]{{8}}  {name} \[r0\]", message)
    assert re.search(r"test\+0x[0-9a-f]+ \([\w/]*program\.c:\d+\)", message)
    assert f"r0={r0:08x}" in message  # not stepped


def test_what_the_mask_leaves_out_may_lie_behind_memory(run):
    run("mov r3, r0\nbnnsim_set_mask r1\nbnnsim_put_masked r3, 0", r0=TOP - 4, r1=0xF)
    run("mov r3, r0\nbnnsim_set_mask r1\nbnnsim_put_masked r3, 0", r0=0x40000000, r1=0)


def test_a_refused_store_in_an_it_block_is_no_fault_if_it_is_skipped(run):
    left = run("cmp r0, r0\nit ne\nbnnsim_put r0, 0", r0=FLASH)
    assert left[32:] == LINE + OLD + OLD + bytes(32)
