"""What a custom instruction costs on a core: what its extension says, with what an experiment sets in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bnnsim.errors import UsageError, nearest
from bnnsim.isa import Cost, Instruction, Isa
from bnnsim.isa.cost import MOST_CYCLES
from bnnsim.timing.core import Core

PARTS = ("issue_cycles", "latency")


@dataclass(frozen=True)
class CustomCost:
    """Cycles of one instruction on one core; kind and ref of the source that says so."""

    issue_cycles: int
    latency: int
    kind: str
    ref: str


def check_custom_cost(key: str, cycles: float) -> None:
    """Raise UsageError for a number of cycles that no custom instruction can have."""
    if not 1 <= cycles <= MOST_CYCLES or cycles != int(cycles):
        raise UsageError(f"{key}: found {cycles}; expected a whole number of cycles, 1 to {MOST_CYCLES}")


def check_custom_costs(custom_costs: Mapping[str, float]) -> None:
    """Raise UsageError for the first key or number that cannot be."""
    for key, cycles in custom_costs.items():
        if key.rpartition(".")[2] not in PARTS:
            found = f"found {key!r}; expected e.g. popcnt.popc.latency or popcnt.popc.issue_cycles"
            raise UsageError(f"cost of a custom instruction: {found}")
        check_custom_cost(key, cycles)


def split_settings(settings: Mapping[str, float], keys: Iterable[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Costs of custom instructions, whose keys are given, and what must be settings of a core.

    Raises UsageError for a setting of one of the extensions that none of their instructions has.
    """
    keys = tuple(keys)
    extensions = {key.partition(".")[0] for key in keys}
    custom, others = {}, {}
    for key, value in settings.items():
        if key in keys:
            custom[key] = value
        elif key.partition(".")[0] in extensions:
            raise UsageError(f"unknown setting {key!r}; allowed: {', '.join(keys)}{nearest(key, keys)}")
        else:
            others[key] = value
    return custom, others


def custom_cycles(
    name: str, instruction: Instruction, core: Core, custom_costs: Mapping[str, float]
) -> tuple[int, int]:
    """Cycles of issue and latency; name: "extension.instruction". A latency below the issue cycles means those."""
    issue, latency = _cost(instruction, core).cycles(instruction.shape(core.data_port.bits))
    issue = int(custom_costs.get(f"{name}.issue_cycles", issue))
    return issue, max(issue, int(custom_costs.get(f"{name}.latency", latency)))


def costs_of(isa: Isa, core: Core, custom_costs: Mapping[str, float]) -> dict[str, CustomCost]:
    """What every instruction of an ISA costs on a core, by "extension.instruction"."""
    found = {}
    for name, instruction in ((f"{e.name}.{i.name}", i) for e in isa.extensions for i in e.instructions):
        source, kind = _cost(instruction, core).source, custom_kind(name, instruction, core, custom_costs)
        ref = "set by the user" if _is_set(name, custom_costs) else source.ref
        found[name] = CustomCost(*custom_cycles(name, instruction, core, custom_costs), kind, ref)
    return found


def custom_kind(name: str, instruction: Instruction, core: Core, custom_costs: Mapping[str, float]) -> str:
    """Kind of the source of a cost; what an experiment sets is assumed."""
    return "assumed" if _is_set(name, custom_costs) else _cost(instruction, core).source.kind


def _is_set(name: str, custom_costs: Mapping[str, float]) -> bool:
    return any(f"{name}.{part}" in custom_costs for part in PARTS)


def _cost(instruction: Instruction, core: Core) -> Cost:
    """The cost on a core; what an extension says of a processor holds for our variants of it, too."""
    return instruction.cost_on(core.name if core.name in instruction.on_core else core.processor)
