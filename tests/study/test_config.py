"""Studies: names are checked before any work, all problems at once, from a file and from flags."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bnnsim import paths
from bnnsim.errors import ConfigError, UsageError
from bnnsim.study.config import Study, load_study, make_study

GOOD = """name: mine
network: smallcifar
cores: [cortex-m4]
isa: [base, popcnt]
"""


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return str(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_study(write(tmp_path, text))
    return [problem.removeprefix(f"{tmp_path}/mine.yaml:") for problem in caught.value.problems]


def test_our_experiments_load() -> None:
    study = load_study("popcount-on-m4")
    assert (study.network, study.cores, study.isa) == ("smallcifar", ("cortex-m4",), ("base", "popcnt"))
    assert load_study("slow-popcount-on-m4").set == {"popcnt.popc.latency": 4}
    assert load_study("code-alignment-on-m4").shift_code_bytes == 2


def test_defaults(tmp_path: Path) -> None:
    assert load_study(write(tmp_path, GOOD)) == Study(
        "mine", "smallcifar", ("cortex-m4",), ("base", "popcnt"), ("zero-wait",), "base"
    )
    assert make_study({}).isa == ("base", "popcnt")


def test_reference_defaults_to_the_first_isa(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, GOOD.replace("base, popcnt", "popcnt, base")))
    assert study.reference == "popcnt"


def test_one_name_needs_no_list(tmp_path: Path) -> None:
    assert load_study(write(tmp_path, GOOD.replace("[cortex-m4]", "cortex-m4"))).cores == ("cortex-m4",)


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ext").mkdir()
    (tmp_path / "ext" / "mine.py").touch()
    (tmp_path / "board.yaml").touch()
    monkeypatch.chdir("/")
    text = GOOD.replace("popcnt]", "./ext/mine.py, popcnt+ext/mine.py]") + "boards: board.yaml\n"
    study = load_study(write(tmp_path, text))
    mine = str(tmp_path / "ext" / "mine.py")
    assert study.isa == ("base", mine, f"popcnt+{mine}")
    assert study.boards == (str(tmp_path / "board.yaml"),)
    monkeypatch.chdir(tmp_path)
    assert make_study({"isa": ["base", "ext/mine.py"]}).isa == ("base", mine)


def test_every_problem_at_once(tmp_path: Path) -> None:
    text = """name: mine
network: smalcifar
cores: [cortex-m4, cortex-m5]
isa: [base, popcn, base, base+]
reference: popcnt
boards: [zero_wait]
tolchain: clang
toolchain: clnag
input_seed: 1.5
shift_code_bytes: 1
"""
    found = problems(tmp_path, text)
    starts = [
        "2: network: unknown network 'smalcifar'",
        "3: cores[1]: unknown core 'cortex-m5'",
        "4: isa[1]: unknown extension 'popcn'; allowed: base, ",
        "4: isa[3]: ISA 'base+' has an empty name",
        "6: boards[0]: unknown board 'zero_wait'",
        "7: tolchain: unknown key 'tolchain'",
        "8: toolchain: found 'clnag' (text); allowed: clang, gcc; did you mean 'clang'?",
        "9: input_seed: found 1.5 (number); expected an integer",
        "10: shift_code_bytes: found 1 (integer); allowed: 0, 2",
    ]
    assert len(found) == len(starts)
    for problem, start in zip(found, starts, strict=True):
        assert problem.startswith(start), problem
    assert "did you mean 'smallcifar'?" in found[0]
    assert "did you mean 'popcnt'?" in found[2]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "set: {popcnt.popc.latency: 0}",
            "5: set.popcnt.popc.latency: found 0; expected a whole number of cycles",
        ),
        ("set: {popcnt.popc.latency: 1.5}", "5: set.popcnt.popc.latency: found 1.5; expected a whole number"),
        ("set: {popcnt.popc.latenc: 2}", "did you mean 'popcnt.popc.latency'?"),
        ("set: {popcnt.popc.issue: 2}", "allowed: popcnt.popc.issue_cycles, popcnt.popc.latency; did you mean"),
        ("set: {popcnt.popc.issue_cycles: 0}", "5: set.popcnt.popc.issue_cycles: found 0; expected a whole number"),
        ("set: {cortex-m4.data_port.bits: 48}", "found 48 (integer); allowed: 32, 64, 128, 256"),
        ("set: {cortex-m4.data_port.bit: 64}", "did you mean 'data_port.bits'?"),
        ("set: {popcn.popc.latency: 2}", "'popcn' is no extension or core of this study (popcnt, cortex-m4)"),
        ("set: {cortex-m4.nonsense.cycles: 2}", "5: set.cortex-m4.nonsense.cycles: "),
        ("set: {popcnt.popc.latency: -1}", "expected a whole number of cycles, 1 to 1000"),
        ("set: [1]", "5: set: found a list of 1; expected a mapping"),
        ("reference: xpopacc", "5: reference: unknown extension 'xpopacc'"),
        ("variants: [fc=smlad]", "unknown variant of BBQFC 'smlad'; allowed: "),
        ("variants: [QQConv2D=harley_seal]", "unknown variant of QQConv2D 'harley_seal'; allowed: "),
        ("variants: [nonsense]", "5: variants[0]: unknown variant 'nonsense'; allowed: "),
        ("variants: [conv9=faithful]", "unknown layer or operator 'conv9'; allowed: conv1,"),
        ("variants: [BBConv2D=]", "expected VARIANT, OPERATOR=VARIANT or LAYER=VARIANT"),
        ("variants: [./mine.c]", "kernel './mine.c': no such file"),
        ("cores: []", "5: cores: duplicate key 'cores'; first on line 3"),
    ],
)
def test_one_problem(tmp_path: Path, line: str, problem: str) -> None:
    found = problems(tmp_path, GOOD + line + "\n")
    assert len(found) == 1
    assert problem in found[0]


def test_reference_must_be_compared(tmp_path: Path) -> None:
    text = GOOD.replace("base, popcnt", "popcnt") + "reference: base\n"
    assert problems(tmp_path, text) == ["5: reference: 'base' is not compared; allowed: popcnt"]


def test_empty_and_repeated_lists(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD.replace("[cortex-m4]", "[]")) == [
        "3: cores: found a list of 0; expected at least 1 entries"
    ]
    assert problems(tmp_path, GOOD.replace("[base,", "[popcnt,")) == ["4: isa[1]: 'popcnt' is named twice"]


def test_variants_and_settings(tmp_path: Path) -> None:
    shutil.copy(paths.data_root() / "kernels" / "qqconv2d" / "faithful.c", tmp_path / "mine.c")
    lines = "variants: [faithful, BBConv2D=faithful, conv1=./mine.c]\nset: {popcnt.popc.latency: 3}\n"
    study = load_study(write(tmp_path, GOOD + lines))
    assert study.variants == (
        (None, "faithful"),
        ("BBConv2D", "faithful"),
        ("conv1", str(tmp_path / "mine.c")),
    )
    assert study.set == {"popcnt.popc.latency": 3}
    assert isinstance(study.set["popcnt.popc.latency"], int)


def test_kernel_files_are_checked(tmp_path: Path) -> None:
    shutil.copy(paths.data_root() / "kernels" / "qqconv2d" / "faithful.c", tmp_path / "mine.c")
    (tmp_path / "empty.c").touch()
    found = problems(tmp_path, GOOD + "variants: [fc=mine.c, empty.c]\n")
    assert found[0] == "5: variants[0]: kernel 'mine.c' computes QQConv2D; fc needs BBQFC"
    assert "empty.c:1: a kernel starts with front matter" in found[1]


def test_flags_on_top_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "set: {popcnt.popc.latency: 3}\nvariants: [conv1=faithful]\n")
    study = load_study(path, {"toolchain": "gcc", "set": {"popcnt.popc.latency": 5}})
    assert (study.name, study.toolchain, study.set) == ("mine", "gcc", {"popcnt.popc.latency": 5})
    assert study.variants == (("conv1", "faithful"),)
    with pytest.raises(UsageError, match=r"^--set popcnt\.popc\.latency: found 0; expected"):
        load_study(path, {"set": {"popcnt.popc.latency": 0}})


def test_flag_problems_name_the_flag() -> None:
    with pytest.raises(UsageError) as caught:
        make_study({"cores": ["cortex-m5"], "isa": ["base", "popcn"], "network": "x", "reference": "y"})
    starts = [line.split(":")[0] for line in str(caught.value).splitlines()]
    assert starts == ["--network", "--core", "--isa", "--reference"]
