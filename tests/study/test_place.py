"""Boards whose memories wait, and where the parts of a program live on them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnnsim.emulate.plan import RAM_WINDOW
from bnnsim.errors import ConfigError, UsageError
from bnnsim.paths import data_root
from bnnsim.study.config import load_study, make_study
from bnnsim.study.placement import Placement
from bnnsim.study.run import has_core, make_cells, run_study
from bnnsim.timing.board import load_board
from bnnsim.timing.core import load_core


def placement(board: str, **changes: str) -> Placement:
    loaded = load_board(board)
    return Placement(loaded, loaded.placed(changes))


def test_zero_wait_is_where_it_always_was() -> None:
    found = placement("zero-wait")
    ram = 0x2000_0000 + RAM_WINDOW
    assert found.addresses == {"code": 0x0800_0000, "weights": 0x0800_0000, "activations": ram, "stack": ram}
    assert [(r.name, r.address, r.size_bytes, r.writable) for r in found.regions] == [
        ("flash", 0x0800_0000, 4 << 20, False),
        ("ram", ram, 4 << 20, True),
    ]


def test_ram_of_several_memories_lies_in_several_windows() -> None:
    found = placement("stm32f407", weights="ccm")
    at = found.addresses
    assert at["code"] == 0x0800_0000
    assert at["activations"] == at["stack"] != at["weights"]
    names = {r.address: (r.name, r.writable, r.memory) for r in found.regions}
    assert names[at["weights"]] == ("ccm", True, "ccm") and names[at["activations"]] == ("sram", True, "sram")
    assert min(at["weights"], at["activations"]) >= 0xA000_0000  # execute-never: stores are fast there


def test_code_in_the_memory_of_the_data_lies_at_its_own_address() -> None:
    found = placement("rp2040", code="sram")
    assert found.addresses["code"] == 0x2000_0000 and found.addresses["activations"] > 0xA000_0000
    assert [(r.memory, r.writable) for r in found.regions] == [("sram", False), ("flash", False), ("sram", True)]


def test_blocks_end_at_whole_pages_whatever_a_memory_measures() -> None:
    assert all(r.address % 0x10000 == r.size_bytes % 0x10000 == 0 for r in placement("stm32f746", code="itcm").regions)


def test_cores_of_boards() -> None:
    board = load_board("stm32f407")
    assert has_core(board, load_core("cortex-m4")) and has_core(board, load_core("cortex-m4-nofpu"))
    assert not has_core(board, load_core("cortex-m3"))
    assert has_core(load_board("zero-wait"), load_core("cortex-m3"))


def test_a_study_of_boards_takes_their_cores() -> None:
    assert make_study({"boards": ["stm32f407", "rp2040", "stm32l475"]}).cores == ("cortex-m4", "cortex-m0plus")
    cells = make_cells(make_study({"boards": ["stm32f407", "stm32f103"], "isa": ["base"]}))
    assert [(c.core.name, c.board.name) for c in cells] == [("cortex-m4", "stm32f407"), ("cortex-m3", "stm32f103")]


def test_a_board_with_another_core_is_refused() -> None:
    with pytest.raises(UsageError, match="board stm32f407 has a cortex-m4; found core cortex-m3, try --core cortex-m4"):
        make_cells(make_study({"boards": ["stm32f407"], "cores": ["cortex-m3"]}))
    with pytest.raises(UsageError, match="core cortex-m3 is on none of the boards: stm32f407 has a cortex-m4"):
        make_cells(make_study({"boards": ["stm32f407"], "cores": ["cortex-m4", "cortex-m3"]}))


def test_places_are_checked_against_every_board(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--place weights: no memory 'cmm' .* did you mean 'ccm'"):
        make_study({"boards": ["stm32f407"], "place": {"weights": "cmm"}})
    with pytest.raises(ConfigError, match="--place weights: no memory 'ccm' for weights; stm32l475 has"):
        make_study({"boards": ["stm32f407", "stm32l475"], "place": {"weights": "ccm"}})
    path = tmp_path / "study.yaml"
    path.write_text(
        "name: s\nnetwork: smallcifar\ncores: cortex-m4\nboards: stm32f407\nisa: base\nplace: {weights: ccm}\n"
    )
    assert load_study(str(path)).place == {"weights": "ccm"}
    assert load_study(str(path), {"place": {"stack": "ccm"}}).place == {"weights": "ccm", "stack": "ccm"}


def compare(board: str, **more):
    (cell,) = run_study(make_study({"isa": ["base"], "boards": [board], **more})).cells
    return cell


@pytest.fixture(scope="module")
def on_f407():
    return compare("stm32f407")


def test_a_real_board_costs_cycles_and_says_why(on_f407) -> None:
    ideal = compare("zero-wait")
    assert on_f407.cycles > ideal.cycles
    assert sum(layer.cycles for layer in on_f407.layers) == on_f407.cycles
    assert on_f407.milliseconds == pytest.approx(on_f407.cycles / 168e3)
    assert on_f407.stalls["flash"] > 0 and on_f407.stalls["data_wait"] > 0
    assert not {"flash", "data_wait"} & set(ideal.stalls)
    assert sum(on_f407.cycle_share_by_source.values()) == pytest.approx(1)
    assert on_f407.unvalidated


def test_constants_in_ram_do_not_wait_for_flash(on_f407) -> None:
    found = compare("stm32f407", place={"weights": "ccm"})
    assert 0 < found.stalls["data_wait"] < on_f407.stalls["data_wait"]  # literals stay with the code
    assert found.ram_bytes > on_f407.ram_bytes


def test_what_does_not_fit_names_memory_and_parts() -> None:
    (failure,) = run_study(
        make_study({"isa": ["base"], "boards": ["rp2040"], "place": {"activations": "scratch", "stack": "scratch"}})
    ).failures
    assert "of scratch" in failure.message and "rp2040 has 8,192" in failure.message


def test_other_wait_states_neither_build_nor_emulate(tmp_path: Path, monkeypatch, on_f407) -> None:
    text = (data_root() / "isa" / "boards" / "stm32f407.yaml").read_text()
    path = tmp_path / "faster.yaml"
    path.write_text(re.sub(r"wait_states: 5", "wait_states: 2", text))

    def fail(*_args, **_more):
        raise AssertionError("built or emulated")

    monkeypatch.setattr("bnnsim.build.toolchain.Toolchain._run", fail)
    monkeypatch.setattr("bnnsim.emulate.run.emulate", fail)
    monkeypatch.setattr("bnnsim.emulate.memory_pass.trace_memory", fail)
    kernels = {layer.name: layer.variant for layer in on_f407.layers if layer.variant}
    found = compare(str(path), variants=[f"{name}={variant}" for name, variant in kernels.items()])
    assert found.cycles < on_f407.cycles
    assert found.stalls["data_wait"] * 5 == on_f407.stalls["data_wait"] * 2
