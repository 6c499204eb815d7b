"""Larq Compute Engine's operators, for kernels: packed weights, float factors and offsets, thresholds for bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.errors import LoweringError
from bnnsim.model.integer_line import integer_line
from bnnsim.model.layout import parse_layout
from bnnsim.model.network import Layer
from bnnsim.model.operators.window import fan_in
from bnnsim.model.output_transform import distance_range, factors, half_away, transformed
from bnnsim.model.tensor import WORD_BITS
from bnnsim.model.thresholds import Thresholds, kernel_form

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel

_MAX_SYNAPSES = 2**23  # so that synapses - sum is exact in float32


def dequantize_fields(layer: Layer) -> dict[str, int]:
    """out_min and out_max: the int8 levels of -1 and +1."""
    if layer.output.dtype == "float32":
        return {}
    offset = int(np.floor(np.float64(np.float32(1) / np.float32(layer.output.scale)) + 0.5))
    return {
        "out_min": max(layer.output.zero_point - offset, -128),
        "out_max": min(layer.output.zero_point + offset, 127),
    }


def convolution_fields(layer: Layer) -> dict[str, int]:
    """acc_min and acc_max: what the activation leaves of synapses - sum. Raises LoweringError for huge windows."""
    synapses = fan_in(layer.parameters["weights"].shape)
    if synapses > _MAX_SYNAPSES:
        raise LoweringError(f"found {synapses} synapses, float32 counts exactly up to {_MAX_SYNAPSES}")
    low, high = distance_range(synapses, str(layer.attributes["activation"]))
    return {"acc_min": low, "acc_max": high}


def sign_thresholds(layer: Layer) -> Thresholds:
    """Return the thresholds of one-bit outputs, equal to the sign of y for every sum.

    y is monotone in the sum: so are the clamp, a product with a constant and a sum with one, each correctly
    rounded. So the bit changes at most once between -synapses and synapses; bisection finds where.
    """
    weights = layer.parameters["weights"]
    reach, outputs = fan_in(weights.shape), weights.shape[0]
    first, last = (transformed(np.full(outputs, end, np.int64), layer) >= 0 for end in (-reach, reach))
    low, high = np.full(outputs, -reach), np.full(outputs, reach)  # largest sum with the first bit lies in low..high
    while (low < high).any():
        middle = (low + high + 1) // 2
        same = (transformed(middle, layer) >= 0) == first
        low, high = np.where(same, middle, low), np.where(same, high, middle - 1)
    rises = first < last
    below = np.where(first > last, low, -reach - 1)
    above = np.where(rises, low + 1, reach + 1)
    return Thresholds(below, above, first & last, reach)


def convolution_constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Weights; bias, width and polarity for bits; integer lines for int8, if there are; else factor and offset.

    But for the lines, arrays are padded to groups of 32 outputs. Raises LoweringError for numbers beyond float32.
    """
    assert kernel.weights is not None  # load_kernel checks it for operators with weights
    constants = {"weights": parse_layout(kernel.weights).pack(layer.parameters["weights"])}
    if layer.output.dtype == "bit":
        bias, width, polarity = kernel_form(sign_thresholds(layer))
        return constants | {"bias": bias.tobytes(), "width": width.tobytes(), "polarity": polarity.tobytes()}
    factor, offset = factors(layer.parameters, layer.output)
    if not (np.isfinite(factor).all() and np.isfinite(offset).all()):
        raise LoweringError("multiplier and bias by output scale exceed float32")
    if layer.output.dtype == "int8" and (lines := integer_lines(layer, factor)):
        return constants | lines
    pad = (0, -len(factor) % WORD_BITS)
    floats = {"factor": np.pad(factor, pad), "offset": np.pad(offset, pad)}
    return constants | {name: array.astype("<f4").tobytes() for name, array in floats.items()}


def integer_lines(layer: Layer, factor: np.ndarray) -> dict[str, bytes]:
    """Return requantize, int32 [O, 3]: multiplier, offset and shift of a line for each output that gives its int8
    numbers at every distance; nothing if an output has no such line."""
    low, high = (convolution_fields(layer)[name] for name in ("acc_min", "acc_max"))
    synapses = fan_in(layer.parameters["weights"].shape)
    distances = np.arange(low, high + 1)
    levels = half_away(
        transformed(np.broadcast_to((synapses - distances)[:, None], (len(distances), len(factor))), layer)
    )
    lines = [integer_line(levels[:, o], low, float(slope)) for o, slope in enumerate(factor)]
    if any(line is None for line in lines):
        return {}
    return {"requantize": np.array(lines, "<i4").tobytes()}


FIELDS: dict[str, Callable[[Layer], dict[str, int]]] = {
    "LceDequantize": dequantize_fields,
    "LceBconv2d": convolution_fields,
}
CONSTANTS: dict[str, Callable[[Layer, Kernel], dict[str, bytes]]] = {"LceBconv2d": convolution_constants}
