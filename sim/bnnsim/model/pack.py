"""Tensors as the bytes that kernels see: packed bits or little-endian integers, HWC.

Packed: channel c of a pixel is bit c % 32 of word c // 32, LSB = lowest channel, bit 1 = +1, bit 0 = -1,
pad bits 0; each pixel starts on a fresh 32-bit little-endian word.
"""

from __future__ import annotations

import numpy as np

from bnnsim.errors import UsageError, VerificationError
from bnnsim.model.tensor import DTYPES, WORD_BITS, Tensor


def pack_bits(bits: np.ndarray) -> np.ndarray:
    """Return 0/1 values [..., n] as words, uint32 [..., ceil(n/32)], LSB first, padded with zero bits."""
    pad = -bits.shape[-1] % WORD_BITS
    padded = np.pad(bits.astype(np.uint8), [(0, 0)] * (bits.ndim - 1) + [(0, pad)])
    return np.packbits(padded, axis=-1, bitorder="little").view("<u4")


def pack_tensor(values: np.ndarray, tensor: Tensor) -> bytes:
    """Return a tensor's values (HWC; ±1 for bits) as bytes. Raises UsageError when they do not fit it."""
    tensor.check(values, "tensor")
    if tensor.dtype == "bit":
        return pack_bits(values > 0).tobytes()
    return values.astype(DTYPES[tensor.dtype]).tobytes()


def unpack_tensor(data: bytes, tensor: Tensor) -> np.ndarray:
    """Return the values of a tensor's bytes, HWC: int8 ±1 for bits, else of the tensor's type.

    Raises UsageError for a wrong length, VerificationError when pad bits are not 0.
    """
    if len(data) != tensor.size_bytes:
        raise UsageError(f"tensor {tensor.shape} {tensor.dtype}: found {len(data)} bytes, wanted {tensor.size_bytes}")
    if tensor.dtype != "bit":
        return np.frombuffer(data, DTYPES[tensor.dtype]).reshape(tensor.shape)
    height, width, channels = tensor.shape
    octets = np.frombuffer(data, np.uint8).reshape(height, width, 4 * tensor.words)
    bits = np.unpackbits(octets, axis=-1, bitorder="little")
    if bits[..., channels:].any():
        y, x, c = np.argwhere(bits[..., channels:])[0]
        raise VerificationError(
            f"pixel ({y}, {x}): pad bit {c + channels} is 1; bits beyond channel {channels - 1} must be 0"
        )
    return 2 * bits[..., :channels].astype(np.int8) - 1
