"""The parts of a board's YAML file that tell how long its memories and caches make the core wait."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bnnsim.timing.table import CostSource, Cycles, Part


def _power_of_two(value: int) -> int:
    if value & (value - 1):
        raise ValueError(f"found {value}; expected a power of two")
    return value


_CODE_END = 0x2000_0000  # of the Code region of the memory map (Arm DDI 0403E.e, table B3-1)
LineBytes = Annotated[int, Field(ge=4, le=256), AfterValidator(_power_of_two)]


class Reads(Part):
    """How a memory is read: through a cache of the board, or with wait states from lines.

    wait_states: cycles of a read that no kept line answers; cache_lines: lines of line_bytes that are kept, the least
    recently used goes.
    """

    cache: str | None = None
    line_bytes: LineBytes = 4
    wait_states: Cycles = 0
    cache_lines: int = Field(0, ge=0, le=1024)
    source: CostSource | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        others = self.model_fields_set - {"cache"}
        if self.cache is not None and others:
            raise ValueError(f"has `cache`, whose own numbers hold; remove {', '.join(sorted(others))}")
        if self.cache is None and not {"wait_states", "source"} <= others:
            raise ValueError("needs either `cache`, or `wait_states` and `source`")
        return self

    @property
    def kind(self) -> str:
        """Kind of the source."""
        return self.source.kind if self.source else "assumed"

    @property
    def text(self) -> str:
        """In words, e.g. "5 wait states, 64 lines of 16 bytes kept"."""
        if self.cache is not None:
            return f"through {self.cache}"
        kept = f", {self.cache_lines} lines of {self.line_bytes} bytes kept" if self.cache_lines else ""
        return f"{self.wait_states} wait states{kept}"


class InstructionReads(Reads):
    """How instructions are read. Lines that follow a line are prefetched.

    lead_cycles: from a line's arrival to the start of an instruction in it.
    """

    lead_cycles: float = Field(1.0, ge=0, le=16)


class DataReads(Reads):
    """How data are accessed, word by word. write_wait_states: cycles added to each write (default: as reads)."""

    write_wait_states: Cycles | None = None

    @property
    def write_cycles(self) -> int:
        """Cycles added to each write."""
        return self.wait_states if self.write_wait_states is None else self.write_wait_states


class CacheMemory(Part):
    """A cache of `ways` lines in each set; the least recently used line of a set goes.

    line_fill_cycles: cycles the core waits for a line; write: "back" (a write fetches its line; a line that was
    written costs write_back_cycles when it goes) or "through" (writes go to the memory behind, past the core's time).
    """

    bytes: int = Field(gt=0)
    ways: int = Field(ge=1, le=1024)
    line_bytes: LineBytes
    line_fill_cycles: Cycles
    write: Literal["back", "through"] = "through"
    write_back_cycles: Cycles = 0
    source: CostSource

    @model_validator(mode="after")
    def _check(self) -> CacheMemory:
        sets, rest = divmod(self.bytes, self.ways * self.line_bytes)
        if rest or not sets or sets & (sets - 1):
            raise ValueError(
                f"{self.bytes} bytes in {self.ways} ways of {self.line_bytes}-byte lines give "
                f"{self.bytes / (self.ways * self.line_bytes):g} sets; expected a power of two"
            )
        return self

    @property
    def sets(self) -> int:
        """Number of sets."""
        return self.bytes // (self.ways * self.line_bytes)


def _zero(wait_states: int) -> int:
    if wait_states:
        raise ValueError(f"found {wait_states}; only 0 can be told so, other memories need `instruction` and `data`")
    return wait_states


class Region(Part):
    """One memory: start address, size in bytes. Without `instruction` and `data` it never makes the core wait.

    kind: flash can only be read (default for the name "flash"); code: whether code may live there, as far as it can
    be timed; by default in the Code region only, because many cores fetch from elsewhere over their data bus.
    """

    address: int = Field(ge=0, multiple_of=1024)
    bytes: int = Field(ge=1024, multiple_of=1024)
    kind: Literal["flash", "ram"] = "ram"
    code: bool | None = None
    why_no_code: str = "code: true in the board's file would allow it"
    wait_states: Annotated[int, Field(ge=0), AfterValidator(_zero)] = 0
    instruction: InstructionReads | None = None
    data: DataReads | None = None

    @property
    def holds_code(self) -> bool:
        """Whether code may live there."""
        return self.end <= _CODE_END if self.code is None else self.code

    @property
    def text(self) -> str:
        """In words: address, size and what its reads wait for."""
        parts = [f"{self.address:#010x}, {self.bytes >> 10:,} KiB of {self.kind}"]
        parts += ["" if self.holds_code else "no code"]
        parts += [f"code {self.instruction.text}" if self.instruction else ""]
        parts += [f"data {self.data.text}" if self.data else ""]
        return "; ".join(part for part in parts if part)

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.address + self.bytes
