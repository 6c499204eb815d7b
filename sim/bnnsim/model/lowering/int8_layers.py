"""TFLite's int8 layers with weights, as CMSIS-NN computes them, for kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bnnsim.errors import LoweringError
from bnnsim.model.lowering.binary import packed_weights
from bnnsim.model.network import Layer
from bnnsim.model.operators.window import fan_in
from bnnsim.model.quantization import activation_limits, layer_factors, quantized_multipliers

if TYPE_CHECKING:
    from bnnsim.model.kernels import Kernel

_INPUT_RANGE = 255  # |x - zero point| of int8 at most
_REACH = 2**30  # kernels double sums, and add to what is rounded


def constants(layer: Layer, kernel: Kernel) -> dict[str, bytes]:
    """Weights; bias, multiplier and exponent [O] int32. Raises LoweringError where a sum could reach 2^30."""
    weights = layer.parameters["weights"]
    multiplier, exponent = quantized_multipliers(
        layer_factors(layer.input, layer.parameters["weight_scale"], layer.output)
    )
    bias = np.asarray(layer.parameters.get("bias", np.zeros(len(weights))), np.int64)
    sums = np.abs(bias) + _INPUT_RANGE * np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3))
    if (reach := int(np.max(sums << np.maximum(exponent, 0)))) >= _REACH:
        raise LoweringError(
            f"with bias and the factor's power of two, sums of {fan_in(weights.shape)} products may reach {reach}, "
            f"kernels compute below {_REACH}; use smaller biases or a larger output_scale"
        )
    arrays = {"bias": bias, "multiplier": multiplier, "exponent": exponent}
    return packed_weights(layer, kernel) | {name: array.astype("<i4").tobytes() for name, array in arrays.items()}


def fields(layer: Layer) -> dict[str, int]:
    """Clamp, rounding and depth multiplier."""
    low, high = activation_limits(layer.output, str(layer.attributes["activation"]))
    found = {"out_min": low, "out_max": high, "single_rounding": int(layer.attributes["rounding"] == "single")}
    return found | {"depth_multiplier": int(layer.attributes.get("depth_multiplier", 0))}


_NAMES = ("Conv2D_int8", "DepthwiseConv2D_int8", "FullyConnected_int8")
FIELDS = dict.fromkeys(_NAMES, fields)
CONSTANTS = dict.fromkeys(_NAMES, constants)
