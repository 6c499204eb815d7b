"""Thresholds modulo 2^16, as kernels of 8-bit input and ±1 weights use them: enough for windows of 256 taps."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnsim.model.activation import signs
from bnnsim.model.thresholds import fold, kernel_form, reachable

ENDS = st.sampled_from([-1.01, -1.0, -0.999, -0.5, 0.0, 0.5, 0.999, 1.0, 1.01])


@settings(max_examples=60, deadline=None)
@given(
    taps=st.sampled_from([1, 75, 128, 129, 147, 255, 256]),
    negative=st.floats(0, 1),
    mean=ENDS,
    slope=st.sampled_from([-1.5, 0.0, 0.25, 1.0, 2.0]),
    gamma=st.sampled_from([-1.0, 1.0]),
    bias=st.integers(-70_000, 70_000),
)
def test_sixteen_bits_hold_the_sums_of_256_taps(taps, negative, mean, slope, gamma, bias):
    weights = np.ones((1, 1, 1, taps), np.int8)
    weights[..., : round(negative * taps)] = -1
    one = {"mean": mean * 255 * taps, "slope": slope, "gamma": gamma, "beta": 0, "variance": 1}
    parameters = {name: np.array([value], np.float32) for name, value in one.items()}
    parameters |= {"weights": weights, "bias": np.array([bias], np.int32)}
    low, high = reachable(weights, "uint8")
    start, width, polarity = kernel_form(fold(parameters, low, high))
    acc = np.arange(low[0], high[0] + 1)[:, None]
    outside = (acc[:, 0] + int(start[0])) % 2**16 >= int(width[0])
    assert width[0] < 2**16
    assert (outside ^ bool(polarity[0] & 1) == signs(acc, parameters)[:, 0]).all()
