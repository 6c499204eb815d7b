"""The float32 operators of TFLite, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RUN: dict[str, Callable[..., np.ndarray]] = {}
