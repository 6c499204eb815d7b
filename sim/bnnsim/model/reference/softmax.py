"""TFLite's int8 softmax in the fixed-point arithmetic of gemmlowp, in NumPy.

Source: gemmlowp's fixedpoint/fixedpoint.h (exp_on_negative_values, one_over_one_plus_x_for_x_in_0_1) as
tensorflow/lite/kernels/internal/reference/softmax.h uses it; arm_softmax_s8 of CMSIS-NN computes the same. A number
of "n integer bits" is raw · 2^(n - 31).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnnsim.model.int8_factors import INPUT_BITS, softmax_factor
from bnnsim.model.network import Layer
from bnnsim.model.reference.requantize import divide_by_power_of_two

SUM_BITS = 12  # integer bits of a sum of exponentials
ONE = 2**31 - 1  # with no integer bits
# round(exp(-2^n) · 2^31) for n = -2 … 4
POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
EXP_EIGHTH = 1895147668  # exp(-1/8), no integer bits
THIRD = 715827883  # 1/3, no integer bits
# the linear start of Newton's division, 48/17 - 32/17 · x, two integer bits
START, SLOPE = 1515870810, -1010580540
STEPS = 3


def _product(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    """a · b · 2^-31, half up; no operand is -2^31."""
    return (a * b + (1 << 30)) >> 31


def _saturated(a: np.ndarray) -> np.ndarray:
    return np.clip(a, -(2**31), 2**31 - 1)


def exp_of_negative(a: np.ndarray) -> np.ndarray:
    """Return e^a without integer bits; a: int64, <= 0, five integer bits.

    a is a multiple of 1/4 and a rest in [-1/4, 0), whose exponential is a polynomial of degree four.
    """
    quarter = 1 << (31 - INPUT_BITS - 2)
    rest = (a & (quarter - 1)) - quarter
    x = (rest << INPUT_BITS) + (1 << 28)
    x2 = _product(x, x)
    x3, x4 = _product(x2, x), _product(x2, x2)
    inner = _product(divide_by_power_of_two(x4, 2) + x3, THIRD) + x2
    result = EXP_EIGHTH + _product(x + divide_by_power_of_two(inner, 1), EXP_EIGHTH)
    quarters = (rest - a) >> (31 - INPUT_BITS - 2)
    for bit, power in enumerate(POWERS):
        result = np.where(quarters >> bit & 1, _product(result, power), result)
    return np.where(a == 0, ONE, result)


def reciprocal_of_one_plus(a: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + a) without integer bits; a: int64, in [0, 1), no integer bits."""
    half = (a + ONE + 1) >> 1
    x = START + _product(half, SLOPE)
    for _ in range(STEPS):
        x = x + _saturated(_product(x, (1 << 29) - _product(half, x)) * 4)
    return _saturated(x << 1)


def softmax(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Softmax over the channels of each pixel; differences below diff_min count nothing."""
    multiplier, exponent, diff_min = softmax_factor(layer.input)
    difference = x.astype(np.int64) - x.max(axis=2, keepdims=True)
    counts = difference >= diff_min
    exponentials = exp_of_negative(_product(np.where(counts, difference, 0) << exponent, multiplier))
    total = np.where(counts, divide_by_power_of_two(exponentials, SUM_BITS), 0).sum(axis=2, keepdims=True)
    headroom = 31 - np.floor(np.log2(total)).astype(np.int64)
    scale = reciprocal_of_one_plus((total << headroom) - (1 << 31))
    # 12 - headroom bits over one, 31 of the fraction, 8 of the output's scale
    scaled = divide_by_power_of_two(_product(scale, exponentials), SUM_BITS - headroom + 31 - 8)
    return np.where(counts, np.clip(scaled - 128, -128, 127), -128).astype(np.int8)


RUN: dict[str, Callable[..., np.ndarray]] = {"Softmax_int8": softmax}
