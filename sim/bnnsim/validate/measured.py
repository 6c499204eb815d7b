"""Reads cycle counts that a board printed: CSV with the columns name, cycles and, if several cores, core."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bnnsim.errors import ConfigError, nearest
from bnnsim.validate.suite import Suite
from bnnsim.yamlfile import display_path

_NEEDED, _ALLOWED = ("name", "cycles"), ("name", "cycles", "core")


@dataclass(frozen=True)
class Measured:
    """Cycles by (program, core). Programs with iterations: of all N iterations together."""

    file: str
    cycles: Mapping[tuple[str, str], float]


def read_measured(path: Path, suite: Suite, cores: tuple[str, ...]) -> Measured:
    """Read the counts of a suite's programs; without a column `core` they are of the only core chosen.

    Raises ConfigError with every problem: unknown columns, programs or cores, no numbers, counts given twice.
    """
    where = display_path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError([f"--measured: cannot read {where}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"--measured: {where} is not UTF-8 text"]) from None
    rows = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not rows:
        raise ConfigError([f"{where}: the file is empty; expected the columns name,cycles[,core]"])
    columns = [name.strip() for name in next(csv.reader([rows[0][1]]))]
    _check_columns(f"{where}:{rows[0][0]}", columns, cores)
    found: dict[tuple[str, str], float] = {}
    problems: list[str] = []
    for number, line in rows[1:]:
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        place = f"{where}:{number}"
        if len(cells) != len(columns):
            problems.append(f"{place}: found {len(cells)} cells; expected {len(columns)}: {','.join(columns)}")
            continue
        cell = dict(zip(columns, cells, strict=True))
        key = (cell["name"], cell.get("core") or cores[0])
        problem = _problem(cell, key, suite, found)
        if problem:
            problems.append(f"{place}: {problem}")
        else:
            found[key] = float(cell["cycles"])
    if not found and not problems:
        problems = [f"{where}: no counts below the heading"]
    if problems:
        raise ConfigError(problems)
    return Measured(where, found)


def _check_columns(place: str, columns: list[str], cores: tuple[str, ...]) -> None:
    unknown = [name for name in columns if name not in _ALLOWED]
    missing = [name for name in _NEEDED if name not in columns]
    if unknown or missing or len(set(columns)) != len(columns):
        hint = nearest(unknown[0], _ALLOWED) if unknown else ""
        raise ConfigError([f"{place}: found the columns {','.join(columns)}; expected name,cycles[,core]{hint}"])
    if "core" not in columns and len(cores) != 1:
        known = f"the suite has {', '.join(cores)}; choose one with --core"
        raise ConfigError([f"{place}: no column core, so the counts are of one core; {known}"])


def _problem(cell: Mapping[str, str], key: tuple[str, str], suite: Suite, found: Iterable[object]) -> str | None:
    """What is wrong with a row, None if nothing is."""
    programs = {program.name: program for program in suite.programs}
    name, core = key
    if name not in programs:
        return f"the suite has no program {name!r}{nearest(name, programs)}"
    if core not in programs[name].cycles:
        known = programs[name].cycles
        return f"the suite does not run {name!r} on core {core!r}, only on {', '.join(known)}{nearest(core, known)}"
    if key in found:
        return f"{name!r} on {core} is given twice"
    try:
        cycles = float(cell["cycles"])
    except ValueError:
        cycles = math.nan
    if not 0 < cycles < math.inf:
        return f"cycles: found {cell['cycles']!r}; expected a number above 0"
    return None
