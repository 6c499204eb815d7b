"""Checks that what a study names exists: one function per key, each raises UsageError naming what is allowed.

Each takes the text, the folder that relative paths start from, and the study's fields checked so far
(a field that was wrong is absent), and returns the text with paths made absolute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bnnsim import paths
from bnnsim.errors import BnnsimError, UsageError, nearest
from bnnsim.isa import BASE, Isa
from bnnsim.isa.cost import MOST_CYCLES
from bnnsim.yamlwords import Problems

Fields = Mapping[str, Any]


def network(text: str, folder: Path, _: Fields) -> str:
    """A network's name or path."""
    return _found("network", text, folder)


def core(text: str, folder: Path, _: Fields) -> str:
    """A core's name or path."""
    return _found("core", text, folder)


def board(text: str, folder: Path, _: Fields) -> str:
    """A board's name or path."""
    return _found("board", text, folder)


def cores_of(boards: Any) -> list[str]:
    """Return the cores that boards have, for studies that name boards but no core; cortex-m4 where any would do."""
    from bnnsim.timing.board import load_board

    found: dict[str, None] = {}
    for text in [boards] if isinstance(boards, str) else boards:
        try:
            found[load_board(text).core or "cortex-m4"] = None
        except BnnsimError:  # reported where boards are checked
            found["cortex-m4"] = None
    return list(found)


def place(changes: Mapping[str, str], folder: Path, fields: Fields) -> Mapping[str, str]:
    """Parts of the program and memories that all boards of the study have."""
    from bnnsim.timing.board import load_board

    boards = fields.get("boards") or default_boards(fields.get("cores", ()))
    problems = []
    for loaded in (load_board(text, folder) for text in boards) if changes else ():
        for part, name in changes.items():
            try:
                loaded.placed({part: name})
            except UsageError as error:
                problems.append(((part,), str(error)))
    if problems:
        raise Problems(problems)
    return changes


def default_boards(cores: Iterable[str]) -> tuple[str, ...]:
    """Return the boards that the cores' files name."""
    from bnnsim.timing.core import load_core

    return tuple(dict.fromkeys(load_core(core).default_board for core in cores))


def isa(text: str, folder: Path, _: Fields) -> str:
    """ "base", an extension's name or path, or several joined by "+"."""
    parts = text.split("+")
    if not all(parts):
        raise UsageError(f"ISA {text!r} has an empty name; expected base, an extension, or several joined by '+'")
    return "+".join(part if part == BASE else _extension(part, folder) for part in parts)


def reference(text: str | None, folder: Path, fields: Fields) -> str | None:
    """One of the study's ISAs; None means the first."""
    isas: tuple[str, ...] = fields.get("isa", ())
    if text is None:
        return isas[0] if isas else None
    resolved = isa(text, folder, fields)
    if isas and resolved not in isas:
        raise UsageError(f"{text!r} is not compared; allowed: {', '.join(isas)}{nearest(text, isas)}")
    return resolved


def variant(text: str, folder: Path, fields: Fields) -> tuple[str | None, str]:
    """Return (layer or operator or None, variant or absolute path of a kernel's C file)."""
    from bnnsim.model.kernels import load_kernel, load_kernels

    what, _, choice = text.rpartition("=")
    if not choice or text.startswith("="):
        raise UsageError(f"found {text!r}; expected VARIANT, OPERATOR=VARIANT or LAYER=VARIANT")
    kernels = load_kernels()
    layers = _layers(fields)
    operators = dict.fromkeys(k.operator for k in kernels)
    if what and layers is not None and what not in layers and what not in operators:
        raise UsageError(_unknown("layer or operator", what, [*layers, *operators]))
    operator = what if what in operators else (layers or {}).get(what)
    if choice.endswith(".c"):
        path = folder / Path(choice).expanduser()
        if not path.is_file():
            raise UsageError(f"kernel {choice!r}: no such file ({path})")
        found = load_kernel(path).operator
        if operator not in (None, found):
            raise UsageError(f"kernel {choice!r} computes {found}; {what} needs {operator}")
        return what or None, str(path.resolve())
    known = dict.fromkeys(k.variant for k in kernels if operator in (None, k.operator))
    if choice not in known:
        kind = f"variant of {operator}" if operator else "variant"
        raise UsageError(_unknown(kind, choice, known, "or a path to a .c file"))
    return what or None, choice


def settings(values: Mapping[str, float], folder: Path, fields: Fields) -> dict[str, float]:
    """Check every "extension.instruction.latency", "….issue_cycles" and core key; whole numbers become int."""
    problems = []
    whole = {key: int(value) if value == int(value) else value for key, value in values.items()}
    for key, value in whole.items():
        try:
            _setting(key, value, folder, fields)
        except BnnsimError as error:
            problems.append(((key,), str(error)))
    if problems:
        raise Problems(problems)
    return whole


def _setting(key: str, value: float, folder: Path, fields: Fields) -> None:
    """Raise BnnsimError unless an extension or core of this study has the key and takes the value."""
    owner = key.split(".")[0]
    parts = dict.fromkeys(part for spec in fields.get("isa", ()) for part in spec.split("+") if part != BASE)
    keys = _cost_keys(parts, folder)
    if key in keys:
        if not isinstance(value, int) or not 1 <= value <= MOST_CYCLES:
            raise UsageError(f"found {value}; expected a whole number of cycles, 1 to {MOST_CYCLES}")
        return
    cores = _cores(fields.get("cores", ()), folder)
    if owner in cores:
        cores[owner].with_overrides({key: value})
        return
    owners = [*dict.fromkeys(known.split(".")[0] for known in keys), *cores]
    if owner in owners:
        raise UsageError(_unknown("setting", key, [known for known in keys if known.startswith(f"{owner}.")]))
    example = ", ".join(keys[:4]) or "a key of a core"
    raise UsageError(
        f"unknown setting {key!r}: {owner!r} is no extension or core of this study ({', '.join(owners)}); "
        f"e.g. {example}{nearest(key, keys)}"
    )


def _cost_keys(extensions: Iterable[str], folder: Path) -> tuple[str, ...]:
    from bnnsim.isa import load_extension

    return Isa("", tuple(load_extension(name, folder) for name in extensions)).cost_keys


def _cores(specs: Iterable[str], folder: Path) -> dict[str, Any]:
    from bnnsim.timing.core import load_core

    return {core.name: core for core in (load_core(spec) for spec in specs)}


def _layers(fields: Fields) -> dict[str, str] | None:
    """Operators of the network's layers by name; None if it is unknown or broken (reported elsewhere)."""
    from bnnsim.model.network import load_network

    if "network" not in fields:
        return None
    try:
        return {layer.name: layer.operator for layer in load_network(fields["network"]).layers}
    except BnnsimError:
        return None


def _extension(text: str, folder: Path) -> str:
    try:
        return _found("extension", text, folder)
    except UsageError as error:
        known = [BASE, *paths.names("extension")]
        if "unknown extension" not in str(error):
            raise
        raise UsageError(_unknown("extension", text, known, "or a path to a .py file")) from None


def _found(kind: str, text: str, folder: Path) -> str:
    """Return a known name as it is and a path made absolute."""
    path = paths.find(kind, text, folder)
    return text if text in paths.names(kind) else str(path)


def _unknown(what: str, found: str, known: Iterable[str], rest: str = "") -> str:
    known = list(known)
    listed = ", ".join([*known, rest] if rest else known)
    return f"unknown {what} {found!r}; allowed: {listed}{nearest(found, known)}"
