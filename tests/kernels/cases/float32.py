"""The float32 operators of TFLite."""

from __future__ import annotations

from tests.kernels.cases.case import Case

CASES: list[Case] = []
