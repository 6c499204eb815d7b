"""TFLite's int8 layers with weights, as CMSIS-NN computes them."""

from __future__ import annotations

from tests.kernels.cases.case import Case

CASES: list[Case] = []
