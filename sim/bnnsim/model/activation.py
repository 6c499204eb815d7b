"""What follows an accumulator, defined once: PReLU and batch norm in float32, or a fixed-point scale.

The reference evaluates these definitions; the lowering turns them into integers that agree on every
reachable accumulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bnnsim.errors import LoweringError
from bnnsim.model.operators.window import fan_in

EPSILON = 1e-3  # Keras' default of BatchNormalization, added to the variance inside the root
MAX_SHIFT = 16
_INT32_MAX = 2**31 - 1


def scaled(acc: np.ndarray, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return float32(acc + bias), times float32(input_scale · weight_scale) where the input has a scale.

    bias (int32 [O]) and weight_scale are 0 and 1 for layers that have none.
    """
    v = (acc + parameters.get("bias", 0)).astype(np.float32)
    if "input_scale" not in parameters:
        return v
    scale = np.float64(parameters["input_scale"]) * np.float64(parameters.get("weight_scale", 1))
    with np.errstate(over="ignore"):
        return v * np.float32(scale)


def rectified(acc: np.ndarray, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return PReLU of integer accumulators [..., O] as float32: v > 0 as it is, else times its slope [O]."""
    v = scaled(acc, parameters)
    if "slope" not in parameters:
        return v
    return np.where(v > 0, v, v * parameters["slope"].astype(np.float32))


def normalized(acc: np.ndarray, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return PReLU and batch norm of integer accumulators [..., O] as float32 [..., O].

    Every operation is one correctly rounded float32 operation, in this order: v = scaled(acc);
    p = v if v > 0 else v · slope; y = ((p - mean) / sqrt(variance + EPSILON)) · gamma + beta.
    A layer without slope has p = v; gamma = 0 gives beta.
    """
    mean, variance, gamma, beta = (
        parameters[name].astype(np.float32) for name in ("mean", "variance", "gamma", "beta")
    )
    with np.errstate(over="ignore", invalid="ignore"):
        p = rectified(acc, parameters)
        y = ((p - mean) / np.sqrt(variance + np.float32(EPSILON))) * gamma + beta
    return np.where(gamma == 0, beta, y)


def signs(acc: np.ndarray, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return whether each accumulator [..., O] gives +1 (y >= 0, so zero is +1), bool [..., O]."""
    return normalized(acc, parameters) >= 0


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Per-output integers of a quantized output, int64 [O]: y = (a · m + offset + 2^(shift-1)) >> shift.

    a = acc + bias.
    """

    shift: int
    positive: np.ndarray  # m of a > 0
    negative: np.ndarray  # m of a <= 0
    offset: np.ndarray
    bias: np.ndarray

    def apply(self, acc: np.ndarray, limits: tuple[int, int]) -> np.ndarray:
        """Return accumulators [..., O] as quantized outputs, int64, clamped to `limits`."""
        acc = acc.astype(np.int64) + self.bias
        product = acc * np.where(acc > 0, self.positive, self.negative)
        rounded = (product + self.offset + (1 << (self.shift - 1))) >> self.shift
        return np.clip(rounded, *limits)


def _half_away(x: np.ndarray) -> np.ndarray:
    """Round to the nearest integer, halves away from zero (float64)."""
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def fixed_point(parameters: Mapping[str, np.ndarray], output_scale: float) -> FixedPoint:
    """Return the fixed-point form of PReLU, batch norm and output scale.

    In float64, with sigma = sqrt(variance + EPSILON), and rounding halves away from zero:
    positive = round(gamma / sigma / output_scale · 2^f), negative = round(slope · gamma / sigma /
    output_scale · 2^f), offset = round((beta - mean · gamma / sigma) / output_scale · 2^f).
    shift f is the largest in 1..16 for which, for all outputs, (fan_in + |bias|) · max(|positive|, |negative|)
    + |offset| + 2^(f-1) fits int32, so that int32 arithmetic cannot overflow.
    Raises LoweringError when there is none.
    """
    names = ("mean", "variance", "gamma", "beta")
    mean, variance, gamma, beta = (np.asarray(parameters[name], np.float64) for name in names)
    scale = np.float64(output_scale)
    bias = np.asarray(parameters.get("bias", np.zeros(gamma.shape)), np.int64)
    slope = np.asarray(parameters.get("slope", np.ones_like(gamma)), np.float64)
    gain = gamma / np.sqrt(variance + EPSILON)
    reach = fan_in(parameters["weights"].shape) + abs(bias)
    bound = np.float64(0)
    for shift in range(MAX_SHIFT, 0, -1):
        factors = (gain / scale, slope * gain / scale, (beta - mean * gain) / scale)
        positive, negative, offset = (_half_away(x * 2.0**shift) for x in factors)
        bound = np.max(reach * np.maximum(abs(positive), abs(negative)) + abs(offset)) + 2 ** (shift - 1)
        if bound <= _INT32_MAX:
            multipliers = (x.astype(np.int64) for x in (positive, negative, offset))
            return FixedPoint(shift, *multipliers, bias=bias)
    raise LoweringError(
        f"quantized output: with 1 fraction bit the sums reach {bound:.3g}, int32 holds {_INT32_MAX}; "
        "use a larger output_scale or a larger variance"
    )
