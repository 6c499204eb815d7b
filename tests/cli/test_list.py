"""bnnsim list: everything there is, and broken files shown as broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bnnsim import paths
from bnnsim.cli.main import main


def test_overview_has_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    for word in ("extensions", "popcnt", "cortex-m4", "zero-wait", "smallcifar", "BBConv2D=faithful", "clang"):
        assert word in printed
    assert "broken" not in printed


def test_details_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "extensions"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "popc (CX2): Count the set bits of n. Issue cycles 1, latency 1, assumed:" in printed
    assert main(["list", "extensions", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["extensions"]
    assert [item["name"] for item in found][:1] == ["base"]
    popcnt = next(item for item in found if item["name"] == "popcnt")
    assert (popcnt["instructions"][0]["latency"], popcnt["instructions"][0]["primitive"]) == (1, "popcount")
    assert popcnt["instructions"][0]["issue_cycles"] == 1
    assert main(["list", "networks", "--json"]) == 0
    (network,) = [n for n in json.loads(capsys.readouterr().out)["networks"] if n["name"] == "smallcifar"]
    assert sum(layer["macs"] for layer in network["layers"]) > 10_000_000


def test_what_is_not_validated_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "boards", "--json"]) == 0
    boards = {item["name"]: item for item in json.loads(capsys.readouterr().out)["boards"]}
    assert boards["stm32f746"]["core"] == "cortex-m7"
    assert boards["zero-wait"]["unvalidated"] == [] != boards["stm32f746"]["unvalidated"]
    assert main(["list", "boards"]) == 0
    assert capsys.readouterr().out.count("not validated: ") == sum(len(b["unvalidated"]) for b in boards.values())


def test_cores_that_nobody_sells_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "cores", "--json"]) == 0
    cores = {item["name"]: item for item in json.loads(capsys.readouterr().out)["cores"]}
    assert {n: c["data_port_bits"] for n, c in cores.items() if c["core_change"]} == {
        "cortex-m4-port64": 64,
        "cortex-m4-port128": 128,
        "cortex-m4-port256": 256,
    }
    assert cores["cortex-m7"]["data_port_bits"] == 64
    assert main(["list", "cores"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("Nobody sells such a core") == 3
    assert cores["cortex-m4-port256"]["core_change"] == "256-bit data port in place of 32, XMOS-class memory"


def test_broken_files_are_listed_as_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("isa", "networks", "experiments", "kernels"):
        shutil.copytree(paths.data_root() / folder, tmp_path / folder)
    (tmp_path / "isa" / "extensions" / "bad.py").write_text("1 +\n")
    (tmp_path / "isa" / "boards" / "bad.yaml").write_text("name: bad\n")
    (tmp_path / "isa" / "cores" / "bad.yaml").write_text("")
    (tmp_path / "networks" / "bad.yaml").write_text("- x\n")
    (tmp_path / "experiments" / "bad.yaml").write_text("name: [\n")
    (tmp_path / "kernels" / "bbqfc" / "bad.c").write_text("void f(void) {}\n")
    for module in ("bnnsim.paths", "bnnsim.model.kernels"):
        monkeypatch.setattr(f"{module}.data_root", lambda: tmp_path)
    for section in ("extensions", "boards", "cores", "networks", "experiments", "kernels"):
        assert main(["list", section]) == 0
        printed = capsys.readouterr().out
        assert "broken: " in printed, section
        assert "bad" in printed, section
    assert main(["list", "boards", "--json"]) == 0
    found = {item["name"]: item for item in json.loads(capsys.readouterr().out)["boards"]}
    assert "missing key 'clock_hz'" in found["bad"]["broken"]
    assert "broken" not in found["zero-wait"]
