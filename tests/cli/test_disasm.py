"""`bnnsim disasm`: custom instructions by name, in IT blocks too, data as data, and words that nobody selected."""

from __future__ import annotations

import itertools
import json

import pytest

from bnnsim.cli.main import main
from bnnsim.isa import load_isa
from tests.cli.elf_programs import build

(XPOPA,) = load_isa("xpopa").instructions
(POPC,) = load_isa("popcnt").instructions
FUSED = XPOPA.encoding.word({"d": 0, "n": 1, "m": 2})
COUNT = POPC.encoding.word({"d": 3, "n": 14})
EXTRA = f"""
    .type mixed, %function
mixed:
    ldr r1, 1f
    cmp r0, #0
    .inst.n 0xbf16  @ itet ne, in which assemblers refuse words of their own
    .inst.w {FUSED:#x}
    .inst.n 0x2405
    .inst.w {COUNT:#x}
    bl sum
    .inst.w 0xEEFF45BF
    .inst.w 0xFFFFFFFF
    cbz r0, 2f
    nop
2:  bx lr
    .align 2
1:  .word 0x12345678
    .short 0x4242
    .byte 7
    .byte 8
    .size mixed, . - mixed
"""


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    return build(tmp_path_factory.mktemp("disasm"), extra=EXTRA)


@pytest.fixture
def disasm(capsys):
    def run(*arguments):
        code = main(["disasm", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def rows(disasm):
    """Rows of one function, from the JSON."""

    def of(program, function, *arguments):
        code, out, err = disasm(program, "--function", function, "--json", "-", *arguments)
        assert code == 0, err
        (found,) = json.loads(out)["programs"][0]["functions"]
        assert found["name"] == function
        return found["rows"]

    return of


def test_custom_instructions_have_names_and_conditions(elf, rows):
    found = rows(elf, "mixed", "--isa", "popcnt+xpopa")
    texts = [row["text"] for row in found]
    assert texts[2:6] == ["itet ne", "xpopane r0, r1, r2", "moveq r4, #5", "popcne r3, lr"]
    assert [row["kind"] for row in found[2:6]] == ["instruction", "custom", "instruction", "custom"]
    assert found[3]["code"] == f"{FUSED >> 16:04x} {FUSED & 0xFFFF:04x}"


def test_what_no_selected_extension_defines_is_marked_with_the_one_that_does(elf, rows):
    found = [row for row in rows(elf, "mixed", "--isa", "popcnt") if row["kind"] == "unknown"]
    assert [row["code"] for row in found] == [f"{FUSED >> 16:04x} {FUSED & 0xFFFF:04x}", "eeff 45bf", "ffff ffff"]
    assert found[0]["hint"] == "xpopa r0, r1, r2 with --isa xpopa"
    assert "no extension of" in found[1]["hint"] and "coprocessor 5" in found[1]["hint"]
    assert (found[2]["text"], found[2]["hint"]) == (".inst.w 0xffffffff", "no instruction of the base ISA")


def test_data_branches_and_literals(elf, rows):
    found = rows(elf, "mixed", "--isa", "popcnt+xpopa")
    data = [row["text"] for row in found if row["kind"] == "data"]
    assert data[:2] == [".word 0x12345678", ".word 0x08074242"]
    targets = {row["text"].split()[0]: row["target"] for row in found if row["target"]}
    assert targets["bl"] == "sum" and targets["cbz"].startswith("mixed+0x")
    assert targets["ldr"].endswith(": 0x12345678")
    inner = [row["target"] for row in rows(elf, "start") if row["target"] and row["text"].startswith("b")]
    assert any(target.startswith("start+0x") for target in inner)


def test_every_byte_of_the_code_is_shown_once(elf, disasm):
    _, out, _ = disasm(elf, "--json", "-")
    functions = json.loads(out)["programs"][0]["functions"]
    spans = [
        (int(row["address"], 16), len(row["code"].replace(" ", "")) // 2) for f in functions for row in f["rows"]
    ]
    assert spans == sorted(set(spans))
    assert all(at + size <= after for (at, size), (after, _) in itertools.pairwise(spans))
    assert {"start", "fib", "sum", "mixed"} <= {f["name"] for f in functions}


def test_as_text(elf, disasm):
    code, out, _ = disasm(elf, "--isa", "popcnt+xpopa", "--lines")
    assert code == 0
    assert "<mixed>:" in out and "xpopane r0, r1, r2" in out and "; program.c:" in out
    assert "words are no instructions of ISA popcnt+xpopa" in out


def test_a_kernel_is_built_for_the_isa_that_it_needs(disasm):
    code, out, _ = disasm("BBFC=popcount_unrolled", "--json", "-")
    (program,) = json.loads(out)["programs"]
    assert code == 0 and program["isa"] in ("popcnt", "xpopa") and program["core"] == "cortex-m4"
    assert any(row["kind"] == "custom" for f in program["functions"] for row in f["rows"])
    names = {f["name"] for f in program["functions"]}
    assert "bbfc_popcount_unrolled" in names and "Reset_Handler" not in names


def test_several_programs_and_a_kernel_file(disasm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "kernel", "mine", "--operator", "BMaxPool2D"]) == 0
    code, out, _ = disasm("./mine.c", "BMaxPool2D=plain", "--core", "cortex-m0plus", "--json", str(tmp_path / "out"))
    assert code == 0 and "bmaxpool2d_mine" in out and "bmaxpool2d_plain" in out
    assert [p["name"] for p in json.loads((tmp_path / "out").read_text())["programs"]] == [
        "BMaxPool2D=mine", "BMaxPool2D=plain"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["BBFC=popcount_unroled"], "did you mean 'BBFC=popcount_unrolled'"),
        (["plain"], "'plain' can be "),
        (["none.elf"], "cannot read program"),
        (["none.c"], "cannot read the kernel"),
        (["BBFC=popcount_unrolled", "--isa", "base"], "cortex-m4 with ISA base has not all of that"),
        (["BBFC=popcount_unrolled", "--core", "cortex-m0plus"], "with any of our extensions has not all of that"),
        (["BBFC=plain", "--function", "bbfc_plan"], "did you mean 'bbfc_plain'"),
        (["BBFC=plain", "--core", "cortex-m5"], "cortex-m5"),
        (["BBFC=plain", "--json", "no/such/folder.json"], "--json"),
    ],
)
def test_wrong_usage(disasm, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = disasm(*arguments)
    assert code == 2 and message in err and out == ""


def test_completion():
    from click.shell_completion import BashComplete

    from bnnsim.cli.main import cli

    complete = BashComplete(cli, {}, "bnnsim", "_BNNSIM_COMPLETE").get_completions
    assert [item.value for item in complete(["disasm"], "BBFC=popcount_un")] == ["BBFC=popcount_unrolled"]
    assert [item.value for item in complete(["check"], "popc")] == ["popcnt"]
    assert [item.type for item in complete(["check"], "./my")] == ["file"]
    assert [item.value for item in complete(["new", "extension", "--form"], "vcx3")] == ["VCX3", "VCX3A"]
