"""What `bnnsim time` refuses, and in which words: wrong usage, files that are no programs, faults, untimeable code."""

from __future__ import annotations

import pytest

from tests.cli.elf_programs import build

STORES = """
    .text
    .type changes_itself, %function
changes_itself:
    adr r0, 1f
    ldr r1, =0xbf003001  // adds r0, #1; nop
    str r1, [r0]
    .balign 4
1:  nop
    nop
    bx lr
    .ltorg
    .size changes_itself, . - changes_itself
    .type calls_ram, %function
calls_ram:
    ldr r0, =in_ram
    bx r0
    .section .ram_code, "awx", %progbits
    .type in_ram, %function
in_ram: nop
    bx lr
    .balign 4
"""


def test_code_that_cannot_be_timed(tmp_path, run_time):
    in_ram = build(tmp_path / "ram", code=0x2000_8000, data=0x2001_8000, extra=STORES)
    code, _, err = run_time(in_ram, "--call", "changes_itself")
    assert (code, "changed its own code" in err) == (1, True)
    assert ("changes_itself" in err, "nop" in err, "adds r0, #1" in err) == (True, True, True)
    assert run_time(in_ram, "--call", "calls_ram")[0] == 0


def test_code_in_two_memories_takes_the_same_cycles_as_in_one(tmp_path, timed):
    far, near = build(tmp_path / "far", extra=STORES), build(tmp_path / "near", code=0x2000_8000, data=0x2001_8000,
                                                             extra=STORES)  # fmt: skip
    found = [timed(elf, "--call", "calls_ram") for elf in (far, near)]
    assert found[0]["cycles"] == found[1]["cycles"] > 0
    assert {f["name"] for f in found[0]["functions"]} == {"calls_ram", "in_ram"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--call", "fibb"], "did you mean 'fib'"),
        (["--call", "table"], "no Thumb code"),
        (["--call", "fib", "--args", "tabel"], "did you mean 'table'"),
        (["--call", "fib", "--args", "0x100000000"], "32-bit"),
        (["--args", "3"], "--args needs --call"),
        (["--call", "fib", "--args", "1,,2"], "found ''"),
        (["--to", "count_ned"], "did you mean 'count_end'"),
        (["--call", "fib", "--core", "cortex-m5"], "unknown core"),
        (["--call", "fib", "--memory", "data.bin"], "FILE@ADDR"),
        (["--call", "fib", "--memory", "no-such.bin@0x20000000"], "cannot read"),
        (["--call", "fib", "--json", "-", "--annotate"], "--annotate"),
        (["--from", "count_end", "--to", "count_end"], "same address"),
    ],
)
def test_wrong_usage(elf, run_time, arguments, words):
    code, _, err = run_time(elf, *arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_memory_over_code(elf, run_time, tmp_path):
    (tmp_path / "zeros.bin").write_bytes(bytes(64))
    code, _, err = run_time(elf, "--call", "fib", "--memory", f"{tmp_path}/zeros.bin@fib")
    assert (code, "overwrite" in err) == (2, True)


def test_not_a_program(elf, tmp_path, run_time):
    assert run_time(tmp_path / "none.elf")[0] == 2
    assert run_time(tmp_path)[0] == 2
    text = tmp_path / "text.elf"
    text.write_text("no program")
    assert "not an ELF file" in run_time(text)[2]
    for size in (20, 60, 400, len(elf.read_bytes()) // 2):
        text.write_bytes(elf.read_bytes()[:size])
        assert run_time(text)[0] == 1
    assert run_time(elf.parent / "program.o", "--call", "fib")[0] == 1


def test_faults_are_diagnosed(elf, run_time):
    code, _, err = run_time(elf, "--call", "read", "--args", "0x70000000")
    assert code == 1
    assert "read of unmapped memory at 0x70000000" in err
    assert "read+0x0 (program.c:" in err
    code, _, err = run_time(elf, "--call", "endless", "--limit", "1000")
    assert (code, "endless loop?" in err) == (1, True)
    code, _, err = run_time(elf, "--from", "fib")
    assert (code, "BKPT at" in err and "before the start of counting" in err) == (1, True)


def test_wrong_arguments_trap(elf, run_time):
    code, _, err = run_time(elf, "--call", "check_six", "--args", "1,2,3,4,5,6")
    assert code == 1
    assert "check_six" in err


def test_armv7_code_on_a_smaller_core_is_named(elf, run_time):
    code, _, err = run_time(elf, "--core", "cortex-m0plus", "--call", "it_heavy", "--args", "5")
    assert code == 1
    assert "it_heavy" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m0"])
def test_misaligned_data_fault_on_armv6m(m0_elf, run_time, core):
    assert run_time(m0_elf, "--core", core, "--call", "read", "--args", "0x20000004")[0] == 0
    code, _, err = run_time(m0_elf, "--core", core, "--call", "read", "--args", "0x20000001")
    assert code == 1
    assert "in read: misaligned data access, which faults on core" in err
