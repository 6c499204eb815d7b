"""Folding PReLU, batch norm and sign into two integer thresholds, exact for every reachable accumulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bnnsim.errors import LoweringError
from bnnsim.model.activation import scaled, signs
from bnnsim.model.pack import pack_bits
from bnnsim.model.tensor import WORD_BITS

_UINT8_MAX = 255


@dataclass(frozen=True, eq=False)
class Thresholds:
    """bit = polarity XOR (acc <= low OR acc >= high); int64 [O], int64 [O], bool [O].

    reach: largest |accumulator| of the layer; -reach - 1 <= low, low + 1 < high, high <= reach + 1. Without a bias
    low < 0 < high.
    """

    low: np.ndarray
    high: np.ndarray
    polarity: np.ndarray
    reach: int


def reachable(weights: np.ndarray, reads: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and largest accumulator of each output, int64 [O] each, for weights [O, Y, X, C].

    Zero padding drops taps, which only narrows the sum, so the ranges hold at borders too and contain 0.
    reads: "bit" (inputs ±1) or "uint8" (inputs 0..255).
    """
    flat = weights.reshape(weights.shape[0], -1).astype(np.int64)
    if reads == "bit":
        total = abs(flat).sum(axis=1)
        return -total, total
    return _UINT8_MAX * np.minimum(flat, 0).sum(axis=1), _UINT8_MAX * np.maximum(flat, 0).sum(axis=1)


def fold(parameters: Mapping[str, np.ndarray], low: np.ndarray, high: np.ndarray) -> Thresholds:
    """Return the thresholds that equal `activation.signs` for all accumulators in low..high (int64 [O]).

    Two thresholds always do. With a = acc + bias, v = scaled(acc) is non-decreasing in a, and 0 at a = 0. For
    a >= 0, p = v (at v = 0, v · slope is 0 too), so p is monotone; for a <= 0, p = v · slope is monotone, rising
    or falling with the slope's sign. Every later step adds a constant, or multiplies or divides by one, correctly
    rounded, hence is monotone. So sign(y) changes at most once on either side of a = 0, or of the reachable a
    next to it: with b the bit there, the bit is b on one interval around it and not b outside of it. Bisection
    finds its two ends.

    Raises LoweringError for parameters that are not finite, a negative variance, or scaled accumulators
    beyond float32, for which this does not hold.
    """
    if not all(np.isfinite(array).all() for array in parameters.values()) or parameters["variance"].min() < 0:
        raise LoweringError("parameters hold numbers that are not finite, or a negative variance")
    if not np.isfinite([scaled(low, parameters), scaled(high, parameters)]).all():
        raise LoweringError("accumulators times input_scale and weight_scale exceed float32")
    if any(parameters.get(name, 1) < 0 for name in ("input_scale", "weight_scale")):
        raise LoweringError("input_scale and weight_scale must be positive")
    turn = np.clip(-np.asarray(parameters.get("bias", np.zeros_like(low)), np.int64), low, high)
    at_turn = signs(turn, parameters)
    above = _extent(lambda distance: signs(turn + distance, parameters) == at_turn, high - turn)
    below = _extent(lambda distance: signs(turn - distance, parameters) == at_turn, turn - low)
    reach = int(max(np.max(high), np.max(-low)))
    return Thresholds(turn - below - 1, turn + above + 1, at_turn, reach)


def _extent(holds: Callable[[np.ndarray], np.ndarray], limit: np.ndarray) -> np.ndarray:
    """Return the largest distance in 0..limit [O] at which `holds`, which is true from 0 up to there."""
    near, far = np.zeros_like(limit), limit.copy()
    while (near < far).any():
        middle = (near + far + 1) // 2
        inside = holds(middle)
        near, far = np.where(inside, middle, near), np.where(inside, far, middle - 1)
    return near


def kernel_form(thresholds: Thresholds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return bias int32 [P], width uint32 [P] and polarity uint32 [P/32], P = O padded to groups of 32.

    bit = polarity ^ ((acc + bias) mod 2^m >= width), bias = -(low + 1) in -K..K (0..K for layers without a
    bias), width = high - low - 1 in 1..2K + 1, with K = reach. It holds for m = 32, and for every m with
    2^m > 2K + 1, as bit-sliced kernels use it: inside, acc + bias is in 0..width - 1; above, in width..2K; below,
    it is at least -K - low - 1 < 0 and wraps to at least 2^m - K - low - 1 > K - low >= width, since
    high <= K + 1. A side that is never reached has its threshold just outside the range; polarity tells always 0
    from always 1. Pad entries have bias K and width 2K + 1, so that all of -K..K is inside: bit 0. Pad filters of
    ±1 weights that meet 8-bit inputs may leave -K..K; kernels of QBConv2D leave out their bits.
    Raises LoweringError when accumulators exceed int32.
    """
    reach = thresholds.reach
    if 2 * reach + 1 >= 2**31:
        raise LoweringError(f"accumulators reach {reach}, kernels compute them in int32 (less than {2**30})")
    pad = (0, -len(thresholds.low) % WORD_BITS)
    bias = np.pad(-(thresholds.low + 1), pad, constant_values=reach)
    width = np.pad(thresholds.high - thresholds.low - 1, pad, constant_values=2 * reach + 1)
    return bias.astype("<i4"), width.astype("<u4"), pack_bits(thresholds.polarity)
