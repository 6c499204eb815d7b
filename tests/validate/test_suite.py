"""Suite files: what they mean, and every mistake told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnnsim.errors import ConfigError
from bnnsim.paths import names
from bnnsim.validate.suite import load_suite
from tests.validate.suites import SUITE, write

VALIDATION = Path(__file__).parents[2] / "validation"


def problems(tmp_path, text):
    with pytest.raises(ConfigError) as error:
        load_suite(write(tmp_path, text))
    return error.value.problems


def test_defaults_and_own_values(tmp_path):
    suite = load_suite(write(tmp_path))
    add, load, unmeasured = suite.programs
    assert suite.cores == ("cortex-m4", "cortex-m0plus")
    assert [p.function for p in suite.programs] == ["add", "load", "add"]
    assert [suite.iterations_of(p) for p in suite.programs] == [10, 10, None]
    assert [suite.tolerance_of(p) for p in suite.programs] == [1, 25, 1]
    assert suite.origin_of(add, "cortex-m4").kind == "manual"
    assert (found := suite.origin_of(load, "cortex-m0plus")) and (found.kind, found.source) == ("measured", "a board")
    assert suite.origin_of(unmeasured, "cortex-m4") is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("tolerance: 1\n", "tolerence: 1\n", 2, "did you mean 'tolerance'"),
        ("cortex-m4: 4, cortex-m0plus: 4", "cortex-m4: 0, cortex-m0plus: 4", 9, "more than 0"),
        ("cortex-m4: 4, cortex-m0plus: 4", "cortex-m4: '4', cortex-m0plus: 4", 9, "cycles.cortex-m4"),
        ("    sources: [load.s]\n", "", 10, "needs either program (an ELF file) or sources"),
        ("sources: [load.s]", "sources: [load.txt]", 11, "expected a .c or .s file"),
        ("name: load", "name: add", 10, "'add' is also the name of program 1"),
        ("reference: {kind: manual, source: by hand}\n", "", 8, "needs kind and source"),
        ("kind: measured", "kind: guessed", 12, "measured"),
        ("call: add\n", "iterations: 3\n", 16, "needs the word 'iterations'"),
        (
            "m4: 4, cortex-m0plus: 4",
            "m4: .nan, cortex-m0plus: 4",
            9,
            "found '.nan' (text); expected a number of cycles",
        ),
        ("m4: 4, cortex-m0plus: 4", "m4: -.inf, cortex-m0plus: 4", 9, "found '-.inf' (text); expected a number of"),
        ("m4: 4, cortex-m0plus: 4", "m4: -3, cortex-m0plus: 4", 9, "found -3 (integer); expected more than 0"),
        (
            "m4: 4, cortex-m0plus: 4",
            "m4: {cycles: .inf}, cortex-m0plus: 4",
            9,
            "found '.inf' (text); expected a number",
        ),
        ("m4: 4, cortex-m0plus: 4", "m44: 4, cortex-m0plus: 4", 9, "programs[0].cycles.cortex-m44: unknown core"),
        ("m4: 4, cortex-m0plus: 4", "m44: 4, cortex-m0plus: 4", 9, "did you mean 'cortex-m4'"),
        ("tolerance: 1\n", "subtract: {cortex-m9: 1}\n", 2, "subtract.cortex-m9: unknown core 'cortex-m9'"),
        ("tolerance: 25", "subtract: {cortex-m4: 4}", 12, "nothing is left"),
    ],
)
def test_mistakes(tmp_path, old, new, line, words):
    assert old in SUITE
    found = problems(tmp_path, SUITE.replace(old, new, 1))
    assert [p for p in found if f":{line}:" in p and words in p], found


@pytest.mark.parametrize("text", ["", "name: x\nprograms: []\n", "- a\n"])
def test_nothing_in_it(tmp_path, text):
    assert problems(tmp_path, text)


@pytest.mark.parametrize("name", ["rules", "kernels"])
def test_the_repository_s_suites(name):
    suite = load_suite(VALIDATION / f"{name}.yaml")
    assert set(suite.cores) <= set(names("core"))
    for program in suite.programs:
        assert all((VALIDATION / source).is_file() for source in program.sources or ()), program.name


def test_every_rule_is_in_the_suite():
    suite = load_suite(VALIDATION / "rules.yaml")
    named = {source for program in suite.programs for source in program.sources or ()}
    assert named == {f"rules/{path.name}" for path in (VALIDATION / "rules").glob("*.s")}
    assert all(program.why for program in suite.programs)
    assert len(suite.programs) > 100
