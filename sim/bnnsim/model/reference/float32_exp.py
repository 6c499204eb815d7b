"""exp of numbers up to 0 in float32 operations, the same ones in the same order as the kernels'."""

from __future__ import annotations

import numpy as np

# Below it exp is less than half of the least float32.
LEAST = np.float32(-104)
LOG2_E = np.uint32(0x3FB8AA3B).view(np.float32)
# 1.5 · 2^23: a float32 of that size has no fraction bits, so that adding it rounds to an integer.
ROUNDER = np.float32(12582912)
# ln 2 = LN2_HIGH + LN2_LOW; the first has 9 bits, so that its products with integers up to 2^15 are exact.
LN2_HIGH = np.uint32(0x3F318000).view(np.float32)
LN2_LOW = np.uint32(0xB95E8083).view(np.float32)
# (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2, highest power first: least greatest relative error of exp(r), 3.1e-9.
COEFFICIENTS = np.array([0x3AB5121A, 0x3C091CF1, 0x3D2AAC79, 0x3E2AAA49, 0x3EFFFFFE], np.uint32).view(np.float32)


def exp(x: np.ndarray) -> np.ndarray:
    """Return exp(x) of x <= 0, float32; at most 1 ulp from the exact result.

    x = n · ln 2 + r; exp(x) = exp(r) · 2^n, the power in two factors because it may be subnormal.
    """
    x = np.where(x < LEAST, LEAST, x)
    shifted = x * LOG2_E + ROUNDER
    n = shifted - ROUNDER
    exponent = shifted.view(np.int32) - ROUNDER.view(np.int32)
    r = x - n * LN2_HIGH
    r = r - n * LN2_LOW
    p = np.full_like(r, COEFFICIENTS[0])
    for coefficient in COEFFICIENTS[1:]:
        p = p * r + coefficient
    p = p * r * r + r + np.float32(1)
    half = exponent >> 1
    return p * _power_of_two(half) * _power_of_two(exponent - half)


def _power_of_two(n: np.ndarray) -> np.ndarray:
    return ((n + 127) << 23).astype(np.int32).view(np.float32)
