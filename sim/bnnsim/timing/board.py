"""A board: clock and memories around a core, from isa/boards/*.yaml, and where a program lies in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from bnnsim import paths
from bnnsim.errors import UsageError, nearest
from bnnsim.timing.regions import CacheMemory, DataReads, InstructionReads, Region
from bnnsim.timing.table import CostSource, Part
from bnnsim.yamlfile import load_yaml
from bnnsim.yamlwords import Problems

__all__ = ["PARTS", "Board", "CacheMemory", "DataReads", "InstructionReads", "Place", "Region", "load_board"]

# What `place` puts into a region; weights: constants of the layers, activations: their buffers and variables.
PARTS = ("code", "weights", "activations", "stack")
# The Armv6-M and Armv7-M memory map (Arm DDI 0403E.e, table B3-1): flash is in the Code region, RAM there or in the
# SRAM region. Core timing depends on it: the Code region has its own instruction and literal buses.
_ENDS = {"flash": 0x2000_0000, "ram": 0x4000_0000}


class Place(Part):
    """The region of each part of a program."""

    code: str
    weights: str
    activations: str
    stack: str


def _flash_by_name(name: str, region: Region) -> Region:
    if name == "flash" and "kind" not in region.model_fields_set:
        return region.model_copy(update={"kind": "flash"})
    return region


def _default_place(place: Mapping[str, str] | None, info: ValidationInfo) -> Mapping[str, str] | None:
    """Parts that are not named go to "flash" (code, weights) and "ram" (activations, stack)."""
    common = {"code": "flash", "weights": "flash", "activations": "ram", "stack": "ram"}
    return common | dict(place or {})


def _known_core(name: str | None, info: ValidationInfo) -> str | None:
    """A name of ours as it is; a path, which is relative to the board's file, as an absolute one."""
    if name is None:
        return None
    try:
        path = paths.find("core", name, (info.context or {}).get("folder"))
    except UsageError as error:
        raise ValueError(str(error)) from None
    return name if name in paths.names("core") else str(path)


class Board(Part):
    """A microcontroller around the core; `real` is false if nobody sells it.

    core: the core that it has, None if any fits; place: region by part of the program; source: of clock and memory
    map; unvalidated: what of its timing was compared with no silicon, in words.
    """

    name: str = Field(min_length=1)
    description: str
    real: bool
    clock_hz: int = Field(gt=0)
    core: Annotated[str | None, AfterValidator(_known_core)] = None
    source: CostSource | None = None
    caches: dict[str, CacheMemory] = Field(default={})
    memory: dict[str, Region] = Field(min_length=1)
    place: Annotated[dict[Literal["code", "weights", "activations", "stack"], str], AfterValidator(_default_place)] = (
        Field(default={}, validate_default=True)
    )
    unvalidated: tuple[str, ...] = ()

    @field_validator("memory")
    @classmethod
    def _apart(cls, memory: dict[str, Region]) -> dict[str, Region]:
        memory = {n: _flash_by_name(n, region) for n, region in memory.items()}
        problems = []
        ordered = sorted(memory.items(), key=lambda item: item[1].address)
        for name, region in ordered:
            if region.end > _ENDS[region.kind]:
                found = f"found {region.address:#x} to {region.end - 1:#x}"
                problems.append(((name,), f"{found}; expected {region.kind} below {_ENDS[region.kind]:#x}"))
        for (before, low), (name, high) in pairwise(ordered):
            if high.address < low.end:
                problems.append(((name,), f"begins at {high.address:#x}, inside {before!r}"))
        if problems:
            raise Problems(problems)
        return memory

    @model_validator(mode="after")
    def _check(self) -> Board:
        if problems := [*self._unknown_caches(), *self._misplaced()]:
            raise Problems(problems)
        return self

    def _unknown_caches(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for name, region in self.memory.items():
            for part in ("instruction", "data"):
                reads = getattr(region, part)
                if reads and reads.cache is not None and reads.cache not in self.caches:
                    allowed = f"allowed: {', '.join(self.caches) or 'none'}{nearest(reads.cache, self.caches)}"
                    yield ("memory", name, part, "cache"), f"no cache {reads.cache!r}; {allowed}"

    def _misplaced(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for part, name in self.place.items():
            try:
                self.check_place(part, name)
            except UsageError as error:
                yield ("place", part), str(error)

    def check_place(self, part: str, name: str) -> None:
        """Raise UsageError unless a part of a program may live in a region of that name."""
        if name not in self.memory:
            allowed = f"{self.name} has {', '.join(self.memory)}{nearest(name, self.memory)}"
            raise UsageError(f"no memory {name!r} for {part}; {allowed}")
        region = self.memory[name]
        if part == "code" and not region.holds_code:
            able = ", ".join(n for n, r in self.memory.items() if r.holds_code)
            raise UsageError(f"{name} of {self.name} holds no code ({region.why_no_code}); allowed: {able}")
        if part in ("activations", "stack") and region.kind == "flash":
            able = ", ".join(n for n, r in self.memory.items() if r.kind == "ram")
            raise UsageError(f"{name} of {self.name} cannot be written, so it holds no {part}; allowed: {able}")

    def placed(self, changes: Mapping[str, str]) -> Place:
        """Where everything lies with some parts elsewhere; raises UsageError for what cannot be."""
        for part, name in changes.items():
            if part not in PARTS:
                raise UsageError(f"unknown part {part!r}; allowed: {', '.join(PARTS)}{nearest(part, PARTS)}")
            self.check_place(part, name)
        return Place.model_validate({**self.place, **changes})

    @cached_property
    def digest(self) -> str:
        """sha256 in hex of everything but the description."""
        return hashlib.sha256(self.model_dump_json(exclude={"description"}).encode()).hexdigest()

    @property
    def flash(self) -> Region:
        """The region that holds the code by default."""
        return self.memory[self.place["code"]]

    @property
    def ram(self) -> Region:
        """The region that holds the activations by default."""
        return self.memory[self.place["activations"]]

    @property
    def ideal(self) -> bool:
        """Whether no access to any memory ever waits."""
        return all(r.instruction is None and r.data is None for r in self.memory.values())


def load_board(name_or_path: str, relative_to: Path | None = None) -> Board:
    """Load isa/boards/NAME.yaml or a file.

    Raises UsageError for an unknown name, ConfigError with every problem of the file.
    """
    return load_yaml(paths.find("board", name_or_path, relative_to), Board)
