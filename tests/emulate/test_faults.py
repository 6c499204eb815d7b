"""Code that goes wrong ends in a diagnosis: cause, pc, function, source line, registers."""

import re

import pytest

from bnnsim.errors import EmulationFault

CASES = {
    "wild read": ("int test(void) { return *(volatile int *)0x40001000; }", r"read of unmapped memory at 0x40001000"),
    "byte read": ("int test(void) { return *(volatile char *)0x40001003; }", r"read of unmapped memory at 0x40001003"),
    "null write": ("void test(void) { *(volatile int *)16 = 1; }", r"write of unmapped memory at 0x00000010"),
    "write to flash": (
        "void test(void) { *(volatile int *)0x08000100 = 1; }", r"write refused at 0x08000100 \(flash is"),
    "undefined": ("void test(void) { __asm__ volatile(\"udf #1\"); }", r"undefined instruction"),
    "endless loop": ("void test(void) { for (;;) __asm__ volatile(\"\"); }", r"endless loop\? more than 100,000 instr"),
    "stack overflow": (
        "volatile int g; int test(int n) { volatile int a[32]; a[n & 31] = n; return test(n + 1) + a[3] + g; }",
        r"stack overflow: write below the stack's end at 0xa0200000",
    ),
    "bad jump": ("void test(void) { ((void (*)(void))0x30000001)(); }", r"jump to a bad address 0x30000000"),
    "jump into data": ("int d; void test(void) { ((void (*)(void))((unsigned)&d | 1))(); }", r"jump to a bad address"),
    "custom without extension": (
        "void test(void) { __asm__ volatile(\".inst.w 0xee400000\"); }",
        r"0xee400000 that no selected extension defines \(ISA base\)",
    ),
    "svc": ("void test(void) { __asm__ volatile(\"svc #0\"); }", r"unexpected SVC"),
    "bkpt": ("void test(void) { __asm__ volatile(\"bkpt #0\"); }", r"unexpected BKPT"),
    "wfi": ("void test(void) { __asm__ volatile(\"wfi\"); }", r"stopped before the end"),
    "misaligned ldm": (
        "void test(void) { __asm__ volatile(\"ldr r3, =0xa0204002\\n ldm r3, {r0, r1}\" ::: \"r0\", \"r1\", \"r3\"); }",
        r"misaligned address in an instruction that needs an aligned one",
    ),
    "misaligned strd": (
        "void test(void) { __asm__ volatile(\"ldr r3, =0xa0204001\\n strd r0, r1, [r3]\" ::: \"r3\"); }",
        r"misaligned address",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_diagnosis(run_source, name):
    text, cause = CASES[name]
    with pytest.raises(EmulationFault, match=cause) as caught:
        run_source(text, limit=100_000)
    message = str(caught.value)
    assert re.search(r"pc +0x[0-9a-f]{8}", message)
    assert re.search(r"r0=[0-9a-f]{8}.*\n.*sp=[0-9a-f]{8}", message)
    if "jump" not in name:
        assert re.search(r"test\+0x[0-9a-f]+ \([\w/]*program\.c:\d+\)", message), message


RAISING = """
from bnnsim.isa import CX2, Extension, Source, u32
bad = Extension("bad", "Divides by its operand.")
@bad.instruction(CX2(op=3), latency=1, source=Source.assumed("test"), vectors=[((1,), 100)])
def inv(n: u32) -> u32:
    return 100 // n
"""


def test_semantics_that_raise_name_pc_and_operands(run_source, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(RAISING)
    text = '#include "isa.h"\nunsigned test(unsigned n) { return inv(n); }'
    _, _, trace = run_source(text, args=(5,), isa=str(path))
    assert trace.counts[0].sum() == 1
    with pytest.raises(EmulationFault, match=r"inv raised at n=0x0: ZeroDivisionError") as caught:
        run_source(text, args=(0,), isa=str(path))
    assert "inv r0, r0" in str(caught.value)


# semantics that Numba does not compile: what the body becomes, the line to name, the reason
UNCOMPILED = {
    "in the semantics": ("n = 1 + n - 1\n    return int(str(100 // n).encode().decode())", 7, "attribute 'encode'"),
    "in a helper": ("return half(n)\ndef half(n):\n    return n.bit_length() * 0 + 100 // n", 8, "Unknown attribute"),
    "a builtin": ("return 100 // n + 0 * len(bin(n))", 6, "Untyped global name 'bin'"),
    "a class": ("class Box: pass\n    return 100 // n", 6, "LOAD_BUILD_CLASS"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNCOMPILED)
def test_semantics_that_do_not_compile_run_with_a_warning_that_names_the_line(run_source, tmp_path, capfd, case):
    body, line, why = UNCOMPILED[case]
    path = tmp_path / "bad.py"
    path.write_text(RAISING.replace("return 100 // n", body))
    test = "void test(unsigned n) { while (inv(n) != 100 / n) ; }"  # ends only if the result is right
    run_source(f'#include "isa.h"\n{test}', args=(7,), isa=str(path), limit=1000)
    warning = capfd.readouterr().err
    assert f"warning: {path}:{line}: inv runs in Python" in warning
    assert why in warning


def test_helpers_in_the_file_compile_too(run_source, tmp_path, capfd):
    path = tmp_path / "bad.py"
    body = "return twice(n) // 2\ndef twice(n):\n    return 2 * half(n)\ndef half(n):\n    return 100 // n"
    path.write_text(RAISING.replace("return 100 // n", body))
    test = "void test(unsigned n) { while (inv(n) != 100 / n) ; }"
    run_source(f'#include "isa.h"\n{test}', args=(7,), isa=str(path), limit=1000)
    assert not capfd.readouterr().err


def test_custom_instruction_in_an_it_block_runs_only_when_its_condition_holds(run_source, tmp_path):
    path = tmp_path / "acc.py"
    path.write_text(
        RAISING.replace("CX2(op=3)", "CX2A(op=3)").replace("CX2,", "CX2A,").replace("((1,), 100)", "((1, 2), 3)")
        .replace("def inv(n: u32)", "def inv(d: u32, n: u32)").replace("100 // n", "d + n")
    )  # fmt: skip
    text = """
        int test(int n) {
            int s = 0;
            for (int i = 0; i < n; i++)
                __asm__("cmp %1, #3\\n it hi\\n .inst.w 0xfe400030 | (bnnsim_%0 << 12) | (bnnsim_%1 << 16)"
                        : "+r"(s) : "r"(i) : "cc");
            *(volatile int *)0xa0203000 = s;
            return s;
        }"""
    image, _, trace = run_source('#include "isa.h"\n' + text, args=(10,), isa=str(path))
    (site,) = image.sites
    assert trace.skipped_at.tolist() == [site]
    assert trace.skipped[0].tolist() == [4]
