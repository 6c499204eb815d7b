"""Results: totals must add up, speed-ups are per core and board, and the JSON keys are stable."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bnnsim.study.results import Comparison, LayerResult, to_dict, to_json, with_speedups
from tests.report.example import cell, comparison, layer


def test_layers_must_sum_to_the_total() -> None:
    with pytest.raises(ValueError, match=r"layers have 3,?782,?000 cycles, the total says 1"):
        cell("base", 1_200_000, 2_500_000, 80_000, cycles=1)
    with pytest.raises(ValueError, match="instructions"):
        cell("base", 1_200_000, 2_500_000, 80_000, instructions=1)


def test_speedups() -> None:
    base, popcnt = comparison().cells
    assert base.speedup == 1.0
    assert popcnt.speedup == pytest.approx(3_782_000 / 2_522_000)
    assert popcnt.speedup_over_faithful == pytest.approx(12_102_000 / 2_522_000)
    assert [part.speedup for part in popcnt.layers] == [0.96, 2.0, 4.0, None]
    assert [part.speedup for part in base.layers] == [1.0, 1.0, 1.0, None]


def test_speedups_stay_on_their_core_and_board() -> None:
    cells = (
        cell("base", 10, 10, 10),
        cell("base", 1000, 1000, 1000, core="cortex-m3"),
        cell("popcnt", 10, 500, 10, core="cortex-m3"),
        cell("popcnt", 10, 10, 10, board="other"),
    )
    found = with_speedups(Comparison("n", "base", {}, cells)).cells
    assert found[2].speedup == pytest.approx(5000 / 2520)
    assert found[3].speedup is None, "no reference on that board"
    assert all(part.speedup is None for part in found[3].layers)


def test_json_contract() -> None:
    found = json.loads(to_json(comparison(failed=True)))
    assert found["schema"] == 1
    assert (found["network"], found["reference_isa"]) == ("smallcifar", "base")
    assert [made["isa"] for made in found["cells"]] == ["base", "popcnt"]
    made = found["cells"][1]
    assert {
        "core", "board", "isa", "toolchain", "clock_hz", "cycles", "instructions", "milliseconds", "speedup",
        "faithful_cycles", "speedup_over_faithful", "code_bytes", "flash_bytes", "ram_bytes", "verified",
        "assumed_cycle_share", "band_cycles", "stalls", "unvalidated", "layers",
    } <= set(made)  # fmt: skip
    assert made["milliseconds"] == pytest.approx(25.22)
    assert made["verified"] is True
    conv2, overhead = made["layers"][1], made["layers"][-1]
    assert {
        "name", "operator", "variant", "cycles", "faithful_cycles", "instructions", "macs", "speedup", "verified"
    } <= set(conv2)  # fmt: skip
    assert conv2["cycles_per_word"] == pytest.approx(1_250_000 / 294_912)
    assert overhead["name"] == "overhead"
    assert [overhead[key] for key in ("operator", "variant", "speedup", "faithful_cycles")] == [None] * 4
    assert overhead["macs"] == 0
    assert "verified" not in overhead
    assert sum(part["cycles"] for part in made["layers"]) == made["cycles"]
    assert found["failures"] == [
        {
            "core": "cortex-m4",
            "board": "zero-wait",
            "isa": "xpopacc",
            "stage": "build",
            "message": "conv2: no kernel fits",
        }
    ]


def test_density_sweep_in_json() -> None:
    made = comparison().cells[0]
    swept = replace(made.layers[0], density_sweep=((0.1, 5), (0.9, 9)), input_density=0.4, code_bytes=12)
    row = to_dict(Comparison("n", "base", {}, (replace(made, layers=(swept, *made.layers[1:])),)))
    first = row["cells"][0]["layers"][0]
    assert first["density_sweep"] == [{"density": 0.1, "cycles": 5}, {"density": 0.9, "cycles": 9}]
    assert (first["input_density"], first["code_bytes"]) == (0.4, 12)


def test_empty_layers_have_no_ratios() -> None:
    nothing = LayerResult("a", "BBConv2D", "faithful", 0, 0, faithful_cycles=5)
    assert (nothing.cpi, nothing.speedup_over_faithful) == (0.0, None)
    assert layer("b", "BBConv2D", "faithful", 10).cpi == 1.25


def test_bounds() -> None:
    base, popcnt = comparison().cells
    assert (base.touched, base.touched_cycles, base.bound) == ((), 0, 1.0)
    assert (popcnt.touched, popcnt.touched_cycles) == (("conv2", "fc"), 2_580_000)
    assert popcnt.bound == pytest.approx(3_782_000 / (3_782_000 - 2_580_000))
    assert popcnt.speedup is not None and popcnt.bound is not None and popcnt.speedup < popcnt.bound
    found = to_dict(comparison())["cells"][1]["amdahl"]
    assert found == {
        "touched_layers": ["conv2", "fc"],
        "touched_cycles": 2_580_000,
        "bound": popcnt.bound,
        "speedup": popcnt.speedup,
    }


def test_no_bound_if_every_layer_is_touched_or_the_reference_failed() -> None:
    every = tuple(replace(part, custom_instructions=1) for part in cell("popcnt", 1, 2, 3).layers)
    cells = (cell("base", 10, 20, 30), replace(cell("popcnt", 1, 2, 3), layers=every))
    assert with_speedups(Comparison("n", "base", {}, cells)).cells[1].bound is None
    alone = with_speedups(Comparison("n", "base", {}, (cell("popcnt", 1, 2, 3),))).cells[0]
    assert (alone.bound, alone.touched_cycles) == (None, None)


def test_costs_and_changes_of_the_core_in_json() -> None:
    changed = replace(comparison().cells[1], core_change="64-bit data port in place of 32", notes=("Core change: x.",))
    found = to_dict(Comparison("n", "base", {}, (changed,)))["cells"][0]
    assert (found["data_port_bits"], found["core_change"], found["notes"]) == (
        32,
        "64-bit data port in place of 32",
        ["Core change: x."],
    )
    costs = {"issue_cycles": 1, "latency": 3, "kind": "assumed", "ref": "a guess"}
    assert found["custom_costs"] == {"popcnt.popc": costs}
    assert found["layers"][1]["custom_instructions"] == 1_000 and "custom_instructions" not in found["layers"][0]
