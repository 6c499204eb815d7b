"""What a validation found: one row per program and core, and statistics per core, as data and as JSON."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

SCHEMA = 1
Verdict = Literal["within", "beyond", "failed", "no reference"]
_ROUNDING_PERCENT = 1e-9  # of the division; a tolerance of 0 means equal


@dataclass(frozen=True)
class Row:
    """One program on one core. Cycle counts are of one iteration where `iterations` is set.

    cycles: ours, None if the program failed for `reason`; reference: what it is compared with; manual: the suite's
    own reference where `reference` was measured later; unvalidated: what of the core's and the board's timing no
    silicon confirmed, in words.
    """

    program: str
    core: str
    board: str
    tolerance_percent: float
    cycles: float | None = None
    reference: float | None = None
    kind: str | None = None
    source: str | None = None
    manual: float | None = None
    iterations: int | None = None
    reason: str | None = None
    unvalidated: tuple[str, ...] = ()

    @property
    def error_percent(self) -> float | None:
        """Ours against the reference; positive is slower than the reference."""
        if self.cycles is None or self.reference is None:
            return None
        return 100 * (self.cycles - self.reference) / self.reference

    @property
    def short_reason(self) -> str:
        """The reason in one line: of a compiler's messages the first error."""
        lines = [line.strip() for line in (self.reason or "").splitlines()] or [""]
        error = next((line for line in lines[1:] if "error:" in line), "".join(lines[1:2]))
        return f"{lines[0]} {error}".strip()

    @property
    def verdict(self) -> Verdict:
        """What the row means for the exit code."""
        if self.reason is not None:
            return "failed"
        if self.error_percent is None:
            return "no reference"
        return "within" if abs(self.error_percent) <= self.tolerance_percent + _ROUNDING_PERCENT else "beyond"


@dataclass(frozen=True)
class Statistics:
    """Errors of a core in percent; all but `bias` are of absolute errors."""

    programs: int
    mean: float
    median: float
    max: float
    bias: float
    rms: float


@dataclass(frozen=True)
class Validation:
    """All rows of a suite, core by core; measured: name of the file that replaced the references."""

    suite: str
    rows: tuple[Row, ...]
    measured: str | None = None
    left_out: int = 0  # programs that the file of measurements does not have

    @property
    def cores(self) -> tuple[str, ...]:
        """Cores in order of the rows."""
        return tuple(dict.fromkeys(row.core for row in self.rows))

    def of(self, core: str) -> tuple[Row, ...]:
        """Rows of one core."""
        return tuple(row for row in self.rows if row.core == core)

    def count(self, verdict: Verdict) -> int:
        """Number of rows of a verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def good(self) -> bool:
        """No program failed and none is beyond its tolerance."""
        return not self.count("failed") and not self.count("beyond")


def summarize(rows: Iterable[Row]) -> Statistics | None:
    """Statistics over rows that have an error; None without any."""
    errors = [row.error_percent for row in rows if row.error_percent is not None]
    if not errors:
        return None
    sizes = [abs(e) for e in errors]
    rms = math.sqrt(statistics.fmean(e * e for e in errors))
    bias = statistics.fmean(errors)
    return Statistics(len(errors), statistics.fmean(sizes), statistics.median(sizes), max(sizes), bias, rms)


def to_json(validation: Validation) -> str:
    """The JSON of docs/validate.md."""
    document = {
        "schema": SCHEMA,
        "suite": validation.suite,
        "measured": validation.measured,
        "verdict": "within" if validation.good else "beyond",
        "counts": {v.replace(" ", "_"): validation.count(v) for v in ("within", "beyond", "failed", "no reference")},
        "cores": [_core(core, summarize(validation.of(core))) for core in validation.cores],
        "programs": [_row(row) for row in validation.rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _core(core: str, found: Statistics | None) -> dict[str, Any]:
    if found is None:
        return {"core": core, "programs": 0}
    percents = {f"{name}_percent": getattr(found, name) for name in ("mean", "median", "max", "bias", "rms")}
    return {"core": core, "programs": found.programs} | percents


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.program,
        "core": row.core,
        "board": row.board,
        "cycles": row.cycles,
        "reference": row.reference,
        "kind": row.kind,
        "source": row.source,
        "suite_reference": row.manual,
        "iterations": row.iterations,
        "error_percent": row.error_percent,
        "tolerance_percent": row.tolerance_percent,
        "verdict": row.verdict,
        "reason": row.reason,
        "unvalidated": list(row.unvalidated),
    }
