"""Layers that every kernel of their operator is run on, a file for each family of operators."""

from __future__ import annotations

import importlib
import pkgutil

from bnnsim.bench.case import Case

CASES: tuple[Case, ...] = tuple(
    case
    for module in pkgutil.iter_modules(__path__)
    for case in importlib.import_module(f"{__name__}.{module.name}").CASES
)
