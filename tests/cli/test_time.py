"""`bnnsim time` on foreign ELF files and on our own: results, JSON, memory, messages."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import pytest
from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn import arm_const as uc

from bnnsim.build.image import load_image
from bnnsim.isa import load_isa
from bnnsim.timing.core import load_core
from bnnsim.timing.price import price
from bnnsim.timing.program import decode_program
from tests.cli.elf_programs import build
from tests.emulate.programs import C_PROGRAMS, FLAGS_IN_IT, LONG_BLOCK

CALLS = [("fib", "10"), ("through", "21"), ("switched", "40"), ("it_heavy", "50")]


def test_json_contract(elf, timed):
    found = timed(elf, "--call", "fib", "--args", "9")
    promised = {"schema", "core", "board", "cycles", "instructions", "stalls", "functions", "unknown"}
    assert set(found) == promised | {
        "clock_hz", "milliseconds", "sources", "includes_unknown", "unvalidated", "exit_code", "notes",
    }  # fmt: skip
    assert (found["clock_hz"], found["milliseconds"], found["exit_code"]) == (None, None, None)
    assert (found["schema"], found["core"], found["board"]) == (1, "cortex-m4", "zero-wait")
    assert found["unknown"] == []
    assert found["stalls"]["branch_refill"] > 0
    assert [f["name"] for f in found["functions"]] == ["fib"]
    assert found["cycles"] > found["instructions"] > 0


@pytest.mark.parametrize(("function", "argument"), CALLS)
def test_functions_add_up(elf, timed, function, argument):
    found = timed(elf, "--call", function, "--args", argument)
    assert sum(f["cycles"] for f in found["functions"]) == found["cycles"]
    assert sum(f["instructions"] for f in found["functions"]) == found["instructions"]


def m0plus_oracle(elf, function, argument):
    """Cycles and instructions by a hook on every instruction and the M0+'s table, written out once more."""
    image = load_image(elf.read_bytes(), load_isa("base"))
    engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
    engine.ctl_set_cpu_model(uc.UC_CPU_ARM_CORTEX_M0)
    engine.mem_map(0, 1 << 20)
    engine.mem_map(0x2000_0000, 1 << 20)
    for segment in image.segments:
        engine.mem_write(segment.address, segment.data)
    engine.reg_write(uc.UC_ARM_REG_R0, argument)
    engine.reg_write(uc.UC_ARM_REG_SP, 0x2008_0000)
    engine.reg_write(uc.UC_ARM_REG_LR, 0xF0001)
    executed = []
    engine.hook_add(UC_HOOK_CODE, lambda _, address, size, __: executed.append((address, size)))
    engine.emu_start(image.symbol(function) | 1, 0xF0000)
    disassembler = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    cycles = 0
    following = [address for address, _ in executed[1:]] + [0xF0000]
    for (address, size), after in zip(executed, following, strict=True):
        text = next(disassembler.disasm(image.read(address, size), address))
        name, count = text.mnemonic, text.op_str.count(",") + 1
        to_pc = name in ("mov", "add") and text.op_str.startswith("pc")
        cycles += 1
        if name in ("push", "pop"):
            cycles += count + 2 * ("pc" in text.op_str)
        elif name.startswith(("ldm", "stm")):
            cycles += count - 1
        elif name.startswith(("ldr", "str")):
            cycles += 1
        elif name == "bl":
            cycles += 2
        elif name in ("bx", "blx") or to_pc or name == "b" or (name.startswith("b") and after != address + size):
            cycles += name not in ("bics", "bic")
    return cycles, len(executed)


@pytest.mark.parametrize(("function", "argument"), CALLS)
def test_m0plus_equals_an_independent_count(m0_elf, timed, function, argument):
    found = timed(m0_elf, "--core", "cortex-m0plus", "--call", function, "--args", argument)
    assert (found["cycles"], found["instructions"]) == m0plus_oracle(m0_elf, function, int(argument))


PROGRAMS = {name: (text, ".c") for name, text in C_PROGRAMS.items()}
PROGRAMS |= {"long_block": (LONG_BLOCK, ".s"), "flags_in_it": (FLAGS_IN_IT, ".s")}


@pytest.mark.parametrize("name", PROGRAMS)
def test_our_own_images_take_what_a_study_says(name, run_source, timed, tmp_path):
    text, suffix = PROGRAMS[name]
    image, _, trace = run_source(text, args=(20,), suffix=suffix)
    (tmp_path / "own.elf").write_bytes(image.elf)
    found = timed(tmp_path / "own.elf", "--call", "test", "--args", "20")
    timing = price(decode_program(trace, image, load_core("cortex-m4")))
    assert (found["cycles"], found["instructions"]) == (timing.cycles[0], timing.instructions[0])


def test_place_of_code_does_not_matter(elf, tmp_path, timed):
    expected = timed(elf, "--call", "it_heavy", "--args", "50")
    ram = build(tmp_path / "ram", code=0x2000_8000, data=0x2001_8000)  # code in RAM
    odd = build(tmp_path / "odd", code=0x0810_F800, data=0x1000_0400)  # crosses a page; data in core-coupled RAM
    for other in (ram, odd):
        assert timed(other, "--call", "it_heavy", "--args", "50") == expected
        timed(other, "--call", "check_data")
        assert {f["name"] for f in timed(other)["functions"]} == {"start", "sum"}


def test_arguments_memory_and_data(elf, timed, tmp_path):
    timed(elf, "--call", "check_six", "--args", "1,2,3,4", "--args", "5,-4")
    timed(elf, "--call", "check_data")
    (tmp_path / "numbers.bin").write_bytes(struct.pack("<3i", 10, 20, -5))
    for where in ("0x20010000", "zeros", "0x60001234", "0x6000fffc"):
        timed(elf, "--call", "check_sum", "--args", f"{where},3,25", "--memory", f"{tmp_path}/numbers.bin@{where}")
    timed(elf, "--call", "check_sum", "--args", "table,8,36")


def test_negative_argument(elf, timed):
    assert timed(elf, "--call", "fib", "--args", "-5")["functions"][0]["instructions"] < 10


def test_condition_failed_return_costs_one_cycle(tmp_path, timed):
    text = """
    .text
    .type returns, %function
returns:
    push {r4, lr}
    cmp r0, #5
    it hi
    pophi {r4, pc}
    pop {r4, pc}
    """
    elf = build(tmp_path, extra=text)
    # entry's refill 1, push 3, cmp 1, IT 0, failed pop 1, pop 3
    assert timed(elf, "--call", "returns", "--args", "1")["cycles"] == 1 + 3 + 1 + 1 + 3
    assert timed(elf, "--call", "returns", "--args", "6")["cycles"] == 1 + 3 + 1 + 3


def test_from_reset(elf, timed):
    whole = timed(elf)
    assert {f["name"] for f in whole["functions"]} == {"start", "sum"}
    called = timed(elf, "--call", "sum", "--args", "table,8")
    part = timed(elf, "--from", "count_begin", "--to", "count_end")
    assert part["cycles"] == called["cycles"] + 1  # bl; its refill is the function's
    assert part["instructions"] == called["instructions"] + 1
    to_end = timed(elf, "--from", "count_begin")
    assert to_end["instructions"] == part["instructions"] + 1  # nop, then BKPT ends


def test_table(elf, run_time):
    code, out, err = run_time(elf, "--call", "through", "--args", "9")
    assert (code, err) == (0, "")
    assert "program.elf · through · cortex-m4" in out
    assert "CPI" in out and "stalls: branch refill" in out and "cycles rest on: manuals" in out
    assert any(line.split()[:1] == ["a"] and "%" in line for line in out.splitlines())


def test_annotate(elf, run_time):
    code, out, _ = run_time(elf, "--call", "through", "--args", "9", "--annotate")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    add = next(row for row in rows if row[4:] == ["adds", "r0,", "#1", "branch", "refill", "5", "program.c:6"])
    assert add[:2] == ["5", "10"]  # the first pointer is called in 5 of 9 rounds: branch target 1, add 1
    assert "stall cycles" in out
    assert next(row for row in rows if "bxlt" in row)[:2] == ["1", "1"]  # conditions of IT blocks are shown
    assert not [row for row in rows if "fib" in row]


CUSTOM = """
    .text
    .type count_bits, %function
    .global count_bits
count_bits:
    .inst.w {word:#x}
    bx lr
    .size count_bits, . - count_bits
"""


def test_custom_instructions(tmp_path, run_time, timed):
    instruction = load_isa("popcnt").instructions[0]
    word = instruction.encoding.value | 0 << 12 | 0 << 16
    elf = build(tmp_path, extra=CUSTOM.format(word=word))
    assert timed(elf, "--isa", "popcnt", "--call", "count_bits", "--args", "7")["instructions"] == 2
    _, out, _ = run_time(elf, "--isa", "popcnt", "--call", "count_bits", "--annotate")
    assert f"{instruction.mnemonic} r0" in out
    code, _, err = run_time(elf, "--call", "count_bits")
    assert code == 1
    assert "no selected extension defines" in err


def test_json_file(elf, run_time, tmp_path):
    code, out, _ = run_time(elf, "--call", "fib", "--args", "5", "--json", tmp_path / "out.json")
    assert code == 0
    assert "CPI" in out
    assert json.loads((tmp_path / "out.json").read_text())["functions"][0]["name"] == "fib"


def test_help_imports_nothing_heavy():
    heavy = {"numpy", "numba", "unicorn", "rich", "pydantic", "yaml", "capstone", "elftools"}
    code = f"import sys; from bnnsim.cli.main import main; main(['time', '--help']); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--annotate" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"
