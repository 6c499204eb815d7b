"""Boards: ours load, and nonsense is told from sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnnsim import paths
from bnnsim.errors import ConfigError, UsageError
from bnnsim.timing.board import load_board

GOOD = """name: mine
description: A board.
real: true
clock_hz: 80_000_000
memory:
  flash: {address: 0x08000000, bytes: 0x100000, wait_states: 0}
  ram: {address: 0x20000000, bytes: 0x20000, wait_states: 0}
"""
SLOW = """name: slow
description: A board.
real: false
clock_hz: 80_000_000
caches:
  l1: {bytes: 4096, ways: 4, line_bytes: 32, line_fill_cycles: 20, source: {kind: assumed, ref: a test}}
memory:
  flash:
    address: 0x08000000
    bytes: 0x100000
    instruction: {wait_states: 3, line_bytes: 16, cache_lines: 8, source: {kind: assumed, ref: a test}}
    data: {cache: l1}
  itcm: {address: 0, bytes: 0x4000}
  ram: {address: 0x20000000, bytes: 0x20000}
"""


def load(tmp_path: Path, text: str):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return load_board(str(path))


def test_zero_wait() -> None:
    board = load_board("zero-wait")
    assert (board.clock_hz, board.real, board.core, board.ideal) == (100_000_000, False, None, True)
    assert (board.flash.address, board.flash.bytes, board.flash.kind) == (0x08000000, 4 << 20, "flash")
    assert (board.ram.address, board.ram.end, board.ram.kind) == (0x20000000, 0x20400000, "ram")


def test_every_real_board_says_which_core_it_has_and_what_is_not_validated() -> None:
    names = [name for name in paths.names("board") if name != "zero-wait"]
    assert {"stm32f746", "stm32f407", "stm32l4r5", "stm32l475", "rp2040"} <= set(names)
    for name in names:
        board = load_board(name)
        assert board.real and board.core and board.source and board.unvalidated and not board.ideal


def test_a_region_that_waits(tmp_path: Path) -> None:
    board = load(tmp_path, SLOW)
    assert not board.ideal
    flash = board.flash
    assert flash.instruction is not None and flash.data is not None
    assert (flash.instruction.wait_states, flash.instruction.cache_lines, flash.data.cache) == (3, 8, "l1")
    assert board.caches["l1"].sets == 32


def test_words_about_regions(tmp_path: Path) -> None:
    memory = load(tmp_path, SLOW).memory
    assert memory["flash"].text == (
        "0x08000000, 1,024 KiB of flash; code 3 wait states, 8 lines of 16 bytes kept; data through l1"
    )
    assert memory["ram"].text == "0x20000000, 128 KiB of ram; no code"
    assert memory["itcm"].text == "0x00000000, 16 KiB of ram"


def test_digest_follows_the_facts(tmp_path: Path) -> None:
    board = load(tmp_path, GOOD)
    assert load(tmp_path, GOOD.replace("A board.", "Other words.")).digest == board.digest
    assert load(tmp_path, GOOD.replace("80_000_000", "80_000_001")).digest != board.digest


def test_places(tmp_path: Path) -> None:
    board = load(tmp_path, SLOW)
    assert dict(board.placed({})) == {"code": "flash", "weights": "flash", "activations": "ram", "stack": "ram"}
    assert board.placed({"code": "itcm", "weights": "ram"}).code == "itcm"


@pytest.mark.parametrize(
    ("part", "name", "problem"),
    [
        ("code", "itc", "no memory 'itc' for code; slow has flash, itcm, ram; did you mean 'itcm'"),
        ("code", "ram", "ram of slow holds no code .code: true .*; allowed: flash, itcm"),
        ("stack", "flash", "flash of slow cannot be written, so it holds no stack; allowed: itcm, ram"),
        ("wieghts", "ram", "unknown part 'wieghts'; allowed: code, weights.*did you mean 'weights'"),
    ],
)
def test_bad_places(tmp_path: Path, part: str, name: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        load(tmp_path, SLOW).placed({part: name})


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("0x20000000, bytes: 0x20000, wait_states: 0", "0x20000000, bytes: 0x20000, wait_states: 1", "found 1; only 0"),
        ("0x20000000", "0x3ffff000", "7: memory.ram: found 0x3ffff000 to .* expected ram below 0x40000000"),
        ("0x08000000", "0x1ff80000", "6: memory.flash: found .* expected flash below 0x20000000"),
        ("0x20000000", "0x08080000", "7: memory.ram: begins at 0x8080000, inside 'flash'"),
        ("0x08000000", "0x08000002", "6: memory.flash.address: .* expected a multiple of 1024"),
        ("clock_hz: 80_000_000", "clock_hz: 80e6", "4: clock_hz: .*expected an integer"),
        ("real: true", "reel: true", "unknown key 'reel'.*did you mean 'real'"),
        (
            "real: true",
            "real: true\nplace: {code: rom}",
            "4: place.code: no memory 'rom' for code; mine has flash, ram",
        ),
        ("real: true", "real: true\nplace: {coed: ram}", "unknown key 'coed'|place.coed"),
    ],
)
def test_bad_boards(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=problem):
        load(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{cache: l1}", "{cache: l2}", "12: memory.flash.data.cache: no cache 'l2'; allowed: l1; did you mean 'l1'"),
        ("{cache: l1}", "{cache: l1, wait_states: 1}", "memory.flash.data: .*remove wait_states"),
        ("{cache: l1}", "{wait_states: 1}", "memory.flash.data: .*`wait_states` and `source`"),
        ("bytes: 4096, ways: 4", "bytes: 4096, ways: 3", "caches.l1: 4096 bytes in 3 ways .* expected a power of two"),
        ("line_bytes: 16", "line_bytes: 12", "instruction.line_bytes: found 12; expected a power of two"),
        ("wait_states: 3", "wait_states: -3", "instruction.wait_states: .*at least 0"),
        ("kind: assumed, ref: a test}}\n    data", "kind: guess, ref: a test}}\n    data", "source.kind: .*'guess'"),
    ],
)
def test_bad_memories(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in SLOW
    with pytest.raises(ConfigError, match=problem):
        load(tmp_path, SLOW.replace(old, new))


def test_unknown_board() -> None:
    with pytest.raises(UsageError, match="did you mean 'zero-wait'"):
        load_board("zero_wait")
