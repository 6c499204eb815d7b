"""Packing of activations: channel order, padding, round trips, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnsim.errors import UsageError, VerificationError
from bnnsim.model.pack import pack_tensor, unpack_tensor
from bnnsim.model.tensor import DTYPES, Tensor

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 70))


@given(SHAPES, st.sampled_from(list(DTYPES)), st.integers(0, 2**32 - 1))
def test_round_trip(shape: tuple[int, int, int], dtype: str, seed: int) -> None:
    tensor, rng = Tensor(shape, dtype), np.random.default_rng(seed)
    low, high = tensor.limits
    if dtype == "float32":
        values = rng.normal(0, 1, shape).astype(np.float32)
    else:
        values = rng.choice([-1, 1], shape) if dtype == "bit" else rng.integers(low, high, shape, endpoint=True)
    data = pack_tensor(values, tensor)
    assert len(data) == tensor.size_bytes
    np.testing.assert_array_equal(unpack_tensor(data, tensor), values)


def test_channel_order() -> None:
    values = np.full((1, 2, 40), -1, np.int8)
    values[0, 0, [0, 33]] = values[0, 1, [31, 39]] = 1
    words = np.frombuffer(pack_tensor(values, Tensor((1, 2, 40), "bit")), "<u4")
    assert words.tolist() == [1, 2, 1 << 31, 1 << 7]


def test_pad_bits_must_be_zero() -> None:
    tensor = Tensor((1, 2, 33), "bit")
    words = np.array([0, 0, 0, 0b100], "<u4")
    with pytest.raises(VerificationError, match=r"pixel \(0, 1\): pad bit 34 is 1"):
        unpack_tensor(words.tobytes(), tensor)


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        (np.zeros((1, 1, 2), np.int8), "bit", "found 0; bit tensors hold -1 and"),
        (np.full((1, 1, 2), 256), "uint8", "found 256; uint8 tensors hold integers 0..255"),
        (np.ones((1, 2, 1), np.int8), "bit", r"found shape \(1, 2, 1\), wanted \(1, 1, 2\)"),
        (np.ones((1, 1, 2)), "int8", "found float64; int8 tensors hold integers"),
    ],
)
def test_values_that_do_not_fit(values: np.ndarray, dtype: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        pack_tensor(values, Tensor((1, 1, 2), dtype))


def test_wrong_length_and_type() -> None:
    with pytest.raises(UsageError, match="found 3 bytes, wanted 4"):
        unpack_tensor(b"abc", Tensor((1, 1, 1), "bit"))
    with pytest.raises(UsageError, match="did you mean 'int8'"):
        Tensor((1, 1, 1), "int_8")
