"""CSV files of boards: what is read, and every mistake with its line."""

from __future__ import annotations

import pytest

from bnnsim.errors import ConfigError
from bnnsim.validate.measured import read_measured
from bnnsim.validate.suite import load_suite
from tests.validate.suites import write


@pytest.fixture
def suite(tmp_path):
    return load_suite(write(tmp_path))


def read(tmp_path, suite, text, cores=("cortex-m4",)):
    path = tmp_path / "board.csv"
    path.write_text(text)
    return read_measured(path, suite, cores)


def test_one_core(tmp_path, suite):
    found = read(tmp_path, suite, "# a board\nname,cycles\nadd,40\n\n load , 51.5\n")
    assert found.cycles == {("add", "cortex-m4"): 40, ("load", "cortex-m4"): 51.5}


def test_several_cores_in_another_order(tmp_path, suite):
    text = "core,name,cycles\ncortex-m0plus,add,40\ncortex-m4,add,41\n"
    found = read(tmp_path, suite, text, ("cortex-m4", "cortex-m0plus"))
    assert found.cycles == {("add", "cortex-m0plus"): 40, ("add", "cortex-m4"): 41}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("name,cycles\n", "no counts below the heading"),
        ("name,cicles\nadd,1\n", "found the columns name,cicles; expected name,cycles[,core]; did you mean 'cycles'?"),
        ("name,name,cycles\nadd,add,1\n", "found the columns"),
        ("add,40\n", "found the columns add,40"),
        ("name,cycles\nad,40\n", ":2: the suite has no program 'ad'; did you mean 'add'?"),
        ("name,cycles\nadd,40,1\n", ":2: found 3 cells; expected 2"),
        ("name,cycles\nadd,many\n", ":2: cycles: found 'many'"),
        ("name,cycles\nadd,0\n", "expected a number above 0"),
        ("name,cycles\nadd,nan\n", "expected a number above 0"),
        ("name,cycles\nadd,inf\n", "expected a number above 0"),
        ("name,cycles\nadd,40\nadd,41\n", ":3: 'add' on cortex-m4 is given twice"),
        ("name,cycles,core\nadd,40,cortex-m3\n", "does not run 'add' on core 'cortex-m3'"),
    ],
)
def test_mistakes(tmp_path, suite, text, words):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, suite, text)
    assert [p for p in error.value.problems if words in p], error.value.problems


def test_no_core_for_a_suite_of_two(tmp_path, suite):
    with pytest.raises(ConfigError, match="choose one with --core"):
        read(tmp_path, suite, "name,cycles\nadd,40\n", suite.cores)


def test_no_file(tmp_path, suite):
    with pytest.raises(ConfigError, match="--measured: cannot read"):
        read_measured(tmp_path / "none.csv", suite, ("cortex-m4",))
