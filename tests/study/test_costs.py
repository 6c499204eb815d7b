"""Costs of custom instructions from a study's `set` to its results: latency, issue cycles, the core's data port."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnnsim.study.config import make_study
from bnnsim.study.results import CellResult
from bnnsim.study.run import make_cells, run_study

NETWORK = """description: A test.
input: {shape: [8, 8, 3], dtype: uint8, scale: 0.004}
parameters: {seed: 1}
layers:
  - {name: conv1, operator: QQConv2D, channels: 32, kernel: 3, padding: same}
  - {name: conv2, operator: BBConv2D, channels: 32, kernel: 3, padding: same}
"""
EXTENSION = """from bnnsim.isa import CX2, CX3A, Cost, Extension, Source, u32
slow = Extension("slow", "A test.", note="A test and nothing else.")
@slow.instruction(CX2(op=7), issue_cycles=1, latency=2, source=Source.assumed("slow"), vectors=[((3,), 2)],
                  primitive="popcount", on_core={"cortex-m4": Cost(2, 5, Source.measured("silicon"))})
def bits(n: u32) -> int:
    return bin(n).count("1")
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder: Path = tmp_path_factory.mktemp("costs")
    (folder / "net.yaml").write_text(NETWORK)
    (folder / "slow.py").write_text(EXTENSION)
    return str(folder / "net.yaml"), str(folder / "slow.py")


def run(files: tuple[str, str], isa: str = "xpopa", core: str = "cortex-m4", **changes: int) -> tuple[CellResult, ...]:
    network, extension = files
    settings = {key.replace("__", ".").replace("cortex_m4", "cortex-m4"): value for key, value in changes.items()}
    isas = ["base", extension if isa == "slow" else isa]
    found = run_study(make_study({"network": network, "isa": isas, "cores": [core], "set": settings}))
    assert not found.failures
    return found.cells


def test_only_layers_that_execute_custom_instructions_are_touched(files: tuple[str, str]) -> None:
    base, xpopa = run(files)
    assert (base.touched, xpopa.touched) == ((), ("conv2",))
    before = {layer.name: layer.cycles for layer in base.layers}
    assert xpopa.touched_cycles == before["conv2"]
    assert xpopa.bound == pytest.approx(base.cycles / (base.cycles - before["conv2"]))
    assert xpopa.speedup is not None and xpopa.bound is not None and 1 < xpopa.speedup < xpopa.bound
    # 8 x 8 outputs of 32 channels, a word for each tap inside the image
    conv2 = next(layer for layer in xpopa.layers if layer.name == "conv2")
    assert conv2.custom_instructions >= conv2.macs // 32
    assert all(cell.faithful_cycles == base.faithful_cycles for cell in (base, xpopa))


def test_latency_and_issue_cycles(files: tuple[str, str]) -> None:
    (_, one), (_, late), (_, slow) = (
        run(files), run(files, xpopa__xpopa__latency=4), run(files, xpopa__xpopa__issue_cycles=4)
    )  # fmt: skip
    assert one.stalls["custom_result"] == 0
    assert one.cycles <= late.cycles < slow.cycles
    assert late.custom_costs["xpopa.xpopa"].latency == 4
    assert (slow.custom_costs["xpopa.xpopa"].issue_cycles, slow.custom_costs["xpopa.xpopa"].latency) == (4, 4)
    assert late.custom_costs["xpopa.xpopa"].ref == "set by the user"


def test_costs_of_a_core_and_notes(files: tuple[str, str]) -> None:
    base, m4 = run(files, "slow")
    cost = m4.custom_costs["slow.bits"]
    assert (cost.issue_cycles, cost.latency, cost.kind, cost.ref) == (2, 5, "measured", "silicon")
    assert (base.notes, m4.notes) == ((), ("slow: A test and nothing else.",))
    changed = run(files, "slow", "cortex-m4-port128")[1]
    assert changed.custom_costs == m4.custom_costs and changed.cycles == m4.cycles
    assert changed.core_change == "128-bit data port in place of 32" and len(changed.notes) == 2
    assert run(files, "slow", "cortex-m3")[1].custom_costs["slow.bits"].issue_cycles == 1


def test_the_port_of_the_core_reaches_the_cells(files: tuple[str, str]) -> None:
    base, xpopa = run(files, cortex_m4__data_port__bits=256)
    assert {c.data_port_bits for c in (base, xpopa)} == {256}
    assert "XMOS-class memory" in base.notes[0]
    assert [c.cycles for c in (base, xpopa)] == [c.cycles for c in run(files)], "no custom loads, no change"
    (cell,) = make_cells(make_study({"isa": ["base"], "set": {"cortex-m4.data_port.bits": 64}}))
    assert cell.core.data_port.bits == 64 and cell.custom_costs == {}
