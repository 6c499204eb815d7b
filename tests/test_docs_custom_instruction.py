"""docs/custom-instruction.md runs as it stands: its files are written, its commands run, what it shows is printed."""

from __future__ import annotations

import re
import shlex

import pytest

from bnnsim.cli.main import main
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "custom-instruction.md").read_text(encoding="utf-8")
_STEP = re.compile(
    r"<!-- file: (?P<file>\S+) -->\n```\w+\n(?P<content>.*?)```|```sh\n(?P<commands>.*?)```|```text\n(?P<shown>.*?)```",
    re.DOTALL,
)


def words(line: str) -> str:
    return " ".join(line.split())


def test_the_page_has_all_its_steps():
    steps = [match.lastgroup for match in _STEP.finditer(PAGE)]
    assert (steps.count("content"), steps.count("commands"), steps.count("shown")) == (3, 5, 3)


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    printed = ""
    for step in _STEP.finditer(PAGE):
        if step["file"]:
            (tmp_path / step["file"]).write_text(step["content"], encoding="utf-8")
        elif step["commands"]:
            for command in step["commands"].splitlines():
                name, *arguments = shlex.split(command)
                assert name == "bnnsim"
                assert main(arguments) == 0, f"{command}\n{capsys.readouterr().err}"
            printed = words(capsys.readouterr().out)
        else:
            missing = [line for line in step["shown"].splitlines() if words(line) not in printed]
            assert not missing, "docs/custom-instruction.md shows what the commands before it do not print (any more)"


def test_the_encoding_is_the_one_that_the_template_takes(tmp_path, monkeypatch):
    """If another extension takes it, the page must choose another."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "extension", "xnpopa"]) == 0
    (mine,) = re.findall(r"CX3A\([^)]*\)", (tmp_path / "xnpopa.py").read_text())
    assert mine in PAGE


def test_the_instruction_is_not_one_of_ours():
    assert not (REPOSITORY / "isa" / "extensions" / "xnpopa.py").exists()


@pytest.mark.parametrize("target", re.findall(r"\]\(([\w-]+\.md)\)", PAGE))
def test_links_lead_somewhere(target):
    assert (REPOSITORY / "docs" / target).is_file()
