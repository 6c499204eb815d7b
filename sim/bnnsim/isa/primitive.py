"""Primitives: what a kernel can be written against, whatever instruction serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Primitive:
    """What an instruction that claims a primitive must take and compute.

    operands: as an encoding names them; compute: their result, of which 32 bits count; immediates: values of imm that
    kernels use, others are the instruction's own.
    """

    operands: tuple[str, ...]
    compute: Callable[..., int]
    immediates: tuple[int, ...] = ()


def _push_threshold(d: int, n: int, m: int, imm: int) -> int:
    """Shift d by one place, to the left (imm 0) or to the right (1); n >= m, unsigned, is what comes in."""
    return d >> 1 | (n >= m) << 31 if imm else d << 1 | (n >= m)


PRIMITIVES = {
    "popcount": Primitive(("n",), lambda n: n.bit_count()),
    "xor_popcount_accumulate": Primitive(("d", "n", "m"), lambda d, n, m: d + (n ^ m).bit_count()),
    "push_threshold": Primitive(("d", "n", "m", "imm"), _push_threshold, immediates=(0, 1)),
}
