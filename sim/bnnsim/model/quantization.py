"""Fixed-point numbers of TFLite's int8 operators: factors as Q31 multipliers, the limits of fused activations."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bnnsim.errors import LoweringError
from bnnsim.model.tensor import Tensor

# fused activation → smallest and largest real number that it lets through
ACTIVATIONS: Mapping[str, tuple[float, float]] = {
    "none": (-math.inf, math.inf),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "relu_n1_to_1": (-1.0, 1.0),
}


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


def layer_factors(source: Tensor, weight_scale: np.ndarray, output: Tensor) -> np.ndarray:
    """Return s_in · s_w[o] / s_out, float64 [O], of scales that a TFLite file holds as float32."""
    first, last = (np.float64(np.float32(tensor.scale)) for tensor in (source, output))
    return first * weight_scale.astype(np.float32).astype(np.float64) / last


def activation_limits(output: Tensor, activation: str) -> tuple[int, int]:
    """Return the smallest and largest integer of an output with a fused activation, both within its type.

    The activation's limits are divided by the scale and rounded half away from zero (exact for all that fit int8), as
    CalculateActivationRangeQuantized in tensorflow/lite/kernels/kernel_util.cc.
    """
    low, high = (int(limit) for limit in output.limits)
    lowest, highest = ACTIVATIONS[activation]
    scale = np.float32(output.scale)

    def quantized(real: float) -> int:
        steps = float(np.float32(real) / scale)
        return output.zero_point + int(math.copysign(math.floor(abs(steps) + 0.5), steps))

    return (
        low if math.isinf(lowest) else min(max(low, quantized(lowest)), high),
        high if math.isinf(highest) else max(min(high, quantized(highest)), low),
    )
