"""Programs that print and exit by semihosting: what they print, what it costs, where they end, what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.cli.elf_programs import build

CALLS = """
    .text
    .type host, %function
host:
    {call}
    bx lr
    .size host, . - host
    .type prints, %function
prints:
    push {{r4, lr}}
    ldr r4, =text
    movs r0, #4                // SYS_WRITE0
    mov r1, r4
    bl host
    movs r0, #3                // SYS_WRITEC
    ldr r1, =mark
    bl host
    movs r0, #1                // SYS_OPEN
    ldr r1, =open_block
    bl host
    ldr r1, =write_block
    movs r2, #2                // the handle of ":tt" for writing
    str r2, [r1]
    movs r0, #5                // SYS_WRITE
    bl host
    pop {{r4, pc}}
    .size prints, . - prints
    .type says, %function
says:                          // r0: operation, r1: argument
    push {{r4, lr}}
    bl host
    pop {{r4, pc}}
    .size says, . - says
    .type prints_and_exits, %function
prints_and_exits:
    push {{r4, lr}}
    bl prints
    movs r0, #0x20             // SYS_EXIT_EXTENDED
    ldr r1, =exit_block
    bl host
    b .
    .size prints_and_exits, . - prints_and_exits
    .ltorg
text: .asciz "one "
mark: .ascii "!"
name: .asciz ":tt"
file: .asciz "a.txt"
    .data
    .balign 4
open_block: .word name, 4, 3
file_block: .word file, 0, 5
write_block: .word 0, text, 3
exit_block: .word 0x20026, 7
"""


@pytest.fixture(scope="module")
def talking(tmp_path_factory):
    return build(tmp_path_factory.mktemp("talking"), extra=CALLS.format(call="bkpt #0xab"))


def test_output_goes_to_stderr_once_and_json_stays_pure(talking, run_time):
    code, out, err = run_time(talking, "--call", "prints", "--json", "-")
    assert (code, err) == (0, "one !one")
    assert json.loads(out)["cycles"] > 0
    assert run_time(talking, "--call", "prints")[2] == "one !one"


def test_a_call_costs_what_its_instruction_does(talking, timed, tmp_path):
    silent = build(tmp_path, extra=CALLS.format(call="nop"))
    with_host, without = (timed(program, "--call", "prints") for program in (talking, silent))
    assert with_host["cycles"] == without["cycles"]
    assert with_host["instructions"] == without["instructions"]
    assert with_host["stalls"] == without["stalls"]
    assert with_host["sources"]["assumed"] == without["sources"]["assumed"] + 4


def test_exit_at_a_bkpt_that_printed_before(talking, run_time, timed):
    printed, found = timed(talking, "--call", "prints"), timed(talking, "--call", "prints_and_exits")
    # push, bl, what prints does, movs, ldr, bl; the BKPT that ends is not counted
    assert found["instructions"] == printed["instructions"] + 5
    assert found["exit_code"] == 7
    _, out, err = run_time(talking, "--call", "prints_and_exits")
    assert "ended at the BKPT at" in out and "exit code 7" in out
    assert err == "one !one"


@pytest.mark.parametrize(
    ("operation", "argument", "words"),
    [
        ("6", "write_block", "SYS_READ (0x6)"),
        ("7", "0", "SYS_READC (0x7)"),
        ("0x12", "0", "SYS_SYSTEM (0x12)"),
        ("0x99", "0", "unknown (0x99)"),
        ("1", "file_block", "'a.txt': only the terminal"),
        ("5", "write_block", "handle 0, which was not opened for writing"),
        ("4", "0x70000000", "not in memory"),
    ],
)
def test_refused_calls(talking, run_time, operation, argument, words):
    code, _, err = run_time(talking, "--call", "says", "--args", f"{operation},{argument}")
    assert code == 1
    assert "semihosting call" in err and words in err
    assert "host+0x0" in err


def test_on_an_armv6m_core(tmp_path, run_time):
    program = build(tmp_path, "cortex-m0plus", extra=CALLS.format(call="bkpt #0xab"))
    code, out, err = run_time(program, "--core", "cortex-m0plus", "--call", "prints_and_exits")
    assert (code, err) == (0, "one !one")
    assert "exit code 7" in out


def test_bytes_of_one_character_may_come_one_by_one(tmp_path, run_time):
    text = (
        CALLS.format(call="bkpt #0xab")
        .replace('.ascii "!"', ".byte 0xc3, 0xa4")
        .replace(
            "ldr r1, =mark",
            """
    ldr r1, =mark
    bl host
    movs r0, #3
    adds r1, #1""",
        )
    )
    assert run_time(build(tmp_path, extra=text), "--call", "prints")[2] == "one äone"


def test_time_stands_still(talking, timed):
    for operation in ("0x10", "0x11", "0x13"):
        timed(talking, "--call", "says", "--args", f"{operation},0")


HELLO = """
#include <stdio.h>
int main(int argc, char **argv) {
    printf("hello %d %s\\n", 42, "there");
    fprintf(stderr, "%d.\\n", argc);
    return 0;
}
"""


def test_newlib(tmp_path, run_time, timed):
    gcc = shutil.which("arm-none-eabi-gcc")
    (tmp_path / "hello.c").write_text(HELLO)
    flags = ("-mcpu=cortex-m4", "-mthumb", "-O2", "--specs=rdimon.specs", "hello.c", "-o", "hello.elf")
    if gcc is None or subprocess.run([gcc, *flags], cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("needs arm-none-eabi-gcc with newlib")
    code, _, err = run_time(tmp_path / "hello.elf")
    assert (code, err) == (0, "hello 42 there\n0.\n")
    found = timed(tmp_path / "hello.elf")
    assert {"main", "printf", "_vfprintf_r"} <= {f["name"] for f in found["functions"]}
    assert found == timed(tmp_path / "hello.elf")
