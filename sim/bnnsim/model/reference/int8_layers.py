"""TFLite's int8 layers with weights, as CMSIS-NN computes them, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RUN: dict[str, Callable[..., np.ndarray]] = {}
