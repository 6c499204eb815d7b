"""The parts of a core's YAML file that say how a pipeline issues: `dual_issue` (Cortex-M7), `paired_narrow` (M33)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bnnsim.errors import nearest
from bnnsim.timing.table import CostSource, Cycles, Names, Part
from bnnsim.yamlwords import Problems

# How an instruction uses a register that it reads; a core says when each of them has to be ready.
ROLES = (
    "operand",  # of an ALU instruction, flags, cbz, the core or FP register of most FP instructions
    "operand_beside_early",  # another operand of an ALU instruction that has early operands
    "early_operand",  # inline-shifted or extracted
    "address",
    "multiplicand",
    "accumulator",
    "store_data",
    "vfp_accumulator",
)
# How a register comes to its value, as far as the code tells it; groups may name others in `result`.
NEEDED_RESULTS = ("alu", "inline_shift", "flags", "writeback", "link", "load", "load_multiple", "custom")
EARLY_RESULTS = ("early", "early_reverse")
# Words of no_pair lists beside the groups' names; custom_memory: custom instructions that load or store.
INLINE_SHIFT, CUSTOM, CUSTOM_MEMORY = "inline_shift", "custom", "custom_memory"


class Fetch(Part):
    """Instruction memory delivers one aligned chunk per cycle into a queue; a branch target starts a new one."""

    bytes_per_cycle: Annotated[int, Field(ge=2, le=64, multiple_of=2)]
    queue_chunks: int = Field(ge=1, le=64)
    source: CostSource


class Latency(Part):
    """When a result is ready, in cycles after its producer issues: for late and for early consumers.

    word_load, byte_load: it comes from a load of a word or of less, which some operands wait for longer;
    chained: an accumulator takes it before it is ready.
    """

    late_cycles: Cycles
    early_cycles: Cycles
    word_load: bool = False
    byte_load: bool = False
    chained: bool = False
    source: CostSource


class Operand(Part):
    """What an operand waits for: a late or early result, so many cycles sooner, longer after a load."""

    uses: Literal["late", "early"] = "late"
    ahead_cycles: Cycles = 0
    ahead_of_chained_cycles: Cycles = 0
    after_word_load_cycles: Cycles = 0
    after_byte_load_cycles: Cycles = 0
    source: CostSource


class NoPair(Part):
    """An instruction of `second` cannot issue beside an older one of `first`: groups, words (see above), or any."""

    first: Names | Literal["any"]
    second: Names | Literal["any"]
    source: CostSource


class EarlyAlu(Part):
    """The early ALU; groups with `early_alu: free_shifter` cannot use it in slot 1 beside one of `shifter_users`."""

    shifter_users: Names
    source: CostSource


class LoadBanks(Part):
    """Two loads pair if they touch different four-byte banks; of those whose banks are unknown so many conflict."""

    unknown_conflict_percent: int = Field(ge=0, le=100)
    source: CostSource


class StoreToLoad(Part):
    """A load from the eight bytes just stored issues no earlier than so many cycles after the store."""

    cycles: Cycles
    source: CostSource


class Mispredict(Part):
    """A branch that goes the wrong way: less if its flags were set `early_distance_cycles` or more before it."""

    early_cycles: Cycles
    late_cycles: Cycles
    early_distance_cycles: Cycles
    source: CostSource


class TargetChange(Part):
    """An indirect branch or return that goes elsewhere than last time."""

    cycles: Cycles
    source: CostSource


def _missing(found: Mapping[str, object], wanted: tuple[str, ...], section: str) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise Problems([((section,), f"missing {', '.join(missing)}")])


class DualIssue(Part):
    """Two instructions per cycle, in order; see `bnnsim.timing.dual_issue`."""

    fetch: Fetch
    results: dict[str, Latency]
    operands: dict[str, Operand]
    no_pair: dict[str, NoPair]
    early_alu: EarlyAlu
    load_banks: LoadBanks
    store_to_load: StoreToLoad
    mispredict: Mispredict
    target_change: TargetChange
    source: CostSource

    @model_validator(mode="after")
    def _check(self) -> DualIssue:
        _missing(self.results, (*NEEDED_RESULTS, *EARLY_RESULTS), "results")
        _missing(self.operands, ROLES, "operands")
        for name in self.operands:
            if name not in ROLES:
                raise Problems([(("operands", name), f"no operand {name!r}{nearest(name, ROLES)}")])
        return self


class UseLatency(Part):
    """From issue to use, in cycles: by other instructions, as an accumulator, as data of a store."""

    operand_cycles: Annotated[int, Field(ge=1, le=1000)]
    accumulator_cycles: Annotated[int, Field(ge=1, le=1000)]
    store_data_cycles: Annotated[int, Field(ge=1, le=1000)]
    source: CostSource


class Taken(Part):
    """Cycles between a taken branch and its target, beyond those of its group; a branch that rides along has none.

    register: bx, blx and moves to pc; load_to_pc: pop, ldm, ldr; riding: of a branch that rides along;
    riding_after_flags: of one that does so directly after an instruction that sets the flags.
    """

    cycles: Cycles
    register_cycles: Cycles
    load_to_pc_cycles: Cycles
    riding_cycles: Cycles
    riding_after_flags_cycles: Cycles
    source: CostSource


class FlagSetting(Part):
    """Added cycles of instructions that set the flags: with a shifted constant, and the 16-bit multiply."""

    shifted_constant_cycles: Cycles
    narrow_multiply_cycles: Cycles
    source: CostSource


class PairedNarrow(Part):
    """One instruction per cycle, but some 16-bit ones ride along; see `bnnsim.timing.paired_narrow`."""

    fetch: Fetch
    results: dict[str, UseLatency]
    taken: Taken
    flag_setting: FlagSetting
    source: CostSource

    @model_validator(mode="after")
    def _check(self) -> PairedNarrow:
        _missing(self.results, NEEDED_RESULTS, "results")
        return self
