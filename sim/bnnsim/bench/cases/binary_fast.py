"""Shapes and parameters at the limits of the fast kernels of QBConv2D, BBPointwiseConv2D, BBFC and BBQFC."""

from __future__ import annotations

import numpy as np

from bnnsim.bench.case import Case


def _first(in_shape, channels, kernel, stride: int | tuple[int, int] = 1, padding="same", **more):
    keys = {"channels": channels, "kernel": kernel, "stride": stride, "padding": padding}
    keys |= {name: more.pop(name) for name in ("bias", "prelu") if name in more}
    return Case("QBConv2D", in_shape, keys, values=(0, 255) if "changes" in more else (), **more)


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
        "slope": np.ones(outputs, np.float32),
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
    _first((5, 5, 40), 2, 5, padding="valid"),
]


def _pointwise(in_shape, channels, **more):
    keys = {"channels": channels} | {name: more.pop(name) for name in ("stride", "bias", "prelu") if name in more}
    return Case("BBPointwiseConv2D", in_shape, keys, values=(-1, 1) if "changes" in more else (), **more)


def _counts_at_the_end(parameters):
    """Thresholds one step inside and outside of the sums' largest and smallest value, both polarities."""
    outputs, synapses = len(parameters["weights"]), parameters["weights"][0].size
    weights = np.ones_like(parameters["weights"])
    weights[outputs // 2 :] = -1
    return {
        "weights": weights,
        "mean": np.resize([-1, 1, -1, 1], outputs) * (synapses + np.resize([-1, 0, 1], outputs).astype(np.float32)),
        "beta": np.zeros(outputs, np.float32),
        "gamma": np.resize([1.0, 1.0, -1.0, -1.0], outputs).astype(np.float32),
        "slope": np.ones(outputs, np.float32),
    }


_HELD_PIXELS = [
    # one to five words a pixel; blocks of four and two pixels, and what is left of them
    *(_pointwise((3, 3, in_c), 5, bias=True) for in_c in (1, 32, 64, 96, 97, 128, 129)),
    *(_pointwise((1, width, 32), 4) for width in (2, 3, 4)),
    *(_pointwise((1, width, 64), 31, prelu=True) for width in (1, 2)),
    # strides, along one axis, too
    *(_pointwise((7, 5, in_c), 33, stride=2) for in_c in (31, 33, 65)),
    _pointwise((1, 9, 32), 3, stride=(2, 1)),
    _pointwise((9, 1, 32), 3, stride=2),
    # groups of outputs
    *(_pointwise((2, 2, 33), channels) for channels in (32, 36, 64, 65)),
    *(_pointwise((2, 3, in_c), 35, changes=_counts_at_the_end) for in_c in (7, 64, 128)),
    _pointwise((4, 4, 64), 64, everywhere=True),
]


def _dense(operator, in_c, channels, in_shape=(1, 1), **more):
    keys = {"channels": channels} | {name: more.pop(name) for name in ("output", "bias", "prelu") if name in more}
    return Case(operator, (*in_shape, in_c), keys, values=(-1, 1) if "changes" in more else (), **more)


_DENSE = [
    # words of the input around the unrolled eight and sixteen
    *(_dense(operator, 32 * words, 3) for operator in ("BBFC", "BBQFC") for words in (1, 2, 3, 4, 7, 8, 9, 12, 15, 16)),
    *(_dense(operator, 17, 5, (3, 7)) for operator in ("BBFC", "BBQFC")),
    # outputs: fours and words of them
    *(_dense("BBFC", 64, channels) for channels in (1, 4, 5, 32, 33, 36, 65)),
    *(_dense("BBQFC", 64, channels, output="int16", bias=True) for channels in (1, 4, 7)),
    # the largest count of differing bits, in halves of words, too; sixteens of many blocks
    _dense("BBFC", 65504, 1, changes=_counts_at_the_end),
    _dense("BBQFC", 65504, 2, output="int32", changes=_counts_at_the_end),
    _dense("BBFC", 1024, 33, changes=_counts_at_the_end, everywhere=True),
    _dense("BBQFC", 1056, 6, output="int32", prelu=True, everywhere=True),
]

CASES = [*_SUBSET_SUMS, *_HELD_PIXELS, *_DENSE]
