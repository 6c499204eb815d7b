"""Folding equals the float32 formula on every reachable accumulator, in both its forms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import LoweringError
from bnnsim.model.activation import signs
from bnnsim.model.network import random_layer
from bnnsim.model.thresholds import Thresholds, fold, kernel_form, reachable

REAL = st.floats(-1e4, 1e4, width=32)
SLOPES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 0.25, -1.37, 1.2]), st.floats(-3, 3, width=32))
BIASES = st.one_of(st.integers(-250, 250), st.sampled_from([-(2**31), 2**31 - 1]))
GAMMAS = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30]), st.floats(-3, 3, width=32))


@st.composite
def outputs(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Parameters of 1 to 40 outputs, with or without PReLU, bias and scales; thresholds may saturate."""
    count = draw(st.integers(1, 40))
    kinds = {"gamma": GAMMAS, "beta": st.floats(-8, 8, width=32), "mean": REAL}
    kinds["variance"] = st.floats(0, 1e6, width=32)
    if draw(st.booleans()):
        kinds["slope"] = SLOPES
    drawn = {name: draw(st.lists(kind, min_size=count, max_size=count)) for name, kind in kinds.items()}
    parameters: dict[str, np.ndarray] = {name: np.array(v, np.float32) for name, v in drawn.items()}
    if draw(st.booleans()):
        parameters["bias"] = np.array(draw(st.lists(BIASES, min_size=count, max_size=count)), np.int32)
    if draw(st.booleans()):
        parameters["input_scale"] = np.asarray(draw(st.sampled_from([1.0, 1 / 255, 0.1])), np.float32)
        parameters["weight_scale"] = np.asarray(draw(st.sampled_from([1 / 128, 1e-45, 30.0])), np.float32)
    return parameters


def by_brute_force(parameters: Mapping[str, np.ndarray], low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """All accumulators [N, 1] and their bits [N, O], straight from the formula."""
    acc = np.arange(low, high + 1)[:, None]
    count = len(parameters["gamma"])
    return acc, signs(np.broadcast_to(acc, (len(acc), count)), parameters)


def kernel_bits(acc: np.ndarray, thresholds: Thresholds, modulus: int) -> np.ndarray:
    """The bits that C computes, padded outputs included: [N, P]."""
    bias, width, polarity = kernel_form(thresholds)
    flips = np.unpackbits(polarity.view(np.uint8), bitorder="little")
    outside = (acc + bias.astype(np.int64)) % modulus >= width
    return outside ^ flips.astype(bool)


@settings(max_examples=150, deadline=None)
@given(outputs(), st.integers(0, 200), st.integers(0, 200))
def test_folding_is_exact(parameters: dict[str, np.ndarray], below: int, above: int) -> None:
    count = len(parameters["gamma"])
    acc, expected = by_brute_force(parameters, -below, above)
    thresholds = fold(parameters, np.full(count, -below), np.full(count, above))
    folded = thresholds.polarity ^ ((acc <= thresholds.low) | (acc >= thresholds.high))
    np.testing.assert_array_equal(folded, expected)
    reach = max(below, above)
    for bits in (32, (2 * reach + 1).bit_length()):
        found = kernel_bits(acc, thresholds, 1 << bits)
        np.testing.assert_array_equal(found[:, :count], expected)
        assert not found[:, count:].any(), "pad outputs must give bit 0"
    bias, width, _ = kernel_form(thresholds)
    assert bias.min() >= (-reach if "bias" in parameters else 0) and bias.max() <= reach
    assert width.min() >= 1 and width.max() <= 2 * reach + 1


@pytest.mark.parametrize(
    ("slope", "gamma", "beta", "pattern"),
    [
        (-1.0, 1.0, -3.0, "1" * 8 + "00000" + "1" * 8),  # p = |acc|, 1 where |acc| >= 3
        (-1.0, -1.0, 3.0, "0" * 7 + "1111111" + "0" * 7),
        (0.0, 1.0, 0.0, "1" * 21),  # never below 0; zero is +1
        (0.25, -1.0, 0.0, "1" * 11 + "0" * 10),
        (0.25, 0.0, -0.5, "0" * 21),
        (0.25, 0.0, 0.0, "1" * 21),
        (3e38, 0.0, 0.5, "1" * 21),  # v · slope overflows; gamma 0 still gives beta
        (0.25, 1.0, 100.0, "1" * 21),
        (0.25, 1.0, -100.0, "0" * 21),
        (2.0, 1.0, 4.0, "0" * 8 + "1" * 13),
    ],
)
def test_known_patterns(slope: float, gamma: float, beta: float, pattern: str) -> None:
    values = {"slope": slope, "gamma": gamma, "beta": beta, "mean": 0.0, "variance": 1 - 1e-3}
    parameters = {name: np.array([value], np.float32) for name, value in values.items()}
    thresholds = fold(parameters, np.array([-10]), np.array([10]))
    found = kernel_bits(np.arange(-10, 11)[:, None], thresholds, 1 << 32)[:, 0]
    assert "".join(str(int(bit)) for bit in found) == pattern


@pytest.mark.parametrize(
    ("bias", "mean", "slope", "gamma", "pattern"),
    [
        (7, 9.0, 1.0, 1.0, "0" * 12 + "1" * 9),  # acc >= 2
        (-7, 0.0, 1.0, 1.0, "0" * 17 + "1" * 4),
        (-7, 2.0, -1.0, 1.0, "1" * 16 + "000" + "11"),  # |acc - 7| >= 2: both thresholds above 0
        (7, 2.0, -1.0, -1.0, "0" + "11111" + "0" * 15),
        (100, 0.0, 0.5, 1.0, "1" * 21),
        (-100, -40.0, 0.5, 1.0, "0" * 21),
        (-100, -50.0, 0.5, 1.0, "0" * 10 + "1" * 11),
    ],
)
def test_known_patterns_with_a_bias(bias: int, mean: float, slope: float, gamma: float, pattern: str) -> None:
    values = {"slope": slope, "gamma": gamma, "beta": 0.0, "mean": mean, "variance": 1 - 1e-3}
    parameters: dict[str, np.ndarray] = {name: np.array([v], np.float32) for name, v in values.items()}
    parameters["bias"] = np.array([bias], np.int32)
    thresholds = fold(parameters, np.array([-10]), np.array([10]))
    for modulus in (1 << 32, 32):
        found = kernel_bits(np.arange(-10, 11)[:, None], thresholds, modulus)[:, 0]
        assert "".join(str(int(bit)) for bit in found) == pattern


def test_wide_range_of_an_integer_layer() -> None:
    layer = random_layer("QQConv2D", (8, 8, 3), channels=4, kernel=5, rng=3)
    weights = layer.parameters["weights"]
    low, high = reachable(weights, "uint8")
    negative = np.where(weights < 0, weights, 0).reshape(4, -1).sum(axis=1, dtype=np.int64)
    np.testing.assert_array_equal(low, 255 * negative)
    thresholds = fold(layer.parameters, low, high)
    acc, expected = by_brute_force(layer.parameters, int(low.min()), int(high.max()))
    inside = (acc >= low) & (acc <= high)
    np.testing.assert_array_equal(kernel_bits(acc, thresholds, 1 << 32)[:, :4][inside], expected[inside])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("mean", np.inf, "not finite"),
        ("variance", -1.0, "negative variance"),
        ("weight_scale", 1e38, "exceed float32"),
        ("weight_scale", -1.0, "positive"),
    ],
)
def test_refuses_what_it_cannot_fold(name: str, value: float, message: str) -> None:
    layer = random_layer("QQConv2D", (4, 4, 3), channels=2, kernel=3)
    parameters = dict(layer.parameters)
    parameters[name] = np.full_like(parameters[name], value)
    with pytest.raises(LoweringError, match=message):
        fold(parameters, *reachable(parameters["weights"], "uint8"))
