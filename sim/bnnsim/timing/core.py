"""A core as isa/cores/*.yaml describes it: costs of instruction groups, pipeline rules, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bnnsim import paths
from bnnsim.errors import ConfigError, UsageError, nearest
from bnnsim.timing.issue_rules import CUSTOM, CUSTOM_MEMORY, INLINE_SHIFT, DualIssue, PairedNarrow
from bnnsim.timing.table import (
    CUSTOM_ACCESSES,
    FRONT_ENDS,
    ISSUE_MODELS,
    ConditionFailed,
    CostSource,
    Cycles,
    DataPort,
    Fetch,
    Group,
    Misaligned,
    Names,
    OddEncoding,
    PairRule,
    Part,
    PortBits,
    Refill,
    Unit,
)
from bnnsim.yamlfile import display_path, key_path, load_yaml
from bnnsim.yamlwords import Problems, explain

Keys = tuple[str | int, ...]


class Core(Part):
    """One core's cost table. `model` names the timing model that reads it; costs are core cycles.

    unvalidated: what of it was never compared with silicon; band: low and high of uncertain settings.
    """

    name: str = Field(min_length=1)
    description: str
    architecture: str
    model: Literal["in_order", "per_instruction", "dual_issue", "paired_narrow"]
    features: Names
    unicorn_cpu: str
    target: dict[str, str]
    default_board: str = "zero-wait"
    groups: dict[str, Group]
    memory: Names
    data_port: DataPort
    fetch: Fetch | None = None
    refill: Refill | None = None
    dual_issue: DualIssue | None = None
    paired_narrow: PairedNarrow | None = None
    pair_rules: Annotated[dict[str, PairRule], Field(max_length=8)]
    odd_encoding: OddEncoding
    misaligned: Misaligned
    condition_failed: ConditionFailed
    unvalidated: Names = ()
    band: dict[str, tuple[Cycles, Cycles]] = Field(default={})

    @model_validator(mode="after")
    def _check(self) -> Core:
        problems = [*_front_end_problems(self), *_clashes(self), *_issue_problems(self)]
        if problems := problems or [*_band_problems(self)]:
            raise Problems(problems)
        return self

    @property
    def front_end(self) -> Fetch | Refill | DualIssue | PairedNarrow:
        """How the core's model fetches and issues: the one section of `FRONT_ENDS` that the file has."""
        part = getattr(self, FRONT_ENDS[self.model])
        assert part is not None  # checked on load
        return part

    @property
    def processor(self) -> str:
        """What it is a variant of, as compilers name it: options and changes of ours left out."""
        return next(iter(self.target.values()), self.name).partition("+")[0]

    @property
    def change(self) -> str | None:
        """What makes it a core that nobody sells, in words, or None."""
        return self.data_port.change

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

        Keys may start with the core's name ("cortex-m4.load.cycles"). What is set so counts as assumed, and
        is uncertain no longer: it leaves the band.
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
                problems.append(f"{given}: found {value}; expected whole cycles or bits")
            else:
                _set(data, places[key], int(value))
                data["band"].pop(key, None)
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
        places["data_port.bits"] = ("data_port", "bits")
        for part in (FRONT_ENDS[self.model], "odd_encoding", "misaligned", "condition_failed"):
            places |= {".".join(place): place for place in _numbers(getattr(self, part), (part,))}
        own = FRONT_ENDS[self.model] + "." if self.model in ISSUE_MODELS else ""
        return {key.removeprefix(own): place for key, place in places.items()}


def _numbers(value: Any, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield where the whole numbers of a section lie; `full` cycles of a failed condition can be one, too."""
    if isinstance(value, CostSource | bool):
        return
    if isinstance(value, int) or value == "full":
        yield place
    elif isinstance(value, BaseModel | Mapping):
        for name, below in value.items() if isinstance(value, Mapping) else value:
            yield from _numbers(below, (*place, name))


class _Head(BaseModel):
    """Only what tells a core's file from a variant's."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    extends: str | None = None


class _GroupChange(Part):
    mnemonics: Names | None = None
    cycles: Cycles | None = None
    formula: str | None = None
    folded: bool | None = None
    unit: Unit | None = None
    result: str | None = None
    early_operands: Literal["none", "last", "all"] | None = None
    early_alu: Literal["never", "first_slot", "free_shifter", "either_slot"] | None = None
    alone: bool | None = None
    source: CostSource | None = None


class _PortChange(Part):
    bits: PortBits
    source: CostSource


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
    data_port: _PortChange | None = None
    fetch: Fetch | None = None
    refill: Refill | None = None
    dual_issue: DualIssue | None = None
    paired_narrow: PairedNarrow | None = None
    pair_rules: dict[str, PairRule] = Field(default={})
    odd_encoding: OddEncoding | None = None
    misaligned: Misaligned | None = None
    condition_failed: ConditionFailed | None = None
    unvalidated: Names | None = None
    band: dict[str, tuple[Cycles, Cycles]] | None = None


def core_notes(core: Core) -> tuple[str, ...]:
    """What every report must say of a core: that nobody sells it, if so."""
    if core.change is None:
        return ()
    used = "only custom instructions that load or store use the port, other loads and stores cost what they always do"
    return (f"Core change: {core.name} with a {core.change}. Nobody sells such a core; {used}.",)


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
    data["data_port"] |= changes.pop("data_port", None) or {}
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
            if name not in (known := (*core.groups, *CUSTOM_ACCESSES)):
                yield (*keys, i), f"no group {name!r}{nearest(name, known)}"


def _issue_problems(core: Core) -> Iterator[tuple[Keys, str]]:
    """Yield (keys, text) for what the groups and rules of a model that follows registers lack or misname."""
    issues = core.model in ISSUE_MODELS
    part = core.dual_issue or core.paired_narrow
    if issues and part is None:
        return  # said already
    for name, group in core.groups.items():
        if (group.unit is not None) != issues:
            text = f"missing key 'unit', which model {core.model!r} needs" if issues else "only for models that issue"
            yield ("groups", name, "unit"), text
        if part and group.result not in part.results:
            yield ("groups", name, "result"), f"no result {group.result!r}{nearest(group.result, part.results)}"
    if core.dual_issue is None:
        return
    lists: dict[Keys, Names | Literal["any"]] = {
        ("early_alu", "shifter_users"): core.dual_issue.early_alu.shifter_users
    }
    for name, rule in core.dual_issue.no_pair.items():
        lists |= {("no_pair", name, "first"): rule.first, ("no_pair", name, "second"): rule.second}
    known = (*core.groups, INLINE_SHIFT, CUSTOM, CUSTOM_MEMORY)
    for keys, names in lists.items():
        for i, word in enumerate(() if names == "any" else names):
            if word not in known:
                yield ("dual_issue", *keys, i), f"no group {word!r}{nearest(word, known)}"


def _band_problems(core: Core) -> Iterator[tuple[Keys, str]]:
    for key, (low, high) in core.band.items():
        if key not in core.settings:
            yield ("band", key), f"no setting {key!r}{nearest(key, core.settings)}"
        elif low > high:
            yield ("band", key), f"found {low} to {high}; the lower end comes first"


def _set(data: dict[str, Any], place: tuple[str, ...], value: int) -> None:
    *path, last = place
    sourced = data
    for part in path:
        data = data[part]
        sourced = data if "source" in data else sourced
    data[last] = value
    sourced["source"] = {"kind": "assumed", "ref": f"set to {value} by the user"}
    if "formula" in data:
        data["formula"] = None
