"""A core as isa/cores/*.yaml describes it: costs of instruction groups, pipeline rules, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bnnsim import paths
from bnnsim.errors import ConfigError, UsageError, nearest
from bnnsim.timing.table import (
    FRONT_ENDS,
    ConditionFailed,
    CostSource,
    Cycles,
    Fetch,
    Group,
    Misaligned,
    Names,
    OddEncoding,
    PairRule,
    Part,
    Refill,
)
from bnnsim.yamlfile import display_path, key_path, load_yaml
from bnnsim.yamlwords import Problems, explain

Keys = tuple[str | int, ...]


class Core(Part):
    """One core's cost table. `model` names the timing model that reads it; costs are core cycles."""

    name: str = Field(min_length=1)
    description: str
    architecture: str
    model: Literal["in_order", "per_instruction"]
    features: Names
    unicorn_cpu: str
    target: dict[str, str]
    default_board: str = "zero-wait"
    groups: dict[str, Group]
    memory: Names
    fetch: Fetch | None = None
    refill: Refill | None = None
    pair_rules: Annotated[dict[str, PairRule], Field(max_length=8)]
    odd_encoding: OddEncoding
    misaligned: Misaligned
    condition_failed: ConditionFailed

    @model_validator(mode="after")
    def _check(self) -> Core:
        if problems := [*_front_end_problems(self), *_clashes(self)]:
            raise Problems(problems)
        return self

    @property
    def front_end(self) -> Fetch | Refill:
        """How the core's model fetches: the one section of `FRONT_ENDS` that the file has."""
        part = getattr(self, FRONT_ENDS[self.model])
        assert part is not None  # checked on load
        return part

    @cached_property
    def group_names(self) -> dict[str, str]:
        """Group name by mnemonic, or by "mnemonic+form"."""
        return {m: name for name, group in self.groups.items() for m in group.mnemonics}

    def group_of(self, mnemonic: str, form: str = "") -> str | None:
        """Name of the group that prices an instruction, None if the table has no cost for it."""
        plain = self.group_names.get(mnemonic)
        return self.group_names.get(f"{mnemonic}+{form}", plain) if form else plain

    def with_overrides(self, overrides: Mapping[str, float]) -> Core:
        """Return a core with other numbers, e.g. {"load.cycles": 3, "fetch.queue_words": 4}.

        Keys may start with the core's name ("cortex-m4.load.cycles"). What is set so counts as assumed.
        Raises UsageError naming unknown keys (with the nearest match) and values out of range.
        """
        if not overrides:
            return self
        data, places = self.model_dump(), self.settings
        problems = []
        for given, value in overrides.items():
            key = given.removeprefix(f"{self.name}.")
            if key not in places:
                known = f"e.g. {', '.join(list(places)[:3])}" + nearest(key, places)
                problems.append(f"core {self.name} has no setting {given!r}; {known}")
            elif value != int(value):
                problems.append(f"{given}: found {value}; this core counts whole cycles")
            else:
                _set(data, places[key], int(value))
        if problems:
            raise UsageError("\n".join(problems))
        try:
            return Core.model_validate(data)
        except ValidationError as error:
            found = (f"{key_path(keys)}: {text}" for keys, text in explain(error, Core, data))
            raise UsageError("\n".join(found)) from None

    @cached_property
    def settings(self) -> dict[str, tuple[str, ...]]:
        """Keys that `with_overrides` takes → where they lie in the table."""
        places: dict[str, tuple[str, ...]] = {f"{name}.cycles": ("groups", name, "cycles") for name in self.groups}
        places |= {f"pair_rules.{n}.cycles": ("pair_rules", n, "cycles") for n in self.pair_rules}
        for part in (FRONT_ENDS[self.model], "odd_encoding", "misaligned", "condition_failed"):
            fields = type(getattr(self, part)).model_fields
            places |= {f"{part}.{name}": (part, name) for name in fields if name not in ("source", "faults")}
        return places


class _Head(BaseModel):
    """Only what tells a core's file from a variant's."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    extends: str | None = None


class _GroupChange(Part):
    mnemonics: Names | None = None
    cycles: Cycles | None = None
    formula: str | None = None
    folded: bool | None = None
    source: CostSource | None = None


class _Variant(Part):
    """A file with `extends: CORE`: what differs from that core; a group keeps the keys that are not named."""

    extends: str
    name: str = Field(min_length=1)
    description: str
    architecture: str | None = None
    features: Names | None = None
    unicorn_cpu: str | None = None
    target: dict[str, str] | None = None
    default_board: str | None = None
    without: Names = ()
    groups: dict[str, _GroupChange] = Field(default={})
    memory: Names | None = None
    fetch: Fetch | None = None
    refill: Refill | None = None
    pair_rules: dict[str, PairRule] = Field(default={})
    odd_encoding: OddEncoding | None = None
    misaligned: Misaligned | None = None
    condition_failed: ConditionFailed | None = None


def load_core(name_or_path: str, relative_to: Path | None = None) -> Core:
    """Load isa/cores/NAME.yaml or a file; a file with `extends:` changes another core.

    Raises UsageError for an unknown name, ConfigError with every problem of the file.
    """
    return _load(paths.find("core", name_or_path, relative_to), ())


def _load(path: Path, parents: tuple[Path, ...]) -> Core:
    base_name = load_yaml(path, _Head).extends
    if base_name is None:
        return load_yaml(path, Core)
    where = display_path(path)
    if path in parents:
        raise ConfigError([f"{where}: extends: {base_name!r} extends this core in turn"])
    variant = load_yaml(path, _Variant)
    try:
        base = _load(paths.find("core", base_name, path.parent), (*parents, path))
    except ConfigError:
        raise
    except UsageError as error:
        raise ConfigError([f"{where}: extends: {error}"]) from None
    unknown = [name for name in variant.without if name not in base.groups]
    if unknown:
        raise ConfigError([f"{where}: without: no group {n!r}{nearest(n, base.groups)}" for n in unknown])
    data = _merged(base, variant)
    try:
        return Core.model_validate(data)
    except ValidationError as error:
        found = explain(error, Core, data)
        raise ConfigError(f"{where}: {key_path(keys)}: {text}" for keys, text in found) from None


def _merged(base: Core, variant: _Variant) -> dict[str, Any]:
    """Return the base's table as plain data with the variant's changes in it and its dropped groups out."""
    data, changes = base.model_dump(), variant.model_dump(exclude_unset=True)
    changes.pop("extends")
    dropped = set(changes.pop("without", ()))
    for name, change in changes.pop("groups", {}).items():
        group = data["groups"].setdefault(name, {})
        if {"cycles", "formula"} & set(change):
            group |= {"cycles": None, "formula": None}
        group |= change
    data["pair_rules"] |= changes.pop("pair_rules", {})
    data |= changes

    def kept(names: Any) -> Any:
        return names if names == "memory" else tuple(n for n in names if n not in dropped)

    data["groups"] = {n: g for n, g in data["groups"].items() if n not in dropped}
    data["memory"] = kept(data["memory"])
    for rule in data["pair_rules"].values():
        rule |= {"first": kept(rule["first"]), "second": kept(rule["second"])}
    return data


def _front_end_problems(core: Core) -> Iterator[tuple[Keys, str]]:
    needed = FRONT_ENDS[core.model]
    for section in FRONT_ENDS.values():
        if section == needed and getattr(core, section) is None:
            yield (section,), f"missing key {section!r}, which model {core.model!r} needs"
        elif section != needed and getattr(core, section) is not None:
            yield (section,), f"model {core.model!r} does not read this; it needs {needed!r}"


def _clashes(core: Core) -> Iterator[tuple[Keys, str]]:
    """Yield (keys, text) for mnemonics of two groups and for names of groups that do not exist."""
    seen: dict[str, str] = {}
    for name, group in core.groups.items():
        for i, mnemonic in enumerate(group.mnemonics):
            if (first := seen.setdefault(mnemonic, name)) != name:
                yield ("groups", name, "mnemonics", i), f"{mnemonic!r} is also in group {first!r}"
    lists: dict[Keys, Names] = {("memory",): core.memory}
    for name, rule in core.pair_rules.items():
        lists["pair_rules", name, "first"] = rule.first
        if rule.second != "memory":
            lists["pair_rules", name, "second"] = tuple(rule.second)
    for keys, names in lists.items():
        for i, name in enumerate(names):
            if name not in core.groups:
                yield (*keys, i), f"no group {name!r}{nearest(name, core.groups)}"


def _set(data: dict[str, Any], place: tuple[str, ...], value: int) -> None:
    *path, last = place
    for part in path:
        data = data[part]
    data[last] = value
    data["source"] = {"kind": "assumed", "ref": f"set to {value} by the user"}
    if "formula" in data:
        data["formula"] = None
