"""`bnnsim validate` as its user runs it: tables, JSON, exit codes, figures, boards' counts, messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnnsim.cli.main import main
from tests.validate.suites import SUITE, write

VALIDATION = Path(__file__).parents[2] / "validation"
FAULT = "  - name: fault\n    sources: [fault.s]\n    cycles: {cortex-m4: 4}\n"


@pytest.fixture
def run(capsys):
    def run(*arguments):
        code = main(["validate", *map(str, arguments), "--jobs", "1"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_small_suite(tmp_path, run):
    code, out, err = run(write(tmp_path), "--json", "-")
    assert code == 0, err
    found = json.loads(out)
    rows = {(p["name"], p["core"]): p for p in found["programs"]}
    assert rows["add", "cortex-m4"]["cycles"] == 4  # adds, subs, bne and its refill: 1 each
    assert rows["load", "cortex-m4"]["error_percent"] == 25  # 5 against the 4 that the suite claims
    assert rows["load", "cortex-m0plus"]["cycles"] == 5
    assert rows["unmeasured", "cortex-m4"]["verdict"] == "no reference"
    # entry refill 1, alignment none, 3 times 3, 2 refills, bx lr 1
    assert rows["unmeasured", "cortex-m4"]["cycles"] == 13
    assert found["counts"] == {"within": 4, "beyond": 0, "failed": 0, "no_reference": 1}


def test_tolerance_decides(tmp_path, run):
    assert run(write(tmp_path), "--tolerance", "25")[0] == 0
    code, out, _ = run(write(tmp_path), "--tolerance", "24.9", "--core", "cortex-m4")
    assert code == 1
    assert "beyond 24.9 %" in out and "1 within tolerance, 1 beyond, 1 without reference" in out


def test_programs_that_fail_are_rows(tmp_path, run):
    missing = "  - name: gone\n    sources: [gone.s]\n    cycles: {cortex-m4: 4}\n"
    elf = "  - name: elf\n    program: gone.elf\n    cycles: {cortex-m4: 4}\n"
    code, out, err = run(write(tmp_path, SUITE + FAULT + missing + elf), "--json", "-")
    rows = {p["name"]: p for p in json.loads(out)["programs"] if p["core"] == "cortex-m4"}
    assert code == 1
    assert [rows[n]["verdict"] for n in ("fault", "gone", "elf", "add")] == ["failed", "failed", "failed", "within"]
    assert "no such file" in rows["gone"]["reason"] and "gone.elf" in rows["elf"]["reason"]
    assert err.count("error:") == 3


def test_several_processes_give_the_same(tmp_path, capsys):
    path = write(tmp_path)
    found = []
    for jobs in ("1", "2"):
        assert main(["validate", str(path), "--jobs", jobs, "--json", "-"]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]


def test_measured_counts_replace_references(tmp_path, run):
    path, board = write(tmp_path), tmp_path / "board.csv"
    board.write_text("name,cycles\nadd,50\nunmeasured,13\n")  # 50 cycles of 10 iterations
    code, out, err = run(path, "--core", "cortex-m4", "--measured", board)
    assert code == 1, err
    line = next(text for text in out.splitlines() if text.startswith(" add"))
    assert line.split()[:5] == ["add", "4", "5", "4", "-20.00"]
    assert "2 rows: 1 within tolerance, 1 beyond, 1 not in" in out


def test_elf_replaces_sources(tmp_path, run):
    """Functions of one ELF file, which is none of the suite's: there is no `load` in it."""
    from bnnsim.timing.core import load_core
    from bnnsim.validate.build import load_or_build
    from bnnsim.validate.suite import load_suite

    path = write(tmp_path)
    program = load_suite(path).programs[0]
    (tmp_path / "one.elf").write_bytes(load_or_build(program, load_core("cortex-m4"), tmp_path, "clang").elf)
    code, out, _ = run(path, "--core", "cortex-m4", "--elf", tmp_path / "one.elf", "--json", "-")
    add, load, _ = json.loads(out)["programs"]
    assert code == 1
    assert (add["verdict"], add["cycles"]) == ("within", 4)
    assert load["reason"].startswith("call: the program has no symbol 'load'")


def test_what_is_never_reached_is_a_reason_in_words(tmp_path, run):
    never = "  - name: never\n    sources: [two.s]\n    to: other\n    cycles: {cortex-m4: 4}\n"
    path = write(tmp_path, SUITE + never)
    (tmp_path / "two.s").write_text(
        ".syntax unified\n.thumb\n.section .text.two\n.global never\n"
        ".type never, %function\nnever: bx lr\n.type other, %function\nother: bx lr\n"
    )
    code, out, _ = run(path, "--json", "-")
    reasons = {p["name"]: p["reason"] for p in json.loads(out)["programs"]}
    assert (code, reasons["add"]) == (1, None)
    assert reasons["never"] == "to: other was not reached before never returned"


def test_figure_and_json_files(tmp_path, run):
    code, out, err = run(write(tmp_path), "--figure", tmp_path / "e.svg", "--json", tmp_path / "e.json")
    assert code == 0, err
    assert (tmp_path / "e.svg").read_bytes().startswith(b"<?xml")
    assert json.loads((tmp_path / "e.json").read_text())["suite"] == "small"
    assert "mean" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--core", "cortex-m3"], "--core: no program of the suite names 'cortex-m3'"),
        (["--figure", "x.jpg"], "expected a file that ends in .svg, .pdf, .png"),
        (["--figure", ""], "found an empty name"),
        (["--json", "no/such/folder/x.json"], "no such folder"),
        (["--tolerance", "-1"], "--tolerance"),
        (["--measured", "none.csv", "--core", "cortex-m4"], "cannot read"),
        (["--elf", "none.elf"], "--elf: no such file"),
    ],
)
def test_wrong_usage(tmp_path, run, arguments, words):
    code, out, err = run(write(tmp_path), *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_unknown_core_of_a_suite(tmp_path, run):
    code, _, err = run(write(tmp_path, SUITE.replace("cortex-m4: 4,", "cortex-m44: 4,", 1)))
    assert code == 2
    assert "suite.yaml:9: programs[0].cycles.cortex-m44: unknown core 'cortex-m44'" in err
    assert "did you mean 'cortex-m4'" in err


def test_no_suite(tmp_path, run):
    code, _, err = run(tmp_path / "none.yaml")
    assert code == 2
    assert "no such file" in err


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m3", "cortex-m0plus", "cortex-m7", "cortex-m33"])
def test_every_rule_is_exact(capsys, core):
    code = main(["validate", str(VALIDATION / "rules.yaml"), "--core", core, "--json", "-"])
    found = json.loads(capsys.readouterr().out)
    wrong = [(p["name"], p["cycles"], p["reference"], p["reason"])
             for p in found["programs"] if p["verdict"] != "within"]  # fmt: skip
    assert not wrong
    assert code == 0
    assert found["cores"][0]["programs"] > 40
