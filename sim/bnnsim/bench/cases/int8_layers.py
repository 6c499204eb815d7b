"""TFLite's int8 layers with weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bnnsim.bench.case import Case
from bnnsim.model.tensor import Tensor

Arrays = dict[str, np.ndarray]
Changes = Callable[[Arrays], Arrays]

EXTREMES = (-128.0, 127.0)


def extreme_weights(value: int) -> Changes:
    """All weights the same, but in every third column the opposite sign, so that sums of both signs occur."""

    def change(parameters: Arrays) -> Arrays:
        weights = np.full_like(parameters["weights"], value)
        weights[:, :, 2::3] = min(-value, 127)
        return {"weights": weights}

    return change


def scaled(factor: float) -> Changes:
    """Weight scales times a factor: outputs saturate, exponents turn positive, or nothing is left of the sums."""
    return lambda parameters: {"weight_scale": (parameters["weight_scale"] * factor).astype(np.float32)}


def layer(operator: str, shape: tuple[int, int, int], zero_point: int = -5, **keys: Any) -> Case:
    """A case whose input has a zero point; biases unless `bias` says no."""
    more = {name: keys.pop(name) for name in ("changes", "everywhere", "values") if name in keys}
    given = {"bias": True, **keys, "sources": (Tensor(shape, "int8", 0.03, zero_point),)}
    return Case(operator, shape, given, **more)


def convolution(
    shape: tuple[int, int, int], channels: int, kernel: Any, stride: Any, padding: str, **keys: Any
) -> Case:
    return layer("Conv2D_int8", shape, channels=channels, kernel=kernel, stride=stride, padding=padding, **keys)


def depthwise(
    shape: tuple[int, int, int], multiplier: int, kernel: Any, stride: Any, padding: str, **keys: Any
) -> Case:
    keys |= {"depth_multiplier": multiplier, "kernel": kernel, "stride": stride, "padding": padding}
    return layer("DepthwiseConv2D_int8", shape, **keys)


def dense(shape: tuple[int, int, int], channels: int, **keys: Any) -> Case:
    return layer("FullyConnected_int8", shape, channels=channels, **keys)


CASES = [
    convolution((1, 1, 1), 1, 1, 1, "valid"),
    convolution((4, 5, 32), 8, 3, 1, "same", everywhere=True, values=EXTREMES),
    convolution((5, 3, 31), 3, 3, 1, "same", zero_point=127),
    convolution((4, 4, 3), 33, 3, 2, "same", activation="relu", output_zero_point=-128),
    convolution((5, 4, 33), 2, (3, 5), 1, "same", zero_point=-128, bias=False),
    convolution((3, 3, 64), 5, 1, 1, "valid", everywhere=True, zero_point=0, activation="relu6"),
    convolution((4, 4, 16), 31, 1, 2, "same", activation="relu_n1_to_1"),
    convolution((2, 3, 95), 2, 3, 3, "same", rounding="single"),
    convolution((1, 2, 128), 4, 3, 1, "same"),
    convolution((1, 1, 256), 7, 1, 1, "valid", output_scale=0.2, output_zero_point=11),
    convolution((7, 7, 3), 4, 5, 1, "same", values=EXTREMES, changes=extreme_weights(-128)),
    convolution((6, 6, 4), 16, 3, 1, "valid", values=EXTREMES, changes=extreme_weights(127), zero_point=-128),
    convolution((3, 4, 8), 4, 3, 1, "same", changes=scaled(40.0)),
    convolution((3, 4, 8), 6, 3, 1, "same", changes=scaled(40.0), rounding="single"),
    convolution((3, 4, 8), 4, 3, 1, "same", changes=scaled(2.0**-24)),
    convolution((9, 8, 32), 32, 3, 1, "same", zero_point=-128, activation="relu"),
    convolution((5, 3, 7), 35, 3, 1, "same", zero_point=127),
    convolution((3, 4, 66), 19, 3, 1, "valid", values=EXTREMES, changes=extreme_weights(-128)),
    convolution((1, 1, 65), 17, 3, 1, "same", zero_point=-128),
    convolution((3, 3, 5), 37, 1, 1, "valid", values=EXTREMES, changes=extreme_weights(-128)),
    depthwise((1, 1, 1), 1, 1, 1, "valid"),
    depthwise((5, 6, 32), 1, 3, 1, "same", everywhere=True, values=EXTREMES),
    depthwise((5, 6, 33), 1, 3, 2, "same", zero_point=127),
    depthwise((4, 7, 3), 3, (3, 5), 1, "valid", bias=False),
    depthwise((6, 5, 31), 2, 5, (3, 2), "same", activation="relu6", rounding="single"),
    depthwise((3, 3, 128), 1, 3, 1, "valid", output_scale=0.05, output_zero_point=-20),
    depthwise((7, 4, 64), 1, 3, 2, "same", values=EXTREMES, changes=extreme_weights(-128)),
    depthwise((2, 9, 95), 1, 3, 1, "same", changes=scaled(60.0)),
    depthwise((1, 2, 256), 1, 3, 1, "same", activation="relu"),
    depthwise((6, 6, 8), 1, 3, 1, "same", zero_point=-128, changes=scaled(2.0**-24)),
    dense((1, 1, 1), 1),
    dense((4, 4, 64), 10, everywhere=True, values=EXTREMES),
    dense((1, 1, 31), 33, activation="relu", zero_point=127),
    dense((2, 3, 33), 7, bias=False, rounding="single"),
    dense((1, 1, 95), 5, changes=scaled(30.0)),
    dense((1, 1, 256), 2, zero_point=-128, values=EXTREMES, changes=extreme_weights(-128)),
    dense((1, 1, 128), 32, changes=lambda p: {"weight_scale": p["weight_scale"] * np.linspace(0.5, 2, 32, dtype="f4")}),
]
