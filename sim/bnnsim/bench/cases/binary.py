"""CBin-NN's operators."""

from __future__ import annotations

from itertools import cycle

import numpy as np

from bnnsim.bench.case import Case

Arrays = dict[str, np.ndarray]


def sliding(operator, in_shape, channels, kernel, stride, padding, **keys):
    more = {name: keys.pop(name) for name in ("changes", "everywhere", "values") if name in keys}
    keys |= {"channels": channels, "kernel": kernel, "stride": stride, "padding": padding}
    return Case(operator, in_shape, {name: value for name, value in keys.items() if value is not None}, **more)


def repeated(values: list[float], parameters: Arrays) -> np.ndarray:
    """The values in turn, one for each output."""
    return np.resize(np.array(values, np.float32), parameters["gamma"].shape)


def extreme(parameters: Arrays) -> Arrays:
    """Every kind of slope with every kind of gamma; every third output is always 0 or always 1."""
    mean = parameters["mean"].copy()
    mean[::3] = np.resize(np.array([1e9, -1e9], np.float32), mean[::3].shape)
    return {
        "slope": repeated([-1.37, 0, -0.0, 3, 0.25, 1, -0.1], parameters),
        "gamma": repeated([1, -1, 0, 1e-30, -1e-30, -0.0, 2, -2], parameters),
        "beta": repeated([0.3, 0, -0.3, 0, 1], parameters),
        "mean": mean,
    }


def saturating(parameters: Arrays) -> Arrays:
    """The slopes and gammas of `extreme`; many integers saturate."""
    kinds = extreme(parameters)
    return {"slope": kinds["slope"], "gamma": kinds["gamma"], "beta": repeated([40, 0, -40], parameters)}


def shifted(parameters: Arrays) -> Arrays:
    """Biases up to five times what sums reach; most thresholds stay among the sums, some at their ends. Some filters
    are all lowest or all highest, so that uniform inputs reach the ends."""
    weights = parameters["weights"].copy()
    integers = "weight_scale" in parameters
    weights[1::5], weights[2::5] = (-128, 127) if integers else (-1, 1)
    reach = weights[0].size * (255 if "input_scale" in parameters else 1) * (128 if integers else 1)
    scale = parameters.get("input_scale", 1) * parameters.get("weight_scale", 1)
    bias = np.round(repeated([0, 0.2, -0.2, 0.9, -0.9, 1, -1, 5, -5], parameters) * reach).astype(np.int32)
    where = bias + repeated([0, 0, 0.8, 0, -0.8, 0.99], parameters) * reach  # acc + bias at the threshold
    moved = scale * where * np.where(where < 0, parameters.get("slope", 1), 1)
    return {"weights": weights, "bias": bias, "mean": (parameters["mean"] + moved).astype(np.float32)}


ONES = {"values": (-1, 1)}
BYTES = {"values": (0, 255)}
BIASED = {"bias": True, "changes": shifted}
PADDED = {"pad_value": "one"}

_CONVOLUTIONS = [
    ((1, 1, 1), 1, 1, 1, "valid"),
    ((1, 1, 32), 33, 3, 1, "same"),
    ((5, 7, 31), 32, 3, 1, "same"),
    ((6, 6, 33), 31, 5, 1, "same"),
    ((8, 8, 64), 64, 3, 2, "same"),
    ((4, 9, 96), 5, (3, 5), 1, "valid"),
    ((7, 4, 32), 40, (2, 4), (2, 1), "same"),
    ((3, 3, 65), 32, 3, 3, "valid"),
    ((2, 2, 32), 32, 5, 1, "same"),
    ((10, 10, 8), 33, 1, 2, "valid"),
    ((5, 5, 544), 33, 3, 1, "same"),
]
_CONVOLUTIONS_WITH_KEYS = [
    (((4, 3, 95), 95, (3, 5), 2, "same"), {"changes": extreme, **ONES}),
    (((1, 2, 256), 33, 3, 1, "same"), {"prelu": False}),
    (((2, 3, 128), 256, 1, 1, "valid"), {"changes": extreme}),
    (((5, 6, 33), 40, 3, 1, "same"), {**PADDED, "everywhere": True, **ONES}),
    (((6, 5, 3), 31, (3, 5), (2, 3), "same"), PADDED),
    (((2, 2, 128), 32, 5, 1, "same"), PADDED),
    (((4, 4, 64), 33, 3, 3, "same"), {**PADDED, "changes": extreme, **ONES}),
    (((7, 7, 1), 1, 5, 2, "same"), {**PADDED, **ONES}),
    (((1, 1, 256), 33, 1, 1, "same"), PADDED),
    (((5, 5, 32), 64, 1, 3, "same"), PADDED),
    (((4, 5, 33), 64, 3, 1, "same"), {**BIASED, "everywhere": True, **ONES}),
    (((3, 4, 95), 64, (2, 3), 1, "same"), {**PADDED, **BIASED}),
    (((2, 3, 31), 40, 3, 1, "same"), {**BIASED, "prelu": False, **ONES}),
    (((2, 2, 128), 64, 3, 1, "same"), {**BIASED, **ONES}),
    (((1, 1, 1310), 33, 5, 1, "same"), {**PADDED, **BIASED, **ONES}),  # nearly the most synapses of 16 bits
]
_FIRST = [
    ((1, 1, 3), 1, 1, 1, "valid"),
    ((6, 5, 3), 32, 5, 1, "same"),
    ((5, 7, 1), 33, 3, 1, "same"),
    ((3, 8, 3), 32, (3, 5), 1, "valid"),
    ((8, 8, 4), 31, 3, 2, "same"),
    ((7, 4, 31), 64, (2, 4), (2, 1), "same"),
    ((2, 2, 3), 32, 5, 1, "same"),
    ((9, 3, 2), 40, (5, 3), 3, "valid"),
    ((4, 4, 33), 32, 3, 1, "same"),
]
_FIRST_WITH_KEYS = [
    (((4, 6, 3), 64, 5, 1, "same"), {"changes": extreme, "everywhere": True, **BYTES}),
    (((5, 5, 3), 95, 3, 1, "same"), {**BIASED, "everywhere": True, **BYTES}),
    (((3, 7, 2), 33, (3, 4), 1, "same"), {**BIASED, "prelu": False, **BYTES}),
    (((4, 5, 3), 64, (2, 5), 2, "same"), {**BIASED, **BYTES}),
    (((2, 2, 95), 33, 3, 1, "same"), {"changes": extreme, **BYTES}),
    (((2, 1, 128), 31, 3, 3, "same"), BIASED),
    (((1, 1, 256), 3, 3, 1, "same"), {**BIASED, **BYTES}),
    (((5, 5, 32), 3, 1, 3, "valid"), {"prelu": False}),
    (((1, 2, 64), 128, 1, 1, "valid"), {}),
]
_POINTWISE = [
    (((1, 1, 1), 1, 1), {}),
    (((4, 5, 32), 33, 1), {"everywhere": True}),
    (((5, 4, 33), 64, 2), {**BIASED, "everywhere": True, **ONES}),
    (((7, 5, 31), 32, 3), {"changes": extreme, **ONES}),
    (((3, 5, 64), 31, (2, 1)), {"prelu": False}),
    (((2, 3, 95), 95, 1), BIASED),
    (((3, 2, 128), 3, 1), {}),
    (((1, 2, 256), 128, 1), {"changes": extreme, **ONES}),
    (((4, 4, 3), 256, 2), BIASED),
]
_POOLS = [
    ((1, 1, 1), None, 1, 1, "valid"),
    ((8, 8, 32), None, 2, 2, "valid"),
    ((7, 5, 33), None, 2, 2, "same"),
    ((6, 9, 64), None, 3, 2, "same"),
    ((5, 5, 31), None, (2, 3), (1, 2), "valid"),
    ((4, 4, 96), None, 3, 1, "same"),
    ((9, 7, 3), None, (3, 5), 3, "same"),
    ((4, 6, 95), None, 5, 1, "same"),
    ((3, 4, 128), None, 2, 1, "valid"),
    ((2, 2, 256), None, 2, 2, "same"),
    ((5, 6, 33), None, 1, 3, "same"),
]
_DENSE = [((1, 1, 1), 1), ((4, 4, 64), 10), ((1, 1, 31), 33), ((2, 3, 33), 7), ((1, 1, 512), 5)]
_DENSE_WITH_KEYS = [
    (((1, 1, 1), 1), {}),
    (((4, 4, 64), 10), {"everywhere": True}),
    (((1, 1, 31), 33), {"changes": extreme, **ONES}),
    (((2, 3, 33), 64), {**BIASED, "everywhere": True, **ONES}),
    (((1, 1, 256), 31), {"prelu": False}),
    (((3, 2, 95), 95), {**BIASED, "prelu": False}),
    (((2, 4, 3), 32), {"changes": extreme}),
    (((1, 3, 128), 128), BIASED),
    (((1, 1, 32), 256), {}),
]
_QUANTIZED_WITH_KEYS = [
    (((2, 2, 95), 10), {**BIASED, "output": "int8", "everywhere": True, **ONES}),
    (((3, 1, 33), 33), {**BIASED, "output": "int16", "prelu": False}),
    (((1, 5, 3), 31), {**BIASED, "output": "int32", **ONES}),
    (((1, 2, 256), 3), {"changes": saturating, "output": "int16", "everywhere": True, **ONES}),
    (((2, 1, 128), 95), {"changes": saturating, "output": "int8"}),
]

CASES = [
    *(sliding("BBConv2D", *shape) for shape in _CONVOLUTIONS),
    *(sliding("BBConv2D", *shape, **keys) for shape, keys in _CONVOLUTIONS_WITH_KEYS),
    *(sliding(operator, *shape) for operator in ("QQConv2D", "QBConv2D") for shape in _FIRST),
    *(sliding(operator, *shape, **keys) for operator in ("QQConv2D", "QBConv2D") for shape, keys in _FIRST_WITH_KEYS),
    *(
        sliding("BBPointwiseConv2D", in_shape, channels, None, stride, None, **keys)
        for (in_shape, channels, stride), keys in _POINTWISE
    ),
    *(sliding("BMaxPool2D", *shape, **ONES) for shape in _POOLS),
    *(sliding("BBFC", in_shape, channels, None, None, None, **keys) for (in_shape, channels), keys in _DENSE_WITH_KEYS),
    *(
        Case("BBQFC", shape, {"channels": channels, "output": output})
        for (shape, channels), output in zip(_DENSE, cycle(("int8", "int16", "int32")), strict=False)
    ),
    *(
        sliding("BBQFC", in_shape, channels, None, None, None, **keys)
        for (in_shape, channels), keys in _QUANTIZED_WITH_KEYS
    ),
]
