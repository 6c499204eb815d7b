"""Random operands of a custom instruction: what its semantics are tried on in Python and natively."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from bnnsim.isa.instruction import MEMORY, STATE, Instruction

EDGES = (0, 1, 1 << 31, (1 << 32) - 1)
_MOST_EDGE_INPUTS = 256  # all combinations of EDGES for up to four operands


def inputs_of(instruction: Instruction, count: int, seed: int) -> Iterator[list[Any]]:
    """Yield arguments as `Instruction.evaluate` takes them: combinations of EDGES first, then random ones.

    State and memory are zeros, those of a test vector, or random words. At least `count`, the same for a seed.
    """
    rng = np.random.default_rng(seed)
    names = [name for name in instruction.parameters if name not in (STATE, MEMORY, "imm")]
    edges = list(itertools.islice(itertools.product(EDGES, repeat=len(names)), _MOST_EDGE_INPUTS))
    for number in range(max(count, len(edges))):
        words = edges[number] if number < len(edges) else tuple(_word(rng) for _ in names)
        values: dict[str, Any] = dict(zip(names, words, strict=True))
        values["imm"] = int(rng.integers(1 << instruction.encoding.immediate_bits))
        for at, name in enumerate(instruction.parameters):
            if name in (STATE, MEMORY):
                values[name] = _array(instruction, at, rng)
        yield [values[name] for name in instruction.parameters]


def _word(rng: np.random.Generator) -> int:
    """An edge, a small number, a number that is small when read as signed, or any 32 bits."""
    match int(rng.integers(8)):
        case 0:
            return EDGES[int(rng.integers(len(EDGES)))]
        case 1:
            return int(rng.integers(256))
        case 2:
            return (1 << 32) - 1 - int(rng.integers(256))
        case _:
            return int(rng.integers(1 << 32))


def _array(instruction: Instruction, at: int, rng: np.random.Generator) -> np.ndarray:
    """Words of the unit's state or of memory; at: place among the parameters."""
    known = [instruction.arguments(operands)[at] for operands, _ in instruction.vectors]
    shape = known[0].shape
    choice = int(rng.integers(3))
    if choice == 0:
        return known[int(rng.integers(len(known)))]
    return np.zeros(shape, np.uint32) if choice == 1 else rng.integers(1 << 32, size=shape, dtype=np.uint32)
