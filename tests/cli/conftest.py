"""Fixtures for `bnnsim time`: a program, and the verb as its user runs it."""

from __future__ import annotations

import json

import pytest

from bnnsim.cli.main import main
from tests.cli.elf_programs import build


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    return build(tmp_path_factory.mktemp("m4"))


@pytest.fixture(scope="module")
def m0_elf(tmp_path_factory):
    return build(tmp_path_factory.mktemp("m0"), "cortex-m0plus")


@pytest.fixture
def run_time(capsys):
    def run(*arguments):
        code = main(["time", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def timed(run_time):
    def timed(*arguments):
        code, out, err = run_time(*arguments, "--json", "-")
        assert code == 0, err
        return json.loads(out)

    return timed
