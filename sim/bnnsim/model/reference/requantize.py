"""Multiplication by a Q31 factor and a power of two, as TFLite and CMSIS-NN round it."""

from __future__ import annotations

import numpy as np


def requantize(
    acc: np.ndarray, multiplier: np.ndarray | int, exponent: np.ndarray | int, single_rounding: bool = False
) -> np.ndarray:
    """Return acc · multiplier · 2^(exponent - 31), int64, rounded to integers; arguments broadcast.

    Double rounding (the default of TFLite Micro and CMSIS-NN): the product with acc · 2^max(exponent, 0) is rounded
    half up, the shift to the right by -exponent half away from zero. Single rounding: one product, half up.
    """
    acc, multiplier, exponent = (np.asarray(a, np.int64) for a in (acc, multiplier, exponent))
    if single_rounding:
        total = 31 - exponent
        return (acc * multiplier + (np.int64(1) << (total - 1))) >> total
    high = ((acc << np.maximum(exponent, 0)) * multiplier + (1 << 30)) >> 31
    return divide_by_power_of_two(high, np.maximum(-exponent, 0))


def divide_by_power_of_two(x: np.ndarray, exponent: np.ndarray | int) -> np.ndarray:
    """Return x / 2^exponent rounded to the nearest integer, halves away from zero, int64."""
    half = (np.int64(1) << np.asarray(exponent, np.int64)) >> 1
    return np.sign(x) * ((np.abs(x) + half) >> exponent)
