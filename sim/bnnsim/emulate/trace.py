"""What one emulation leaves behind: counts, never cycles. Everything a core table needs to price it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

DIVIDE_CLASSES = 34


@dataclass(frozen=True)
class Trace:
    """Counts per scope (S scopes: one per layer, the last is "overhead").

    blocks: int64 [B, 2], address and size in bytes; edges: int64 [E, 2], indices (previous block,
    block), previous -1 at the start; counts: int64 [S, E].
    skipped_at, skipped: int64 [K], [S, K]: instructions in IT blocks, times their condition failed.
    divides_at, divides: int64 [D], [S, D, 34]: UDIV and SDIV by operands; class 0: |n| < |m| or m = 0
    (quotient 0), class 1 + d: bits(|n|) - bits(|m|) = d.
    misaligned_at, misaligned: int64 [M], [S, M, 2]: data accesses off their size's alignment; column 0:
    crossing one boundary (a word at address ≡ 2 (mod 4), an odd halfword), column 1: a word at an odd address.
    outputs: bytes of each scope's output buffer; peak_stack_bytes: deepest stack use.
    copied_at, copied: int64 [C, 2], address and size in bytes of code that the program copied to RAM; uint8, its bytes.
    branch_blocks: int64 [P], indices into blocks: the branch meant is the block's last instruction;
    mispredicts, target_changes: int64 [S, P], of a 2-bit counter and of a last taken target per block (see
    `branches`). Only blocks with counts; of an unconditional branch, mispredicts mean nothing. Like an edge, a
    branch counts in the scope of the block that it leads to.
    """

    scopes: tuple[str, ...]
    blocks: np.ndarray
    edges: np.ndarray
    counts: np.ndarray
    skipped_at: np.ndarray
    skipped: np.ndarray
    divides_at: np.ndarray
    divides: np.ndarray
    misaligned_at: np.ndarray
    misaligned: np.ndarray
    outputs: Mapping[str, bytes]
    peak_stack_bytes: int
    copied_at: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    copied: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))
    branch_blocks: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    mispredicts: np.ndarray = field(default_factory=lambda: np.zeros((1, 0), np.int64))
    target_changes: np.ndarray = field(default_factory=lambda: np.zeros((1, 0), np.int64))

    def to_bytes(self) -> bytes:
        """Serialize as an .npz archive (no pickles)."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("scopes", "outputs")}
        arrays["scopes"] = np.array(self.scopes)
        for name, data in self.outputs.items():
            arrays[f"output:{name}"] = np.frombuffer(data, np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Trace:
        """Inverse of `to_bytes`."""
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            loaded = {name: archive[name] for name in archive.files}
        outputs = {n.removeprefix("output:"): v.tobytes() for n, v in loaded.items() if n.startswith("output:")}
        plain = {n: v for n, v in loaded.items() if not n.startswith("output:")}
        plain["scopes"] = tuple(str(s) for s in plain["scopes"])
        plain["peak_stack_bytes"] = int(plain["peak_stack_bytes"])
        return cls(**plain, outputs=outputs)
