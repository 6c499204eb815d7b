"""Larq Compute Engine's operators."""

from __future__ import annotations

from tests.kernels.cases.case import Case

CASES: list[Case] = []
