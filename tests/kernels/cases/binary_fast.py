"""Shapes and parameters at the limits of the fast kernels of QBConv2D, BBPointwiseConv2D, BBFC and BBQFC."""

from __future__ import annotations

import numpy as np

from tests.kernels.cases.case import Case


def _first(in_shape, channels, kernel, stride=1, padding="same", **more):
    """A layer on 8-bit input; all-0 and all-255 images, too."""
    keys = {"channels": channels, "kernel": kernel, "stride": stride, "padding": padding}
    keys |= {name: more.pop(name) for name in ("bias", "prelu") if name in more}
    return Case("QBConv2D", in_shape, keys, values=more.pop("values", (0, 255)), **more)


def _one_signed(parameters):
    """Weights all -1 or all +1 in turn, and thresholds at the ends of what their sums reach or beyond."""
    weights = np.ones_like(parameters["weights"])
    weights[::2] = -1
    outputs, synapses = len(weights), weights[0].size
    mean = synapses * np.linspace(-1.5, 1.5, outputs)  # in units of 255 inputs
    return {"weights": weights, "mean": mean.astype(np.float32), "beta": np.zeros(outputs, np.float32)}


def _at_the_end(parameters):
    """Thresholds one step inside and outside of the largest and the smallest sum, both polarities."""
    weights = np.ones_like(parameters["weights"])
    outputs, synapses = len(weights), weights[0].size
    weights[outputs // 2 :] = -1
    step = 1 / 255
    ends = synapses + step * np.resize([-1, -0.5, 0, 0.5, 1], outputs)
    ends[outputs // 2 :] *= -1
    return {
        "weights": weights,
        "mean": ends.astype(np.float32),
        "beta": np.zeros(outputs, np.float32),
        "gamma": np.resize([1.0, -1.0], outputs).astype(np.float32),
    }


_SUBSET_SUMS = [
    # strips of eight pixels: narrower, a whole one, one that overlaps the one before
    *(_first((3, width, 3), 9, 3) for width in (1, 7, 8, 9, 15, 16, 17)),
    # channels: bytes of outputs and words of them
    *(_first((2, 9, 1), channels, 3) for channels in (7, 8, 9, 24, 33, 65)),
    # groups of one to six taps, equal and unequal ones
    *(_first((4, 4, 1), 3, (2, width)) for width in (1, 2, 3, 4)),
    *(_first((3, 8, in_c), 5, (3, 1)) for in_c in (5, 6, 7, 9, 11, 13)),
    # strides below, at and above the kernel's height
    _first((11, 11, 3), 8, 5, 2),
    _first((11, 11, 3), 8, 3, 3),
    _first((13, 11, 3), 8, 2, 5),
    _first((13, 11, 3), 8, (5, 2), (3, 2)),
    # most look-ups of an output, and one more
    _first((5, 3, 1), 3, (5, 3), bias=True),
    _first((48, 1, 1), 3, (48, 1)),
    _first((49, 1, 1), 3, (49, 1)),
    _first((16, 16, 3), 33, 7, 2, everywhere=True),
    # 256 taps fill 16 bits, 257 do not
    _first((2, 9, 256), 10, 1, changes=_at_the_end, everywhere=True),
    _first((2, 9, 256), 10, 1, changes=_one_signed),
    _first((1, 9, 257), 10, 1, changes=_at_the_end),
    _first((4, 8, 8), 33, (4, 8), padding="valid", changes=_at_the_end),
    _first((5, 5, 5), 33, 7, changes=_one_signed, bias=True),
    _first((3, 4, 33), 33, 3, prelu=True, changes=_one_signed),
    # offsets of tables fill 16 bits
    _first((5, 5, 40), 2, 5, padding="valid", values=()),
]

CASES = [*_SUBSET_SUMS]
