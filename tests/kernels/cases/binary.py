"""CBin-NN's operators."""

from __future__ import annotations

from itertools import cycle

from tests.kernels.cases.case import Case


def sliding(operator, in_shape, channels, kernel, stride, padding, **keys):
    more = {name: keys.pop(name) for name in ("changes", "everywhere", "values") if name in keys}
    keys |= {"channels": channels, "kernel": kernel, "stride": stride, "padding": padding}
    return Case(operator, in_shape, {name: value for name, value in keys.items() if value is not None}, **more)


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
_POOLS = [
    ((1, 1, 1), None, 1, 1, "valid"),
    ((8, 8, 32), None, 2, 2, "valid"),
    ((7, 5, 33), None, 2, 2, "same"),
    ((6, 9, 64), None, 3, 2, "same"),
    ((5, 5, 31), None, (2, 3), (1, 2), "valid"),
    ((4, 4, 96), None, 3, 1, "same"),
]
_DENSE = [((1, 1, 1), 1), ((4, 4, 64), 10), ((1, 1, 31), 33), ((2, 3, 33), 7), ((1, 1, 512), 5)]

CASES = [
    *(sliding("BBConv2D", *shape) for shape in _CONVOLUTIONS),
    *(sliding("QQConv2D", *shape) for shape in _FIRST),
    *(sliding("BMaxPool2D", *shape) for shape in _POOLS),
    *(
        Case("BBQFC", shape, {"channels": channels, "output": output})
        for (shape, channels), output in zip(_DENSE, cycle(("int8", "int16", "int32")), strict=False)
    ),
]
