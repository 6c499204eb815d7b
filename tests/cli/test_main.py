"""The command line as its user sees it: output, messages, exit codes, and no heavy imports for --help."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bnnsim.cli.main import main
from bnnsim.errors import ToolchainError
from bnnsim.paths import names
from bnnsim.study.config import Study
from tests.report.example import comparison

SIM = str(Path(__file__).resolve().parents[2] / "sim")


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> list[Study]:
    """Replace the simulation by the hand-made comparison; returns the studies that were run."""
    ran: list[Study] = []

    def run_study(study: Study, progress: object = None) -> object:
        ran.append(study)
        if study.input_seed == 13:
            return comparison(failed=True)
        if study.input_seed == 14:
            raise KeyboardInterrupt
        if study.input_seed == 15:
            raise ToolchainError("no compiler\ninstall one")
        return comparison()

    monkeypatch.setattr("bnnsim.study.run.run_study", run_study)
    return ran


def python(code: str, stdout: int = subprocess.PIPE, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, with the package and the tests to import."""
    path = f"{SIM}{os.pathsep}{Path(SIM).parent}"
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    return subprocess.run(
        [sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["compare", "--help"], ["run", "-h"], ["list", "-h"], ["--version"], ["completion", "zsh"]],
)
def test_light_verbs_import_nothing_heavy(arguments: list[str]) -> None:
    heavy = {"numpy", "numba", "unicorn", "rich", "pydantic", "matplotlib", "yaml", "capstone"}
    code = f"import sys; from bnnsim.cli.main import main; code = main({arguments}); "
    found = python(code + f"print(sorted({heavy} & set(sys.modules)), code, file=sys.stderr)")
    assert found.stderr.strip().splitlines()[-1] == "[] 0"
    assert found.stdout


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--help"]) == 0
    printed = capsys.readouterr().out
    for text in (
        "bnnsim compare --isa base,popcnt,./my_ext.py",
        "--set KEY=VALUE",
        "Exit code:",
        "[default: base,popcnt]",
    ):
        assert " ".join(text.split()) in " ".join(printed.split()).replace("[default: base,popcnt]", text)


def test_compare_defaults(studies: list[Study], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare"]) == 0
    (study,) = studies
    assert (study.network, study.cores, study.boards) == ("smallcifar", ("cortex-m4",), ("zero-wait",))
    assert (study.isa, study.reference, study.toolchain) == (("base", "popcnt"), "base", "clang")
    out, err = capsys.readouterr()
    assert "2,522,000" in out
    assert err == ""


def test_compare_flags(studies: list[Study]) -> None:
    flags = "--isa popcnt --isa base --core cortex-m4,cortex-m3 --reference base --variant BBConv2D=faithful"
    more = "--variant conv1=faithful --toolchain gcc --set popcnt.popc.latency=0x3 --input-seed 5 --shift-code 2 -q"
    assert main(["compare", *flags.split(), *more.split()]) == 0
    (study,) = studies
    assert (study.isa, study.cores, study.reference) == (("popcnt", "base"), ("cortex-m4", "cortex-m3"), "base")
    assert study.variants == (("BBConv2D", "faithful"), ("conv1", "faithful"))
    assert (study.toolchain, study.set) == ("gcc", {"popcnt.popc.latency": 3})
    assert (study.input_seed, study.shift_code_bytes) == (5, 2)


def test_json_alone_on_stdout(studies: list[Study], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["cells"][1]["speedup"] == pytest.approx(1.4996, abs=1e-4)
    assert err == ""


def test_formats(studies: list[Study], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--format", "csv"]) == 0
    assert len(list(csv.DictReader(io.StringIO(capsys.readouterr().out)))) == 8
    assert main(["compare", "--format", "latex"]) == 0
    assert "\\toprule" in capsys.readouterr().out
    assert main(["compare", "--format", "markdown"]) == 0
    assert "| conv2 |" in capsys.readouterr().out
    assert main(["compare", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == 1


def test_files(studies: list[Study], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "popcount-on-m4", "--out", str(tmp_path / "o"), "--json", str(tmp_path / "x.json")]) == 0
    assert len(list((tmp_path / "o").iterdir())) == 6
    assert json.loads((tmp_path / "x.json").read_text())["network"] == "smallcifar"
    assert "total" in capsys.readouterr().out


def test_run_a_file_with_changes(studies: list[Study], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nnetwork: smallcifar\ncores: [cortex-m4]\nisa: [base, popcnt]\n")
    assert main(["run", str(path), "--set", "popcnt.popc.latency=4", "--reference", "popcnt"]) == 0
    (study,) = studies
    assert (study.name, study.set, study.reference) == ("mine", {"popcnt.popc.latency": 4}, "popcnt")


def test_failures_come_after_the_table(studies: list[Study], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--input-seed", "13"]) == 1
    out, err = capsys.readouterr()
    assert "2,522,000" in out
    assert err == "error: cortex-m4, zero-wait, xpopacc: build: conv2: no kernel fits\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("comare", 2, "No such command 'comare'; known: compare, run, time, validate, disasm, new, check,"),
        ("compare --cor x", 2, "--core"),
        ("compare --isa base,popcn", 2, "error: --isa: unknown extension 'popcn'; allowed: base, "),
        ("compare --isa base,", 2, "error: --isa: ISA '' has an empty name"),
        ("compare --core m4 --network x", 2, "error: --core: unknown core 'm4'"),
        ("compare --set popcnt.popc.latency", 2, "error: --set: found 'popcnt.popc.latency'; expected KEY=NUMBER"),
        ("compare --set popcnt.popc.latency=x", 2, "expected KEY=NUMBER, e.g. popcnt.popc.latency=2"),
        ("compare --set popcnt.popc.latency=1e400", 2, "expected KEY=NUMBER"),
        ("compare --set popcnt.popc.latency=99999999999999999999999", 2, "expected KEY=NUMBER"),
        ("compare --set popcnt.popc.latency=1 --set popcnt.popc.latency=2", 2, "is set twice"),
        ("compare --set popcnt.popc.latency=0", 2, "error: --set popcnt.popc.latency: found 0; expected a whole"),
        ("compare --reference x", 2, "error: --reference: unknown extension 'x'"),
        ("compare --json - --format csv", 2, "error: --json - and --format csv both print to stdout"),
        ("compare --json /nowhere/x.json", 2, "error: --json: no such folder: /nowhere"),
        ("compare --out /dev/null/x", 2, "error: --out: cannot write to /dev/null/x: Not a directory"),
        ("compare --out=", 2, "error: --out: found an empty name; expected a folder"),
        ("compare --json=", 2, "error: --json: found an empty name; expected a file or -"),
        ("compare --out /dev/null", 2, "error: --out: /dev/null is a file; expected a folder"),
        ("compare --input-seed -1", 2, "-1 is not in the range"),
        ("compare --shift-code 1", 2, "'1' is not one of '0', '2'"),
        ("compare --toolchain clnag", 2, "'clnag' is not one of 'clang', 'gcc'"),
        ("run popcount-on-m5", 2, "error: unknown experiment 'popcount-on-m5'"),
        ("run ./nowhere.yaml", 2, "error: experiment './nowhere.yaml': no such file"),
        ("run", 2, "Missing argument 'EXPERIMENT'"),
        ("completion tcsh", 2, "'tcsh' is not one of"),
        ("list core", 2, "'core' is not one of"),
        ("compare --input-seed 14", 130, "interrupted"),
        ("compare --input-seed 15", 3, "error: no compiler\ninstall one\n"),
    ],
)
def test_mistakes(
    arguments: str, code: int, message: str, studies: list[Study], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == code
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert "Traceback" not in err
    assert not studies or code in (3, 130), "a mistake is found before the work"


def test_every_problem_of_the_flags_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--network", "x", "--core=y", "--isa=z", "--set=a.b=1"]) == 2
    err = capsys.readouterr().err
    assert [word for word in ("--network", "--core", "--isa", "--set") if f"error: {word}" in err] == [
        "--network", "--core", "--isa", "--set"
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["compare", "run"])
def test_examples_in_the_help_name_what_there_is(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([verb, "--help"])
    known = {"base", *names("extension"), "my_ext", "./my_ext.py"}
    named = re.findall(r"--isa ([^\s\[]+)", capsys.readouterr().out.partition("Examples:")[2])
    assert {part for spec in named for part in re.split("[,+]", spec)} <= known


COMPARE = (
    "import sys, bnnsim.study.run as run; from tests.report.example import comparison; "
    "run.run_study = lambda *_: comparison(); from bnnsim.cli.main import main; sys.exit(main({arguments}))"
)


@pytest.mark.parametrize(
    "arguments", [["compare"], ["compare", "--format", "csv"], ["compare", "--json", "-"], ["list", "operators"]]
)
def test_closed_pipe_is_quiet(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    found = python(COMPARE.format(arguments=arguments), stdout=writer)
    os.close(writer)
    assert (found.returncode, found.stderr) == (141, "")


def test_ascii_terminals() -> None:
    found = python(COMPARE.format(arguments=["compare"]), PYTHONIOENCODING="ascii")
    assert (found.returncode, found.stderr) == (0, "")
    assert "2.00?" in found.stdout


def test_results_survive_a_full_disk(
    studies: list[Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bnnsim.report.files.write_atomically", full)
    assert main(["compare", "--out", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert "2,522,000" in out
    assert err == f"error: cannot write {tmp_path}/results.json: No space left on device\n"


def test_a_bug_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bnnsim.study.run.run_study", broken)
    with pytest.raises(ZeroDivisionError):
        main(["compare"])


def test_progress_only_on_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    from bnnsim.cli.output import progress

    with progress(False) as report:
        assert report is None
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress(True) as report:
        assert report is None
    with progress(False) as report:
        assert report is not None
        report(1, 2, "cortex-m4 zero-wait base")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("compare --isa ba", ["base"]),
        ("compare --isa base,po", ["base,popcnt"]),
        ("compare --core cortex-", ["cortex-m3", "cortex-m4"]),
        ("compare --toolchain c", ["clang"]),
        ("run popc", ["popcount-on-m4"]),
        ("list ext", ["extensions"]),
        ("comp", ["compare", "completion"]),
    ],
)
def test_completion(words: str, expected: list[str]) -> None:
    from click.shell_completion import BashComplete

    from bnnsim.cli.main import cli

    *before, last = words.split()
    found = BashComplete(cli, {}, "bnnsim", "_BNNSIM_COMPLETE").get_completions(before, last)
    assert set(expected) <= {item.value for item in found}
    assert all(item.value.startswith(last) for item in found)


def test_completion_script(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        assert "_BNNSIM_COMPLETE" in capsys.readouterr().out
