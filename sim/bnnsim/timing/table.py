"""The parts of a core's YAML file: groups of instructions with their costs, and the rules between them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bnnsim.errors import nearest
from bnnsim.timing.formulas import FORMULAS, Formula
from bnnsim.yamlwords import Problems

Cycles = Annotated[int, Field(ge=0, le=1000)]
Names = tuple[str, ...]
When = Literal["always", "address_free_of_result", "address_uses_writeback", "uses_vfp_result"]
PortBits = Literal[32, 64, 128, 256]
WIDEST_BITS, WIDEST_MEMORY = 256, "XMOS-class memory"  # XS3A reads a vector of 256 bits a cycle
FORMS = ("register_offset", "to_pc", "core_pair")
CUSTOM_ACCESSES = CUSTOM_LOAD, CUSTOM_STORE = "custom_load", "custom_store"  # beside groups in lists of memory accesses
Unit = Literal["alu", "multiply", "load", "store", "branch", "hint", "vfp", "vfp_accumulate"]


class Part(BaseModel):
    """A mapping of the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CostSource(Part):
    """Where a cost comes from: kind as in `bnnsim.isa.Source`, and the document or the reasoning."""

    kind: Literal["manual", "measured", "assumed"]
    ref: str = Field(min_length=1)


class Group(Part):
    """Instructions of one cost: `cycles`, or a named `formula`; a folded one takes no pipeline step.

    The other keys are for models that follow registers. unit: what it does, and so how it uses its operands;
    result: name of the latency of what it computes; early_operands: which ones have to be ready early beside
    an inline-shifted one; early_alu: where it can execute early; alone: nothing issues in the same cycle.
    """

    mnemonics: Names = Field(min_length=1)
    cycles: Cycles | None = None
    formula: str | None = None
    folded: bool = False
    unit: Unit | None = None
    result: str = "alu"
    early_operands: Literal["none", "last", "all"] = "none"
    early_alu: Literal["never", "first_slot", "free_shifter", "either_slot"] = "never"
    alone: bool = False
    source: CostSource

    @model_validator(mode="after")
    def _check(self) -> Group:
        if (self.cycles is None) == (self.formula is None):
            raise ValueError("needs either cycles or formula")
        if self.folded and self.cycles != 0:
            raise ValueError("a folded group takes no step, so it costs 0 cycles; or say folded: false")
        if self.formula is not None and self.formula not in FORMULAS:
            allowed = f"allowed: {', '.join(FORMULAS)}{nearest(self.formula, FORMULAS)}"
            raise Problems([(("formula",), f"unknown formula {self.formula!r}; {allowed}")])
        for i, (_, plus, form) in enumerate(m.partition("+") for m in self.mnemonics):
            if plus and form not in FORMS:
                allowed = f"allowed: {', '.join(FORMS)}{nearest(form, FORMS)}"
                raise Problems([(("mnemonics", i), f"unknown form {form!r}; {allowed}")])
        return self

    @property
    def law(self) -> Formula | None:
        """The formula, or None if the group has a fixed cost."""
        return FORMULAS[self.formula] if self.formula else None


class Fetch(Part):
    """The fetch queue; see the core's YAML and `bnnsim.timing.in_order`."""

    queue_words: int = Field(ge=1, le=64)
    latency_cycles: Cycles
    restart_cycles: int = Field(ge=-8, le=64)
    refill_cycles: Cycles
    refill_odd_cycles: Cycles
    source: CostSource


class Refill(Part):
    """What a taken branch costs beyond its group's cycles on a core whose fetch never stalls otherwise."""

    cycles: Cycles
    source: CostSource


# model of a core → the section of its file that holds how it fetches and issues
FRONT_ENDS = {
    "in_order": "fetch",
    "per_instruction": "refill",
    "dual_issue": "dual_issue",
    "paired_narrow": "paired_narrow",
}
ISSUE_MODELS = ("dual_issue", "paired_narrow")  # they follow registers, across blocks


class PairRule(Part):
    """Cycles added when a group of `second` comes directly after one of `first`; "memory" is core.memory.

    CUSTOM_ACCESSES stand for custom instructions that load and store; cycles of theirs count as assumed.
    """

    first: Names
    second: Names | Literal["memory"]
    when: When = "always"
    cycles: int = Field(ge=-8, le=64)
    source: CostSource


class DataPort(Part):
    """How many bits a custom instruction moves to or from memory in a cycle; loads and stores of the base ISA have
    costs of their own. built_bits: of the core as it is sold; another width is a change of the core.
    """

    bits: PortBits
    built_bits: PortBits
    source: CostSource

    @model_validator(mode="before")
    @classmethod
    def _built(cls, values: Any) -> Any:
        """A core's own file names one width; variants and overrides keep what it was."""
        return {"built_bits": values["bits"], **values} if isinstance(values, dict) and "bits" in values else values

    @property
    def change(self) -> str | None:
        """What differs from the core as it is sold, in words; None if nothing does."""
        if self.bits == self.built_bits:
            return None
        memory = f", {WIDEST_MEMORY}" if self.bits == WIDEST_BITS else ""
        return f"{self.bits}-bit data port in place of {self.built_bits}{memory}"


class OddEncoding(Part):
    """Cycles added to a 32-bit memory instruction at address ≡ 2 (mod 4)."""

    cycles: Cycles
    source: CostSource


class Misaligned(Part):
    """Cycles added to a data access by the two columns of `Trace.misaligned`, or that the core faults on them."""

    crossing_cycles: Cycles
    odd_word_cycles: Cycles
    faults: bool = False
    source: CostSource


class ConditionFailed(Part):
    """Cycles of an instruction in an IT block whose condition does not hold; full: as many as if it did."""

    cycles: Cycles | Literal["full"]
    source: CostSource
