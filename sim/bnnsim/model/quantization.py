"""Fixed-point multipliers of TFLite's int8 operators: a real factor as an int32 in Q31 and a power of two."""

from __future__ import annotations

import math

import numpy as np

from bnnsim.errors import LoweringError


def quantized_multiplier(factor: float) -> tuple[int, int]:
    """Return (multiplier, exponent) with factor ≈ multiplier · 2^(exponent - 31).

    multiplier is 0 or in 2^30..2^31 - 1, rounded half away from zero; as QuantizeMultiplier in
    tensorflow/lite/kernels/internal/quantization_util.cc. Raises LoweringError for factors outside 0..2^30.
    """
    if not 0 <= factor < 2**30:
        raise LoweringError(f"found the factor {factor:g} between scales, wanted one from 0 to 2^30")
    fraction, exponent = math.frexp(factor)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, exponent = multiplier // 2, exponent + 1
    return (0, 0) if exponent < -31 else (multiplier, exponent)


def quantized_multipliers(factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the multipliers and exponents of factors [O], int32 [O] each."""
    pairs = np.array([quantized_multiplier(float(factor)) for factor in factors], np.int32).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
