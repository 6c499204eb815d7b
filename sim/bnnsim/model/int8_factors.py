"""Fixed-point factors of TFLite's int8 operators on elements, derived from scales as TFLite's Prepare functions do."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bnnsim.errors import UsageError
from bnnsim.model.quantization import quantized_multiplier
from bnnsim.model.tensor import Tensor

ADD_SHIFT = 20  # left shift of the inputs of a sum (tensorflow/lite/kernels/add.cc, int8)
# integer bits of scaled differences (kScaledDiffIntegerBits, tensorflow/lite/kernels/internal/reference/softmax.h)
INPUT_BITS = 5
Factor = tuple[int, int]


def exact_scale(tensor: Tensor) -> float:
    """Return a tensor's scale as the float32 that a TFLite file holds. Raises UsageError when float32 cannot."""
    with np.errstate(over="ignore"):
        scale = float(np.float32(tensor.scale))
    if not 0 < scale < math.inf:
        raise UsageError(f"scale {tensor.scale:g}: float32 holds 1.4e-45 to 3.4e+38")
    return scale


def rescale_factor(source: Tensor, output: Tensor) -> Factor:
    """Return (multiplier, exponent) of scale_in / scale_out."""
    return quantized_multiplier(exact_scale(source) / exact_scale(output))


def add_factors(sources: Sequence[Tensor], output: Tensor) -> tuple[list[Factor], Factor]:
    """Return the factors of the inputs, s / (2 · max s), and of their sum, 2 · max s / (2^20 · s_out)."""
    twice = 2 * max(map(exact_scale, sources))
    inputs = [quantized_multiplier(exact_scale(source) / twice) for source in sources]
    return inputs, quantized_multiplier(twice / (2**ADD_SHIFT * exact_scale(output)))


def mul_factor(sources: Sequence[Tensor], output: Tensor) -> Factor:
    """Return the factor of the products, s1 · s2 / s_out."""
    first, second = map(exact_scale, sources)
    return quantized_multiplier(first * second / exact_scale(output))


def softmax_factor(source: Tensor) -> tuple[int, int, int]:
    """Return (multiplier, exponent, diff_min) that turn differences to the maximum into 5.26 fixed point.

    Factor scale · 2^26, at most 2^31 - 1 (PreprocessSoftmaxScaling); differences below diff_min = -floor(31 · 2^26 /
    2^exponent) count as infinitely small (CalculateInputRadius; both in kernels/internal/quantization_util.cc).
    """
    fraction, exponent = math.frexp(min(exact_scale(source) * 2.0 ** (31 - INPUT_BITS), 2.0**31 - 1))
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, exponent = multiplier // 2, exponent + 1
    radius = ((1 << INPUT_BITS) - 1) * 2.0 ** (31 - INPUT_BITS) / 2.0**exponent
    return multiplier, exponent, -math.floor(radius)


def quantize_real(x: np.ndarray, output: Tensor) -> np.ndarray:
    """Return float32 numbers as int64: zero_point + round(x / scale), clamped to the output's range.

    The quotient is a float32, halves go away from zero (AffineQuantize, kernels/internal/reference/quantize.h).
    Numbers too large for TFLite's int32 are clamped like others. The result of NaN is unspecified.
    """
    with np.errstate(over="ignore"):
        steps = (x / np.float32(output.scale)).astype(np.float64)
    low, high = output.limits
    rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps)
    return np.clip(np.nan_to_num(rounded) + output.zero_point, low, high).astype(np.int64)
