"""TFLite's int8 operators without weights: the reference against scalar loops and against real arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.errors import UsageError
from bnnsim.model.int8_factors import add_factors, mul_factor, rescale_factor, softmax_factor
from bnnsim.model.network import Layer, random_layer, random_tensor
from bnnsim.model.reference import run_layer
from bnnsim.model.reference.softmax import exp_of_negative, reciprocal_of_one_plus
from bnnsim.model.tensor import Tensor

SCALES = st.floats(1e-3, 2.0)
ZERO_POINTS = st.integers(-128, 127)


def truncated(a: int, b: int) -> int:
    """a / b towards zero, as C divides."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def high_multiply(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul, in its own words: nudge, then a division that truncates."""
    product = a * b
    return truncated(product + (1 << 30 if product >= 0 else 1 - (1 << 30)), 1 << 31)


def rounding_divide(x: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT: compare the remainder with a threshold."""
    mask = (1 << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def requantized(x: int, multiplier: int, exponent: int) -> int:
    """MultiplyByQuantizedMultiplier with double rounding."""
    return rounding_divide(high_multiply(x << max(exponent, 0), multiplier), max(-exponent, 0))


def clamped(y: int, layer: Layer, low: float = -math.inf, high: float = math.inf) -> int:
    """Zero point added, limited to int8 and to a range of real numbers."""
    output = layer.output
    y += output.zero_point
    if low > -math.inf:
        y = max(y, output.zero_point + round_half_away(Fraction(low) / Fraction(output.scale)))
    if high < math.inf:
        y = min(y, output.zero_point + round_half_away(Fraction(high) / Fraction(output.scale)))
    return min(max(y, -128), 127)


def round_half_away(x: Fraction) -> int:
    return math.floor(abs(x) + Fraction(1, 2)) * (1 if x >= 0 else -1)


def real(x: np.ndarray, tensor: Tensor) -> np.ndarray:
    return tensor.scale * (x.astype(float) - tensor.zero_point)


def inputs_of(layer: Layer, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [random_tensor(source, rng) for source in layer.sources]


def single(scale: float) -> float:
    """A scale that float32 holds."""
    return float(np.float32(scale))


@st.composite
def tensors(draw: st.DrawFn, shape: tuple[int, int, int] = (2, 3, 4)) -> Tensor:
    return Tensor(shape, "int8", single(draw(SCALES)), draw(ZERO_POINTS))


@settings(max_examples=60, deadline=None)
@given(tensors(), tensors(), st.sampled_from(["Add_int8", "Mul_int8"]), st.booleans(), st.integers(0, 2**32 - 1))
def test_sums_and_products(a: Tensor, b: Tensor, operator: str, one_pixel: bool, seed: int) -> None:
    if one_pixel:
        b = Tensor((1, 1, 4), "int8", b.scale, b.zero_point)
    layer = random_layer(operator, a.shape, sources=[a, b])
    layer = random_layer(operator, a.shape, sources=[a, b], output_scale=single(layer.output.scale))
    x, y = inputs_of(layer, seed)
    found = run_layer(layer, x, y)
    factors, add_factor = add_factors(layer.sources, layer.output)
    for (row, column, c), value in np.ndenumerate(found):
        p = int(x[row, column, c]) - a.zero_point
        q = int(y[0, 0, c] if one_pixel else y[row, column, c]) - b.zero_point
        if operator == "Add_int8":
            total = requantized(p << 20, *factors[0]) + requantized(q << 20, *factors[1])
            expected = clamped(requantized(total, *add_factor), layer)
        else:
            expected = clamped(requantized(p * q, *mul_factor(layer.sources, layer.output)), layer)
        assert value == expected
    exact = real(x, a) + real(y, b) if operator == "Add_int8" else real(x, a) * real(y, b)
    low, high = (layer.output.scale * (q - layer.output.zero_point) for q in (-128, 127))
    error = np.abs(real(found, layer.output) - np.clip(exact, low, high)) / layer.output.scale
    assert error.max() < 1


def test_default_output_of_sums_and_products_covers_all_results() -> None:
    a, b = Tensor((1, 1, 4), "int8", 0.5, 10), Tensor((1, 1, 4), "int8", 0.25, -100)
    extremes = np.array([-128, -128, 127, 127], np.int8).reshape(1, 1, 4), np.array([-128, 127] * 2, np.int8)
    for operator, combine in (("Add_int8", np.add), ("Mul_int8", np.multiply)):
        layer = random_layer(operator, a.shape, sources=[a, b])
        x, y = extremes[0], extremes[1].reshape(1, 1, 4)
        exact = combine(real(x, a), real(y, b))
        assert np.abs(real(run_layer(layer, x, y), layer.output) - exact).max() <= layer.output.scale
        assert math.isclose(layer.output.scale, (exact.max() - exact.min()) / 255)


@settings(max_examples=60, deadline=None)
@given(tensors(), SCALES, ZERO_POINTS, st.sampled_from(["ReLU_int8", "ReLU6_int8", "Quantize_int8"]))
def test_rescaling(source: Tensor, scale: float, zero_point: int, operator: str) -> None:
    source = Tensor((16, 16, 1), "int8", source.scale, source.zero_point)
    keys = {"output_scale": single(scale), "output_zero_point": zero_point}
    layer = random_layer(operator, source.shape, sources=[source], **keys)
    x = np.arange(-128, 128, dtype=np.int8).reshape(source.shape)
    low, high = {"ReLU_int8": (0, math.inf), "ReLU6_int8": (0, 6), "Quantize_int8": (-math.inf, math.inf)}[operator]
    factor = rescale_factor(source, layer.output)
    found = run_layer(layer, x)
    for q, y in zip(x.ravel(), found.ravel(), strict=True):
        assert y == clamped(requantized(int(q) - source.zero_point, *factor), layer, low, high)
    ends = [layer.output.scale * (q - zero_point) for q in (-128, 127)]
    exact = np.clip(np.clip(real(x, source), low, high), ends[0], ends[1])
    assert np.abs(real(found, layer.output) - exact).max() <= layer.output.scale * 1.001


def test_relu_with_the_same_quantization_is_a_clamp() -> None:
    source = Tensor((16, 16, 1), "int8", 0.05, -3)
    x = np.arange(-128, 128, dtype=np.int8).reshape(source.shape)
    for operator, high in (("ReLU_int8", 127), ("ReLU6_int8", -3 + 120)):
        found = run_layer(random_layer(operator, source.shape, sources=[source]), x)
        np.testing.assert_array_equal(found, np.clip(x, -3, high))


@settings(max_examples=60, deadline=None)
@given(SCALES, ZERO_POINTS, st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20), st.integers(0, 5000))
def test_quantize_rounds_the_float32_quotient_half_away(
    scale: float, zero_point: int, numbers: list[float], halves: int
) -> None:
    scale = single(scale)
    x = np.array([*numbers, scale * (halves / 10 + 0.5), -scale * (halves / 10 + 0.5)], np.float32).reshape(1, 1, -1)
    keys = {"output_scale": scale, "output_zero_point": zero_point}
    layer = random_layer("Quantize_int8", x.shape, **keys)
    for number, found in zip(x.ravel(), run_layer(layer, x).ravel(), strict=True):
        quotient = Fraction(float(np.float32(number) / np.float32(scale)))
        assert found == min(max(round_half_away(quotient) + zero_point, -128), 127)


def test_quantize_saturates() -> None:
    x = np.array([np.inf, -np.inf, 3e38, -3e38, 1e-45, -0.0], np.float32).reshape(1, 1, 6)
    layer = random_layer("Quantize_int8", x.shape, output_scale=1e-3, output_zero_point=5)
    assert run_layer(layer, x).ravel().tolist() == [127, -128, 127, -128, 5, 5]


@settings(max_examples=30, deadline=None)
@given(tensors((16, 16, 1)))
def test_dequantize_is_the_nearest_float32(source: Tensor) -> None:
    x = np.arange(-128, 128, dtype=np.int8).reshape(source.shape)
    found = run_layer(random_layer("Dequantize_int8", source.shape, sources=[source]), x)
    assert found.dtype == np.float32
    for q, y in zip(x.ravel(), found.ravel(), strict=True):
        exact = Fraction(source.scale) * (int(q) - source.zero_point)
        neighbours = (np.nextafter(y, np.float32(s), dtype=np.float32) for s in (-np.inf, np.inf))
        assert all(abs(Fraction(float(y)) - exact) <= abs(Fraction(float(n)) - exact) for n in neighbours)


@st.composite
def pools(draw: st.DrawFn) -> Layer:
    shape = (draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.sampled_from([1, 3, 4])))
    padding = draw(st.sampled_from(["same", "valid"]))
    limits = (9, 9) if padding == "same" else shape[:2]
    kernel = draw(st.integers(1, limits[0])), draw(st.integers(1, limits[1]))
    stride = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    source = Tensor(shape, "int8", 0.05, draw(ZERO_POINTS))
    activation = draw(st.sampled_from(["none", "relu", "relu6", "relu_n1_to_1"]))
    operator = draw(st.sampled_from(["MaxPool2D_int8", "AveragePool2D_int8"]))
    return random_layer(operator, shape, None, kernel, stride, padding, sources=[source], activation=activation)


@settings(max_examples=80, deadline=None)
@given(pools(), st.integers(0, 2**32 - 1))
def test_pools(layer: Layer, seed: int) -> None:
    (x,) = inputs_of(layer, seed)
    found, zero_point = run_layer(layer, x), layer.input.zero_point
    a = {key: value for key, value in layer.attributes.items() if isinstance(value, int)}
    low, high = {"none": (-128, 127), "relu": (zero_point, 127), "relu6": (zero_point, zero_point + 120)}.get(
        str(layer.attributes["activation"]), (zero_point - 20, zero_point + 20)
    )
    for (row, column, c), value in np.ndenumerate(found):
        seen = [
            int(x[y, x_, c])
            for y in range(row * a["stride_h"] - a["pad_top"], row * a["stride_h"] - a["pad_top"] + a["kernel_h"])
            for x_ in range(
                column * a["stride_w"] - a["pad_left"], column * a["stride_w"] - a["pad_left"] + a["kernel_w"]
            )
            if 0 <= y < x.shape[0] and 0 <= x_ < x.shape[1]
        ]
        pooled = max(seen)
        if layer.operator == "AveragePool2D_int8":  # CMSIS-NN's words: half the count away from zero, truncated
            total, half = sum(seen), len(seen) // 2
            pooled = truncated(total + half if total > 0 else total - half, len(seen))
        assert value == min(max(pooled, max(low, -128)), min(high, 127))


def scalar_exp(a: int) -> int:
    """gemmlowp's exp_on_negative_values with five integer bits, bit by bit."""
    quarter = 1 << 24
    rest = (a & (quarter - 1)) - quarter
    x = rest * 32 + (1 << 28)
    x2 = high_multiply(x, x)
    x3, x4 = high_multiply(x2, x), high_multiply(x2, x2)
    inner = high_multiply(rounding_divide(x4, 2) + x3, 715827883) + x2
    result = 1895147668 + high_multiply(x + rounding_divide(inner, 1), 1895147668)
    for exponent in range(-2, 5):
        if (rest - a) & (1 << (26 + exponent)):
            result = high_multiply(result, round(math.exp(-(2.0**exponent)) * 2**31))
    return 2**31 - 1 if a == 0 else result


def scalar_reciprocal(a: int) -> int:
    """gemmlowp's one_over_one_plus_x_for_x_in_0_1."""
    half = truncated(a + 2**31 - 1 + 1, 2)
    x = 1515870810 + high_multiply(half, -1010580540)
    for _ in range(3):
        x += high_multiply(x, (1 << 29) - high_multiply(half, x)) * 4
    return min(2 * x, 2**31 - 1)


def scalar_softmax(row: list[int], scale: float) -> list[int]:
    """arm_softmax_s8, an element at a time."""
    multiplier, left, diff_min = softmax_factor(Tensor((1, 1, 1), "int8", scale))
    differences = [q - max(row) for q in row]
    exponentials = [scalar_exp(high_multiply(d << left, multiplier)) if d >= diff_min else None for d in differences]
    total = sum(rounding_divide(e, 12) for e in exponentials if e is not None)
    headroom = 32 - total.bit_length()
    shifted_scale = scalar_reciprocal((total << headroom) - (1 << 31))
    outputs = (
        -128 if e is None else rounding_divide(high_multiply(shifted_scale, e), 35 - headroom) - 128
        for e in exponentials
    )
    return [min(y, 127) for y in outputs]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-128, 127), min_size=1, max_size=40), st.floats(1e-5, 60.0))
def test_softmax(row: list[int], scale: float) -> None:
    scale = single(scale)
    source = Tensor((1, 1, len(row)), "int8", scale)
    x = np.array(row, np.int8).reshape(source.shape)
    found = run_layer(random_layer("Softmax_int8", source.shape, sources=[source]), x).ravel()
    assert found.tolist() == scalar_softmax(row, scale)
    powers = np.exp(scale * (np.array(row, float) - max(row)))
    assert np.abs((found.astype(float) + 128) / 256 - powers / powers.sum()).max() <= 1 / 256


def test_fixed_point_functions_against_real_ones() -> None:
    a = -np.arange(0, 2**31, 99_991)
    np.testing.assert_allclose(exp_of_negative(a) / 2**31, np.exp(a / 2**26), atol=3e-7)
    b = np.arange(0, 2**31, 99_991)
    np.testing.assert_allclose(reciprocal_of_one_plus(b) / 2**31, 1 / (1 + b / 2**31), atol=1e-8)


def test_softmax_of_many_equal_numbers() -> None:
    source = Tensor((1, 1, 4095), "int8", 0.1)
    found = run_layer(random_layer("Softmax_int8", source.shape, sources=[source]), np.zeros(source.shape, np.int8))
    assert (found == -128).all()


def test_pad_writes_the_zero_point_above_below_left_and_right() -> None:
    source = Tensor((1, 2, 1), "int8", 0.1, 7)
    x = np.array([[[1], [2]]], np.int8)
    found = run_layer(random_layer("Pad_int8", source.shape, sources=[source], pads=(1, 0, 2, 1)), x)
    assert found[..., 0].tolist() == [[7] * 5, [7, 7, 1, 2, 7]]


def test_concatenation_and_reshape() -> None:
    a, b = Tensor((1, 2, 1), "int8"), Tensor((1, 2, 2), "int8")
    x, y = np.array([[[1], [2]]], np.int8), np.array([[[3, 4], [5, 6]]], np.int8)
    joined = random_layer("Concatenation_int8", a.shape, sources=[a, b])
    found = run_layer(joined, x, y)
    assert found.tolist() == [[[1, 3, 4], [2, 5, 6]]]
    flat = run_layer(random_layer("Reshape_int8", (1, 2, 3), sources=[joined.output], shape=(3, 1, 2)), found)
    assert flat.tolist() == [[[1, 3]], [[4, 2]], [[5, 6]]]


_A = Tensor((4, 4, 8), "int8", 0.5, 3)


@pytest.mark.parametrize(
    ("operator", "sources", "keys", "words"),
    [
        ("Concatenation_int8", (_A, Tensor((4, 4, 8), "int8", 0.25, 3)), {}, "put a Quantize_int8 before it"),
        ("Concatenation_int8", (_A, Tensor((4, 4, 8), "int8", 0.5, 2)), {}, "zero point 2, the first scale 0.5"),
        ("Concatenation_int8", (_A, Tensor((4, 3, 8), "int8", 0.5, 3)), {}, "input 1 has"),
        ("Concatenation_bit", (Tensor((1, 1, 33), "bit"), Tensor((1, 1, 32), "bit")), {}, "33 channels"),
        ("Add_int8", (_A, Tensor((4, 1, 8), "int8")), {}, "wanted (4, 4, 8) or (1, 1, 8)"),
        ("Add_int8", (_A, Tensor((4, 4, 8), "float32")), {}, "reads int8 tensors, found float32"),
        ("Add_int8", (Tensor((1, 1, 8), "int8"), _A), {}, "wanted (1, 1, 8); exchange the inputs"),
        ("Mul_int8", (_A, _A), {"output_scale": 1e-9}, "allowed are factors below"),
        ("Pad_int8", (_A,), {}, "needs pads"),
        ("Reshape_int8", (_A,), {"shape": (1, 1, 127)}, "has 128"),
        ("Reshape_bit", (Tensor((2, 2, 33), "bit"),), {"shape": (1, 1, 132)}, "from 33 to 132 channels"),
        ("Quantize_int8", (_A,), {}, "needs output_scale"),
        ("Quantize_int8", (_A,), {"output_scale": 1e-50}, "expected a scale from"),
        ("Softmax_int8", (Tensor((1, 1, 4096), "int8"),), {}, "at most 4095 channels"),
        ("Softmax_int8", (Tensor((1, 1, 4), "int8", 1e-9),), {}, "found 1e-09"),
    ],
)
def test_impossible_layers_say_why(operator: str, sources: tuple[Tensor, ...], keys: dict, words: str) -> None:
    with pytest.raises(UsageError, match="random layer: ") as caught:
        random_layer(operator, sources[0].shape, sources=sources, **keys)
    assert words in str(caught.value)
