"""What LceBconv2d does with a sum, defined once: fused activation, multiplier and bias in float32.

As OneTimeSetup in larq_compute_engine/tflite/kernels/bconv2d.cc and OutputTransform in
larq_compute_engine/core/bconv2d/output_transform.h of github.com/larq/compute-engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.model.operators.window import fan_in
from bnnsim.model.tensor import Tensor

if TYPE_CHECKING:
    from bnnsim.model.network import Layer

# activation → range of the sums that it leaves; None has no limit
_RANGES: dict[str, tuple[int | None, int | None]] = {
    "none": (None, None),
    "relu": (0, None),
    "relu6": (0, 6),
    "relu_n1_to_1": (-1, 1),
}


def factors(parameters: Mapping[str, np.ndarray], output: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return factor and offset, float32 [O]: y = (synapses - sum) · factor + offset.

    -multiplier / scale and (bias + synapses · multiplier) / scale + zero point, in float64, rounded once; scale
    (a float32) and zero point are those of int8 outputs, else 1 and 0.
    """
    multiplier, bias = (parameters[name].astype(np.float64) for name in ("multiplier", "bias"))
    scale = np.float64(np.float32(output.scale))
    synapses = fan_in(parameters["weights"].shape)
    offset = (bias + synapses * multiplier) / scale + output.zero_point
    with np.errstate(over="ignore"):
        return (-multiplier / scale).astype(np.float32), offset.astype(np.float32)


def distance_range(synapses: int, activation: str) -> tuple[int, int]:
    """Return the least and largest synapses - sum that a fused activation leaves; sums lie in ±synapses."""
    low, high = _RANGES[activation]
    least = synapses - min(high if high is not None else synapses, synapses)
    return least, synapses - max(low if low is not None else -synapses, -synapses)


def transformed(acc: np.ndarray, layer: Layer) -> np.ndarray:
    """Return y of exact sums [..., O], float32: product and sum are each rounded."""
    synapses = fan_in(layer.parameters["weights"].shape)
    distance = np.clip(synapses - acc, *distance_range(synapses, str(layer.attributes["activation"])))
    factor, offset = factors(layer.parameters, layer.output)
    with np.errstate(over="ignore", invalid="ignore"):
        return distance.astype(np.float32) * factor + offset


def half_away(y: np.ndarray) -> np.ndarray:
    """Return y (float32) as int8, rounded half away from zero.

    LCE leaves open how halves round (away from zero without FPU, to even with VCVTR).
    """
    return np.clip(np.trunc(y.astype(np.float64) + np.copysign(0.5, y)), -128, 127).astype(np.int8)
