"""What flows between layers: the shape and element type of one activation tensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnnsim.errors import UsageError, nearest

# element type → NumPy dtype of its little-endian bytes; "bit" is packed (pack.py), its values are ±1 in int8
DTYPES = {"bit": "<i1", "uint8": "<u1", "int8": "<i1", "int16": "<i2", "int32": "<i4", "float32": "<f4"}
WORD_BITS = 32


@dataclass(frozen=True)
class Tensor:
    """Shape (height, width, channels) and element type of a tensor; batch is 1, channels are innermost.

    Integers stand for real numbers: real = scale · (integer - zero_point).
    """

    shape: tuple[int, int, int]
    dtype: str
    scale: float = 1.0
    zero_point: int = 0

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            allowed = ", ".join(DTYPES)
            raise UsageError(f"unknown element type {self.dtype!r}; known: {allowed}{nearest(self.dtype, DTYPES)}")
        if self.zero_point:
            low, high = self.limits
            if not low <= self.zero_point <= high:
                raise UsageError(f"zero point {self.zero_point}: {self.dtype} holds {low:g}..{high:g}")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise UsageError(f"tensor shape {self.shape}: wanted (height, width, channels), each at least 1")

    @property
    def words(self) -> int:
        """32-bit words of one packed pixel; 0 when the tensor is not packed."""
        return -(-self.shape[2] // WORD_BITS) if self.dtype == "bit" else 0

    @property
    def item_bytes(self) -> int:
        """Bytes of one element; 0 when the tensor is packed."""
        return 0 if self.dtype == "bit" else np.dtype(DTYPES[self.dtype]).itemsize

    @property
    def size_bytes(self) -> int:
        """Bytes of the tensor as kernels see it."""
        height, width, channels = self.shape
        return height * width * (4 * self.words or channels * self.item_bytes)

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest value of an element; integers but for float32."""
        if self.dtype == "bit":
            return -1, 1
        if self.dtype == "float32":
            return -np.inf, np.inf
        info = np.iinfo(DTYPES[self.dtype])
        return int(info.min), int(info.max)

    def check(self, values: np.ndarray, what: str) -> None:
        """Raise UsageError unless `values` has this shape and holds only values of this element type."""
        if values.shape != self.shape:
            raise UsageError(f"{what}: found shape {values.shape}, wanted {self.shape}")
        low, high = self.limits
        if self.dtype == "float32":
            if values.dtype != np.float32:
                raise UsageError(f"{what}: found {values.dtype} elements, wanted float32")
            return
        wrong = np.abs(values) != 1 if self.dtype == "bit" else (values < low) | (values > high)
        if not np.issubdtype(values.dtype, np.integer) or wrong.any():
            allowed = "-1 and +1" if self.dtype == "bit" else f"integers {low}..{high}"
            found = values.dtype if not wrong.any() else values[wrong][0]
            raise UsageError(f"{what}: found {found}; {self.dtype} tensors hold {allowed}")
