"""The worked examples: 32 loops, cycles per iteration on each core that has a figure for them."""

from pathlib import Path

import pytest
import yaml

from bnnsim.timing.core import load_core
from tests.timing.bench import Loop, assemble_loops, cycles_per_iteration

FILE = Path(__file__).parents[1] / "data" / "timing_examples.yaml"
EXAMPLES = yaml.safe_load(FILE.read_text())
CORES = ("cortex-m4", "cortex-m7", "cortex-m33")
LOOPS = [Loop(e["name"], e["asm"], 0, e["aligned_word"]) for e in EXAMPLES]
CASES = [(core, n, e[key]) for core in CORES for n, e in enumerate(EXAMPLES) if (key := core.replace("-", "_")) in e]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return assemble_loops(LOOPS, tmp_path_factory.mktemp("examples"))


def test_every_core_has_its_examples():
    assert [sum(core == c for c, _, _ in CASES) for core in CORES] == [32, 30, 30]


@pytest.mark.parametrize(("core", "number", "cycles"), CASES, ids=[f"{c} {LOOPS[n].name}" for c, n, _ in CASES])
def test_example(image, core, number, cycles):
    assert cycles_per_iteration(image, number, LOOPS[number], load_core(core)) == cycles
