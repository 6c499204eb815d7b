"""Boards: ours loads, and nonsense is told from sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnnsim.errors import ConfigError, UsageError
from bnnsim.study.board import load_board

GOOD = """name: mine
description: A board.
real: true
clock_hz: 80_000_000
memory:
  flash: {address: 0x08000000, bytes: 0x100000, wait_states: 0}
  ram: {address: 0x20000000, bytes: 0x20000, wait_states: 0}
"""


def load(tmp_path: Path, text: str):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return load_board(str(path))


def test_zero_wait() -> None:
    board = load_board("zero-wait")
    assert (board.clock_hz, board.real) == (100_000_000, False)
    assert (board.flash.address, board.flash.bytes, board.flash.wait_states) == (0x08000000, 4 << 20, 0)
    assert (board.ram.address, board.ram.end) == (0x20000000, 0x20400000)


def test_digest_follows_the_facts(tmp_path: Path) -> None:
    board = load(tmp_path, GOOD)
    assert load(tmp_path, GOOD.replace("A board.", "Other words.")).digest == board.digest
    assert load(tmp_path, GOOD.replace("80_000_000", "80_000_001")).digest != board.digest


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "0x20000000, bytes: 0x20000, wait_states: 0",
            "0x20000000, bytes: 0x20000, wait_states: 1",
            "found 1; only",
        ),
        (
            "0x20000000",
            "0x10000000",
            r"7: memory.ram: found 0x10000000 to .* expected inside the SRAM region",
        ),
        ("0x100000,", "0x18000400,", "6: memory.flash: .* expected inside the Code region"),
        ("0x08000000", "0x08000002", "6: memory.flash.address: .* expected a multiple of 1024"),
        ("clock_hz: 80_000_000", "clock_hz: 80e6", "4: clock_hz: .*expected an integer"),
        ("real: true", "reel: true", "unknown key 'reel'.*did you mean 'real'"),
    ],
)
def test_bad_boards(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=problem):
        load(tmp_path, GOOD.replace(old, new))


def test_unknown_board() -> None:
    with pytest.raises(UsageError, match="did you mean 'zero-wait'"):
        load_board("zero_wait")
