"""TFLite's int8 operators without weights, as CMSIS-NN computes them."""

from __future__ import annotations

from tests.kernels.cases.case import Case

CASES: list[Case] = []
