"""Semantics that index outside their unit's state stop the run; they do not change the simulator's memory."""

import numpy as np
import pytest

import bnnsim.emulate  # noqa: F401  (sets Numba's cache)
from bnnsim.emulate.custom import compile_semantics, run_in_frame
from bnnsim.isa import load_extension

TEXT = """
from bnnsim.isa import CX2, Effect, Extension, Source, u32
extension = Extension("outside", "Writes where it should not.", state_words=2)

def write(state, at):
    state[at] = 5

@extension.instruction(
    CX2(op=9), latency=1, source=Source.assumed("a test"), vectors=[((1, [0]), Effect(result=1, state=[0, 5]))]
)
def outside(n: u32, state) -> u32:
    write(state, n)
    return n
"""


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "outside.py").write_text(TEXT)
    (instruction,) = load_extension(str(tmp_path / "outside.py")).instructions
    return instruction, compile_semantics([instruction])["outside"]


def test_inside(outside):
    state = np.zeros(2, np.uint32)
    assert run_in_frame(*outside, [1, state]) == 1
    assert state.tolist() == [0, 5]


@pytest.mark.parametrize("at", [2, 500, 0xFFFFFFFF])
def test_outside(outside, at):
    instruction, semantics = outside
    assert semantics.native
    with pytest.raises(ValueError, match="raise natively"):
        run_in_frame(instruction, semantics, [at, np.zeros(2, np.uint32)])
