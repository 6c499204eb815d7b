"""Weight layouts: every weight is where the layout says, and everything else is 0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import UsageError
from bnnsim.model.layout import ELEMENTS, LOGICAL, Layout, parse_layout

GROUPINGS = (["O", "Y", "X", "C"], ["O", "Y", "XC"], ["O", "YXC"], ["O", "YX", "C"], ["OYXC"])


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """Any grouping of axes, any of them padded, split or falling, in any order."""
    words: list[str] = []
    for name in draw(st.sampled_from(GROUPINGS)):
        name += draw(st.sampled_from(["", "", "2", "4"]))
        split = draw(st.sampled_from([0, 0, 1, 2, 3, 4, 32]))
        falls = st.sampled_from(["", "", "-"])
        words += [f"{name}/{split}{draw(falls)}", f"{name}%{split}{draw(falls)}"] if split else [name + draw(falls)]
    return " ".join([draw(st.sampled_from(list(ELEMENTS))), *draw(st.permutations(words))])


def expected_elements(text: str, weights: np.ndarray) -> np.ndarray:
    """Every element in order, found weight by weight by counting, one axis at a time."""
    sizes = dict(zip(LOGICAL, weights.shape, strict=True))
    axes = parse_layout(text).axes
    for axis in axes:
        while sizes[axis.name[-1]] % axis.multiple:
            sizes[axis.name[-1]] += 1
    totals = {axis.name: math.prod(sizes[letter] for letter in axis.name) for axis in axes}
    lengths = [{"": totals[a.name], "/": -(-totals[a.name] // a.split), "%": a.split}[a.part] for a in axes]
    found = np.zeros(math.prod(lengths), np.int64)
    for index in np.ndindex(weights.shape):
        at = dict(zip(LOGICAL, index, strict=True))
        position = 0
        for axis, length in zip(axes, lengths, strict=True):
            flat = 0
            for letter in axis.name:
                flat = flat * sizes[letter] + at[letter]
            part = {"": flat, "/": flat // axis.split, "%": flat % axis.split}[axis.part]
            position = position * length + (length - 1 - part if axis.falls else part)
        found[position] = weights[index]
    return found


@settings(max_examples=100, deadline=None)
@given(layouts(), st.tuples(*[st.integers(1, 6)] * 4), st.integers(0, 2**32 - 1))
def test_weights_are_where_the_layout_says(text: str, shape: tuple[int, ...], seed: int) -> None:
    weights = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), shape)
    layout = parse_layout(text)
    elements = expected_elements(text, weights)
    data = layout.pack(weights)
    if layout.element == "bit":
        assert len(data) % 4 == 0
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        np.testing.assert_array_equal(bits[: elements.size], elements > 0)
        assert not bits[elements.size :].any()
    else:
        np.testing.assert_array_equal(np.frombuffer(data, ELEMENTS[layout.element]), elements)
    assert str(layout) == text


def test_packed_taps_by_hand() -> None:
    weights = np.full((1, 1, 2, 33), -1, np.int8)
    weights[0, 0, 0, 0] = weights[0, 0, 0, 32] = weights[0, 0, 1, 31] = 1
    words = np.frombuffer(parse_layout("bit O Y X C/32 C%32").pack(weights), "<u4")
    assert words.tolist() == [1, 1, 1 << 31, 0]
    taps = np.frombuffer(parse_layout("bit O%2- YXC32/64 O/2 YXC32%64").pack(weights), "<u4")
    assert taps.tolist() == [0] * 4 + [1, 1, 1 << 31, 0]
    channels = np.frombuffer(parse_layout("bit O/32 Y X C O%32").pack(weights), "<u4")
    assert np.flatnonzero(channels).tolist() == [0, 32, 33 + 31]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown element ''; known: bit, int8"),
        ("bits O Y X C", "did you mean 'bit'"),
        ("bit O Y X", "axis C is missing"),
        ("bit O Y X C X", "axis X appears as X X"),
        ("bit O Y X C/32", "once as C/n and once as C%n"),
        ("bit O Y X C/32 C%16", "C/32 and C%16 do not split the same axis"),
        ("bit O Y X C32/64 C%64", "C32/64 and C%64 do not split the same axis"),
        ("bit O Y X -C", "'-C' is no axis"),
        ("bit O Y XC/4 C%4 X", "axis X appears as XC/4 X"),
        ("bit O YX XC/4 C%4", "axis X appears as YX XC/4"),
        ("bit O Y CX", "'CX' does not merge adjacent axes"),
        ("bit O XY C", "'XY' does not merge"),
        ("bit O Y X C/0 C%0", "'C/0' is no axis"),
        ("bit O Y X K", "'K' is no axis"),
    ],
)
def test_wrong_layouts(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        parse_layout(text)


@pytest.mark.parametrize("layout", ["int8 O Y X C", "bit O Y X C"])
def test_weights_that_do_not_fit(layout: str) -> None:
    parsed: Layout = parse_layout(layout)
    with pytest.raises(UsageError, match="200"):
        parsed.pack(np.full((1, 1, 1, 1), 200))
