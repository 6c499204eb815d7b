"""A board: clock and memories around a core, from isa/boards/*.yaml."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from bnnsim import paths
from bnnsim.yamlfile import load_yaml

# Armv6-M/Armv7-M memory map (Arm DDI 0403E.e, table B3-1): where each memory must lie. Core timing
# depends on it: the Code region has its own instruction and literal buses.
_AREAS = {"flash": ("Code", 0x0000_0000, 0x2000_0000), "ram": ("SRAM", 0x2000_0000, 0x4000_0000)}


@dataclass(frozen=True)
class Region:
    """One memory: start address, size in bytes, wait states in core cycles per access."""

    address: int
    bytes: int
    wait_states: int

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.address + self.bytes


@dataclass(frozen=True)
class Board:
    """A microcontroller around the core; `real` is false if nobody sells it, `digest` is sha256 hex."""

    name: str
    description: str
    real: bool
    clock_hz: int
    flash: Region
    ram: Region
    digest: str


def load_board(name_or_path: str, relative_to: Path | None = None) -> Board:
    """Load isa/boards/NAME.yaml or a file.

    Raises UsageError for an unknown name, ConfigError with every problem of the file.
    """
    path = paths.find("board", name_or_path, relative_to)
    file = load_yaml(path, _BoardFile)
    digest = hashlib.sha256(file.model_dump_json(exclude={"description"}).encode()).hexdigest()
    flash, ram = (
        Region(memory.address, memory.bytes, memory.wait_states) for memory in (file.memory.flash, file.memory.ram)
    )
    return Board(file.name, file.description, file.real, file.clock_hz, flash, ram, digest)


def _zero(wait_states: int) -> int:
    if wait_states:
        raise ValueError(f"found {wait_states}; only memory without wait states is timed so far, expected 0")
    return wait_states


class _Region(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    address: int = Field(ge=0, multiple_of=1024)
    bytes: int = Field(ge=16 * 1024, multiple_of=1024)  # the stack alone takes 8 KiB of RAM
    wait_states: Annotated[int, Field(ge=0), AfterValidator(_zero)]


class _Memory(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    flash: _Region
    ram: _Region

    @field_validator("flash", "ram")
    @classmethod
    def _in_its_area(cls, region: _Region, info: ValidationInfo) -> _Region:
        area, start, end = _AREAS[str(info.field_name)]
        if not start <= region.address < region.address + region.bytes <= end:
            raise ValueError(
                f"found {region.address:#x} to {region.address + region.bytes - 1:#x}; "
                f"expected inside the {area} region, {start:#x} to {end - 1:#x}"
            )
        return region


class _BoardFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1)
    description: str
    real: bool
    clock_hz: int = Field(gt=0)
    memory: _Memory
