"""The worked examples: 32 loops, cycles per iteration on the Cortex-M4."""

from pathlib import Path

import pytest
import yaml

from bnnsim.timing.core import load_core
from tests.timing.bench import Loop, assemble_loops, cycles_per_iteration

FILE = Path(__file__).parents[1] / "data" / "timing_examples.yaml"
LOOPS = [Loop(e["name"], e["asm"], e["cortex_m4"], e["aligned_word"]) for e in yaml.safe_load(FILE.read_text())]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return assemble_loops(LOOPS, tmp_path_factory.mktemp("examples"))


@pytest.mark.parametrize("number", range(len(LOOPS)), ids=[loop.name for loop in LOOPS])
def test_example(image, number):
    found = cycles_per_iteration(image, number, LOOPS[number], load_core("cortex-m4"))
    assert found == LOOPS[number].cycles
