"""Place activation and scratch buffers in one arena so that buffers in use at different times share bytes."""

from __future__ import annotations

from dataclasses import dataclass

_ALIGNMENT = 8


@dataclass(frozen=True)
class Buffer:
    """A buffer in use from layer `first` to layer `last`, both included."""

    name: str
    size_bytes: int
    first: int
    last: int


def plan_arena(buffers: list[Buffer]) -> tuple[dict[str, int], int]:
    """Return each buffer's offset (multiples of 8) and the arena's size in bytes; largest buffers first."""
    placed: list[tuple[int, int, Buffer]] = []
    for buffer in sorted(buffers, key=lambda b: (-b.size_bytes, b.first, b.name)):
        size = -(-buffer.size_bytes // _ALIGNMENT) * _ALIGNMENT
        taken = sorted((s, e) for s, e, other in placed if other.first <= buffer.last and buffer.first <= other.last)
        at = 0
        for start, end in taken:
            if at + size <= start:
                break
            at = max(at, end)
        placed.append((at, at + size, buffer))
    return {b.name: start for start, _, b in placed}, max((end for _, end, _ in placed), default=0)
