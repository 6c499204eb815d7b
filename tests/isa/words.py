"""Operands of words, drawn at random: what may stand in the registers, immediate and step of an encoding."""

import random
import struct
from collections.abc import Iterator

from hypothesis import strategies as st

from bnnsim.isa.encoding import Encoding

NUMBERS = {"core": [*range(13), 14], "pair": range(0, 11, 2), "double": range(16), "base": range(15)}


def random_operands(encoding: Encoding, draw: random.Random, numbers=NUMBERS, distinct: bool = False):
    """Registers by field, imm and step in bytes, as `Encoding.word` takes them.

    numbers: register numbers to draw from, by kind; distinct: no register twice.
    """
    registers: dict[str, int] = {}
    taken: set[tuple[bool, int]] = set()
    for f in encoding.form.fields:
        registers[f.name] = draw.choice([n for n in numbers[f.kind] if not taken & _touched(f.kind, n)])
        if distinct or encoding.form.name == "MRRC":
            taken |= _touched(f.kind, registers[f.name])
    step_bytes = 4 * draw.randint(-255, 255) if encoding.form.step_at else 0
    return registers, draw.getrandbits(encoding.immediate_bits), step_bytes


def _touched(kind: str, number: int) -> set[tuple[bool, int]]:
    return {(kind == "double", number + at) for at in range(2 if kind == "pair" else 1)}


@st.composite
def drawn_operands(draw, encoding: Encoding):
    """The same, for hypothesis."""
    return random_operands(encoding, draw(st.randoms(use_true_random=False)))


def words_of(code: bytes) -> Iterator[int]:
    """Instructions of Thumb code: 32-bit ones with the first halfword in bits 31:16."""
    at = 0
    while at < len(code):
        (first,) = struct.unpack_from("<H", code, at)
        wide = first >> 11 in (0b11101, 0b11110, 0b11111)
        yield first << 16 | struct.unpack_from("<H", code, at + 2)[0] if wide else first
        at += 4 if wide else 2
