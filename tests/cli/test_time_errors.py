"""What `bnnsim time` refuses, and in which words: wrong usage, files that are no programs, faults, untimeable code."""

from __future__ import annotations

import struct
import subprocess
import sys

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
        (["--call", "fib", "--allow-unknown=-1"], "--allow-unknown: found -1; the cycles must be >= 0"),
        (["--call", "fib", "--allow-unknown=1001"], "0 to 1000"),
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--call", "fib", "--from", "sum"], "--from: sum was not reached before fib returned"),
        (["--call", "fib", "--to", "sum"], "--to: sum was not reached before fib returned"),
        (["--call", "fib", "--from", "fib", "--to", "sum"], "--to: sum was not reached before fib returned"),
        (
            ["--call", "through", "--args", "5", "--from", "a", "--to", "sum"],
            "--to: sum was not reached before through",
        ),
    ],
)
def test_what_a_call_never_reaches_is_named(elf, tmp_path, run_time, arguments, words):
    for program in (elf, without_breakpoint(elf, tmp_path / "endless.elf")):
        code, out, err = run_time(program, *arguments)
        assert (code, out) == (2, "")
        assert words in err
        assert "r0=" not in err


def test_a_start_that_reset_never_reaches_is_named(elf, run_time):
    code, out, err = run_time(elf, "--from", "fib")
    assert (code, out) == (2, "")
    assert "--from: fib was not reached before the BKPT at 0x" in err
    assert "in start" in err


def without_breakpoint(elf, path):
    """A copy of the program with a NOP in place of its BKPT."""
    data, bkpt = elf.read_bytes(), struct.pack("<HHH", 0xBF00, 0xBE00, 0xE7FE)  # nop, bkpt #0, b .
    assert data.count(bkpt) == 1
    path.write_bytes(data.replace(bkpt, struct.pack("<HHH", 0xBF00, 0xBF00, 0xE7FE)))
    return path


def test_from_and_to_that_are_reached_in_a_call(elf, tmp_path, timed):
    for program in (elf, without_breakpoint(elf, tmp_path / "endless.elf")):
        whole = timed(program, "--call", "through", "--args", "5")
        part = timed(program, "--call", "through", "--args", "5", "--from", "a")
        assert 0 < timed(program, "--call", "through", "--args", "5", "--to", "a")["cycles"] < part["cycles"]
        assert part["cycles"] < whole["cycles"]


def test_a_bkpt_before_to_is_told(elf, run_time):
    code, out, _ = run_time(elf, "--to", "fib")
    assert (code, ", --to fib was not reached" in out) == (0, True)


def changed(data, at, form, value):
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"", "the file is empty"),
        (lambda data: b"no program", "not an ELF file: it begins with the bytes 6e 6f 20 70; expected 7f 45 4c 46"),
        (lambda data: data[:3], "not an ELF file"),
        (lambda data: data[:20], "cut off: its ELF header"),
        (lambda data: data[:60], "cut off: its program headers"),
        (lambda data: data[:-1], "cut off: its section headers"),
        (lambda data: data[:400], "cut off: its section headers"),
        (lambda data: changed(data, 4, "B", 2), "a 64-bit ELF file; expected a 32-bit one"),
        (lambda data: changed(data, 5, "B", 2), "a big-endian ELF file; expected a little-endian one"),
        (lambda data: changed(data, 4, "B", 7), "unknown class 7"),
        (lambda data: changed(data, 18, "<H", 243), "an ELF file for RISC-V; expected Arm"),
        (lambda data: changed(data, 18, "<H", 999), "an ELF file for machine 999; expected Arm"),
        (lambda data: changed(data, 42, "<H", 8), "a broken ELF file: program headers of 8 bytes"),
    ],
)
def test_files_that_are_no_whole_arm_program(elf, tmp_path, run_time, change, words):
    path = tmp_path / "other.elf"
    path.write_bytes(change(elf.read_bytes()))
    code, out, err = run_time(path, "--call", "fib")
    assert (code, out) == (1, "")
    assert f"{path}: " in err and words in err
    assert "Traceback" not in err


def test_a_segment_that_is_cut_off(elf, tmp_path, run_time):
    data = elf.read_bytes()
    (programs_at,) = struct.unpack_from("<I", data, 28)
    (tmp_path / "cut.elf").write_bytes(changed(data, programs_at + 16, "<I", len(data)))  # p_filesz
    code, _, err = run_time(tmp_path / "cut.elf", "--call", "fib")
    assert (code, "cut off: its segment 0 would end at byte" in err) == (1, True)


@pytest.mark.parametrize("strip", [False, True])
def test_a32_code(tmp_path, run_time, strip):
    (tmp_path / "a.s").write_text(".arm\n.global _start\n.type _start, %function\n_start: mov r0, #1\n bx lr\n")
    zig = (sys.executable, "-m", "ziglang")
    commands = [("clang", "-target", "armv7a-none-eabi", "-c", "a.s", "-o", "a.o"),
                ("ld.lld", *(("-s",) if strip else ()), "a.o", "-o", "a.elf")]  # fmt: skip
    for command in commands:
        subprocess.run([*zig, *command], cwd=tmp_path, check=True, capture_output=True)
    runs = [()] if strip else [(), ("--call", "_start")]
    for arguments in runs:
        code, out, err = run_time(tmp_path / "a.elf", *arguments)
        assert (code, out) == (2, "")
        assert "A32 (Arm state) code" in err and "Cortex-M runs Thumb only" in err


def test_a_board_file_with_an_unknown_core(elf, tmp_path, run_time):
    board = tmp_path / "mine.yaml"
    lines = ["name: mine", "description: A board.", "real: true", "core: cortex-m44", "clock_hz: 80_000_000",
             "memory:", "  flash: {address: 0x08000000, bytes: 0x100000}",
             "  ram: {address: 0x20000000, bytes: 0x20000}"]  # fmt: skip
    board.write_text("\n".join(lines) + "\n")
    code, _, err = run_time(elf, "--call", "fib", "--board", board)
    assert code == 2
    assert f"{board}:4: core: unknown core 'cortex-m44'" in err and "did you mean 'cortex-m4'" in err
    board.write_text("\n".join(lines).replace("cortex-m44", "cortex-m4") + "\n")
    assert run_time(elf, "--call", "fib", "--board", board)[0] == 0


def test_code_in_ram_that_is_not_timed_is_told(tmp_path, run_time, timed):
    in_ram = build(tmp_path / "ram", code=0x2000_8000, data=0x2001_8000)
    arguments = ("--call", "fib", "--args", "5", "--board", "stm32f407")
    (told,) = [text for text in timed(in_ram, *arguments)["unvalidated"] if text.startswith("code at 0x200080")]
    assert told.endswith(", in sram of stm32f407, taken to have no wait states")
    assert f"not validated: {told}\n" in run_time(in_ram, *arguments)[1]
    in_flash = build(tmp_path / "flash", code=0x0800_8000)
    assert not [text for text in timed(in_flash, *arguments)["unvalidated"] if "no wait states" in text]
