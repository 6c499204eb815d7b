"""What one study compares: from an experiment's YAML or command-line flags, checked before any work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic import ValidationInfo as Info

from bnnsim import paths
from bnnsim.errors import BnnsimError, ConfigError
from bnnsim.study import names
from bnnsim.yamlfile import key_path, load_yaml
from bnnsim.yamlwords import Problems, explain

DEFAULTS: Mapping[str, Any] = {
    "name": "compare",
    "network": "smallcifar",
    "cores": ["cortex-m4"],
    "isa": ["base", "popcnt"],
}


@dataclass(frozen=True)
class Study:
    """Cells = cores x boards x isa, all on one network. Paths are absolute, names are known to exist.

    isa: "base", an extension's name or path, or several joined by "+"; reference: one of isa.
    set: "extension.instruction.latency", "….issue_cycles" → cycles; a core's "core.group.field", "core.data_port.bits".
    variants: (what, variant) pairs; what is a layer's name, an operator or None for every layer; the variant
    is a kernel's variant name or the path of a kernel's C file.
    shift_code_bytes: 0 or 2, bytes put before the code to see what alignment does to the cycles.
    place: part of the program ("code", "weights", "activations", "stack") → memory of every board of the study.
    A board that has a core of its own makes cells with that core only.
    """

    name: str
    network: str
    cores: tuple[str, ...]
    isa: tuple[str, ...]
    boards: tuple[str, ...] = ("zero-wait",)
    reference: str = "base"
    set: Mapping[str, float] = dataclasses.field(default_factory=dict)
    variants: tuple[tuple[str | None, str], ...] = ()
    toolchain: str = "clang"
    input_seed: int = 1
    shift_code_bytes: int = 0
    description: str = ""
    place: Mapping[str, str] = dataclasses.field(default_factory=dict)


def load_study(name_or_path: str, changes: Mapping[str, Any] | None = None) -> Study:
    """Load experiments/NAME.yaml or a file; `changes` (keys of the file, from flags) go on top of it.

    Raises UsageError if there is no such file, ConfigError with every problem of the file or of the flags.
    """
    study = _study(load_yaml(paths.find("experiment", name_or_path), _StudyFile))
    if not changes:
        return study
    values: dict[str, Any] = {f.name: getattr(study, f.name) for f in dataclasses.fields(study)}
    values["variants"] = ["=".join(part for part in pair if part) for pair in study.variants]
    changes = dict(changes)
    changes["set"] = {**study.set, **changes.get("set", {})}
    changes["place"] = {**study.place, **changes.get("place", {})}
    if "isa" in changes and "reference" not in changes and study.reference not in changes["isa"]:
        changes["reference"] = None
    return make_study({**values, **changes})


def make_study(values: Mapping[str, Any], flags: Mapping[str, str] | None = None) -> Study:
    """Check values with the keys of an experiment file; missing ones take `DEFAULTS`.

    flags: key → how the user spells it ("cores" → "--core"), for messages.
    Raises ConfigError with every problem, each naming its flag.
    """
    values = {**DEFAULTS, **({"cores": names.cores_of(boards)} if (boards := values.get("boards")) else {}), **values}
    spelled = {**FLAGS, **(flags or {})}
    text = json.dumps(values)
    try:
        file = _StudyFile.model_validate_json(text, strict=True, context={"folder": Path.cwd()})
    except ValidationError as error:
        problems = []
        for keys, problem in explain(error, _StudyFile, json.loads(text)):
            place = spelled.get(str(keys[0]), key_path(keys)) if keys else "study"
            if keys and keys[0] in ("set", "place") and len(keys) > 1:
                place += f" {keys[1]}"
            problems.append(f"{place}: {problem}")
        raise ConfigError(problems) from None
    return _study(file)


FLAGS = {
    "network": "--network",
    "cores": "--core",
    "boards": "--board",
    "place": "--place",
    "isa": "--isa",
    "reference": "--reference",
    "set": "--set",
    "variants": "--variant",
    "toolchain": "--toolchain",
    "input_seed": "--input-seed",
    "shift_code_bytes": "--shift-code",
}


def _checked(check: Any) -> AfterValidator:
    """Make a validator of `check(text, folder, fields so far)`; its errors become the key's problems."""

    def validate(value: Any, info: Info) -> Any:
        try:
            return check(value, info.context["folder"] if info.context else Path.cwd(), info.data)
        except BnnsimError as error:
            raise ValueError(str(error)) from error

    return AfterValidator(validate)


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = [((i,), f"{v!r} is named twice") for i, v in enumerate(values) if v in values[:i]]
    if repeated:
        raise Problems(repeated)
    return values


def _one_each(pairs: tuple[tuple[str | None, str], ...]) -> tuple[tuple[str | None, str], ...]:
    """Refuse two variants for the same layer, operator or everything."""
    for i, (what, choice) in enumerate(pairs):
        earlier = [other for place, other in pairs[:i] if place == what]
        if earlier:
            raise Problems([((i,), f"{what or 'every layer'} has {earlier[0]!r} already, found {choice!r}")])
    return pairs


def _one_or_more(value: Any) -> Any:
    """Let `cores: cortex-m4` mean one core."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _names(check: Any) -> Any:
    """Return the type of one or more distinct names that `check` knows."""
    item = Annotated[str, _checked(check)]
    several = Annotated[tuple[item, ...], Field(min_length=1), AfterValidator(_distinct)]
    return Annotated[several, BeforeValidator(_one_or_more)]


class _StudyFile(BaseModel):
    """The experiment file. Fields are checked in this order; later checks see the earlier fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1)
    description: str = ""
    network: Annotated[str, _checked(names.network)]
    cores: _names(names.core)  # type: ignore[valid-type]
    boards: _names(names.board) | None = None  # type: ignore[valid-type]
    place: Annotated[dict[str, str], _checked(names.place)] = {}
    isa: _names(names.isa)  # type: ignore[valid-type]
    reference: Annotated[str | None, _checked(names.reference)] = Field(None, validate_default=True)
    set: Annotated[dict[str, float], _checked(names.settings)] = {}
    variants: Annotated[tuple[Annotated[str, _checked(names.variant)], ...], AfterValidator(_one_each)] = ()
    toolchain: Literal["clang", "gcc"] = "clang"
    input_seed: int = Field(1, ge=0, lt=2**32)
    shift_code_bytes: Literal[0, 2] = 0


def _study(file: _StudyFile) -> Study:
    fields = {name: getattr(file, name) for name in type(file).model_fields}
    fields["boards"] = file.boards or names.default_boards(file.cores)
    return Study(**fields)
