"""`bnnsim check` of extensions: what is right passes, and each mistake is told with what was expected."""

from __future__ import annotations

import json

import pytest

from bnnsim.bench.words import samples_of, wrong_words
from bnnsim.build.toolchain import load_toolchain
from bnnsim.cli.main import main
from bnnsim.errors import ToolchainError
from bnnsim.isa import load_extension
from tests.conftest import compilers

GOOD = '''
from bnnsim.isa import CX3A, Cost, Extension, Source, u32
mine = Extension("mine", "A test.", origin="here", note="a note")
@mine.instruction(CX3A(op=2), source=Source.assumed("test"), vectors=[((1, 2, 3), 3)],
                  on_core={"cortex-m7": Cost(1, 2, Source.manual("none"))})
def mine_(d: u32, n: u32, m: u32) -> u32:
    """Add n to d, never mind m."""
    return d + n + m - m
'''


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Check GOOD with texts replaced: exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*replacements, arguments=("--toolchain", "clang")):
        text = GOOD
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        (tmp_path / "mine.py").write_text(text)
        code = main(["check", "./mine.py", *arguments])
        return code, *capsys.readouterr()

    return run


def outcomes(text):
    """(check, instruction) → outcome of the JSON."""
    return {(c["check"], c["instruction"]): c["outcome"] for c in json.loads(text)["checks"]}


def test_what_is_shown_of_one_of_ours(capsys):
    assert main(["check", "popcnt"]) == 0
    out = capsys.readouterr().out
    for text in ("popc d, n", "Count the set bits of n.", "uint32_t popc(uint32_t n);", "bnnsim_popc d, n",
                 "BBConv2D=popcount_blocked", "latency 1 (assumed: 26-31 full adders"):  # fmt: skip
        assert text in out
    assert "fail" not in out


def test_json_and_seed(check):
    code, out, _ = check(arguments=("--json", "-", "--inputs", "300", "--seed", "5", "--toolchain", "clang"))
    found = json.loads(out)
    assert code == 0 and found["right"] and (found["extension"], found["note"]) == ("mine", "a note")
    assert outcomes(out)["Python = native", "mine_"] == "pass"
    assert "300 inputs, seed 5" in out
    (instruction,) = found["instructions"]
    assert [row["cores"] for row in instruction["costs"]] == ["other cores", "cortex-m7"]
    assert instruction["kernels"] == [] and instruction["value"] == "0xfea00000"


def test_what_python_and_machine_arithmetic_do_differently_is_told(check):
    code, out, _ = check(("d + n + m - m", "(d + n) ** 3 // 7 if d + n > 99 else d + n"))
    assert code == 1
    assert "fail: Python = native, mine_: mine_(0x" in out
    assert "expected 0x" in out and "(Python), found 0x" in out


def test_vectors_that_fail_are_told_with_file_and_line(check):
    code, out, _ = check(("3), 3)", "3), 4)"))
    assert code == 1
    assert "mine.py:4" in out and "gives 0x3, expected 0x4" in out


def test_semantics_that_raise_are_told_with_the_operands(check):
    code, out, _ = check(("return d + n + m - m", "return (d + n, d + n)[n >> 31 & m >> 31 & 2 * (n & 1)]"))
    assert code == 0, out
    code, out, _ = check(("return d + n + m - m", "return d + n + (0, 0)[2 * (n >> 31)]"))
    assert code == 1
    assert "the semantics raise IndexError" in out and "mine_(0x0, 0x80000000" in out


def test_operands_that_both_refuse_pass(check):
    code, out, _ = check(("    return", "    if n == 0:\n        raise ValueError('not 0')\n    return"))
    assert code == 0
    assert "both refuse" in out


def test_semantics_for_python_only_are_a_warning(check):
    code, out, err = check(("d + n + m - m", "int(str(d + n)) + len({}.setdefault(m, ''))"))
    assert code == 0
    assert "runs in Python" in err and "Numba does not compile the semantics" in out


@pytest.mark.parametrize(
    ("semantics", "message"),
    [
        ("int({1: str(d)}[d]) + n + m - m", "inputs: mine_(0x0, 0x0, 0x0): the semantics raise KeyError: 0"),
        ("d + n + m + (calls.append(1) or len(calls)) // 3 - m", " at first, found 0x"),
    ],
)
def test_semantics_for_python_only_are_tried_too(check, semantics, message):
    code, out, _ = check(("d + n + m - m", semantics), ("mine = ", "calls = []\nmine = "))
    assert code == 1
    assert "fail: Python, twice, mine_: " in out and message in out


def test_what_it_cannot_be_combined_with_is_a_warning(check):
    code, out, _ = check(("op=2", "op=0"))
    assert code == 0
    assert "warning: combines: cannot be combined with xpopa:" in out and "overlaps" in out


def test_a_name_that_the_compiler_refuses(check):
    code, out, _ = check(("mine_", "uint8_t"))
    assert code == 1
    assert "fail: words, clang" in out


def test_a_missing_compiler_is_told_and_skipped(check, monkeypatch):
    def none(name, target):
        raise ToolchainError(f"{name} is not on the PATH; install it")

    monkeypatch.setattr("bnnsim.bench.extension.load_toolchain", none)
    code, out, _ = check()
    assert code == 0
    assert "skipped: words, clang: clang is not on the PATH; install it" in out


@pytest.mark.parametrize("compiler", compilers())
def test_words_that_differ_from_the_encoding_are_found(check, monkeypatch, compiler, tmp_path):
    check()
    extension = load_extension("./mine.py")
    toolchain = load_toolchain(compiler, "cortex-m4")
    assert wrong_words(extension, toolchain) == {"mine_": []}
    from bnnsim.build import intrinsics

    right = intrinsics._word
    monkeypatch.setattr(intrinsics, "_word", lambda i, names: right(i, names | {"m": names["n"]}))
    macro, intrinsic = wrong_words(extension, toolchain)["mine_"]
    assert "the assembler gives" in macro and "the intrinsic mine_(…)" in intrinsic


def test_samples_cover_registers_and_immediates():
    (thrpk,) = load_extension("thrpk").instructions
    samples = samples_of(thrpk)
    assert {0, 14, 12} <= {s.registers["d"] for s in samples} and {0, 7} <= {s.imm for s in samples}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["popcount"], "expected a kernel (FILE.c), an extension (FILE.py) or one of"),
        (["popcount"], "did you mean 'popcnt'"),
        (["./none.py"], "no such file"),
        (["popcnt", "--core", "cortex-m4"], "--core is for a kernel"),
        (["popcnt", "--isa", "base"], "--isa is for a kernel"),
        (["popcnt", "--no-timing"], "--no-timing is for a kernel"),
        (["popcnt", "--inputs", "0"], "0 is not in the range"),
        (["my.c", "--inputs", "5"], "--inputs is for an extension"),
        (["popcnt", "--toolchain", "gc"], "did you mean 'gcc'"),
    ],
)
def test_wrong_usage(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["check", *arguments]) == 2
    assert message in capsys.readouterr().err
