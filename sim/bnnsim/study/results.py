"""What a study found: one cell per (core, board, ISA), one row per layer, and its JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bnnsim.timing.custom_costs import CustomCost

SCHEMA = 1


@dataclass(frozen=True)
class LayerResult:
    """One layer of one cell. Cycles, instructions and macs are exact counts of one inference.

    faithful_cycles: cycles of the operator's faithful kernel compiled for the base ISA on the same core and board,
    None if it has none; macs: multiply-accumulates inside the image; words: nominal 32-weight words of a binary layer
    (for cycles per word), 0 for others; code_bytes: the kernel with its tables and the runtime functions that it calls;
    weights_bytes and parameters_bytes (thresholds and other constants, the call's struct): flash; activations_bytes
    (inputs and outputs) and scratch_bytes: RAM; input_density: share of ones in a bit input; density_sweep: (density,
    cycles) pairs of a kernel whose time depends on its data; custom_instructions: executed ones. The overhead row has
    None for what it lacks.
    """

    name: str
    operator: str | None
    variant: str | None
    cycles: int
    instructions: int
    macs: int = 0
    faithful_cycles: int | None = None
    speedup: float | None = None
    verified: bool | None = None
    words: int = 0
    code_bytes: int | None = None
    input_density: float | None = None
    density_sweep: tuple[tuple[float, int], ...] = ()
    weights_bytes: int = 0
    parameters_bytes: int = 0
    activations_bytes: int = 0
    scratch_bytes: int = 0
    custom_instructions: int = 0

    @property
    def flash_bytes(self) -> int | None:
        """Code, weights and parameters; None for the overhead."""
        return None if self.code_bytes is None else self.code_bytes + self.weights_bytes + self.parameters_bytes

    @property
    def ram_bytes(self) -> int | None:
        """Inputs, outputs and scratch; None for the overhead."""
        return None if self.code_bytes is None else self.activations_bytes + self.scratch_bytes

    @property
    def cpi(self) -> float:
        """Cycles per instruction."""
        return self.cycles / self.instructions if self.instructions else 0.0

    @property
    def speedup_over_faithful(self) -> float | None:
        """The faithful kernel's cycles over this kernel's."""
        return self.faithful_cycles / self.cycles if self.faithful_cycles and self.cycles else None


@dataclass(frozen=True)
class CellResult:
    """One core, board and ISA: whole inference, then its layers with the overhead last.

    stalls: cycles by reason, a negative one saves cycles; unvalidated: what of the core and the board no
    silicon confirmed; band_cycles: least and most cycles over the band of the core's uncertain numbers; data_port_bits,
    core_change: of the core, and what makes it one that nobody sells; notes: what every report must say of the core and
    the extensions; custom_costs: by "extension.instruction"; touched_cycles: the reference's cycles of the layers in
    which custom instructions execute here; bound: the speed-up if these layers took no time, None without limit.
    Raises ValueError if the layers' cycles or instructions do not add up to the totals.
    """

    core: str
    board: str
    isa: str
    toolchain: str
    clock_hz: int
    cycles: int
    instructions: int
    faithful_cycles: int | None
    code_bytes: int
    flash_bytes: int
    ram_bytes: int
    assumed_cycle_share: float
    layers: tuple[LayerResult, ...]
    verified: bool = True
    speedup: float | None = None
    real_board: bool = False
    peak_stack_bytes: int | None = None
    cycle_share_by_source: Mapping[str, float] = field(default_factory=dict)
    stalls: Mapping[str, int] = field(default_factory=dict)
    unvalidated: tuple[str, ...] = ()
    band_cycles: tuple[int, int] | None = None
    data_port_bits: int | None = None
    core_change: str | None = None
    notes: tuple[str, ...] = ()
    custom_costs: Mapping[str, CustomCost] = field(default_factory=dict)
    touched_cycles: int | None = None
    bound: float | None = None

    def __post_init__(self) -> None:
        for what in ("cycles", "instructions"):
            total, parts = getattr(self, what), sum(getattr(layer, what) for layer in self.layers)
            if total != parts:
                raise ValueError(f"{self.core}, {self.isa}: layers have {parts} {what}, the total says {total}")

    @property
    def milliseconds(self) -> float:
        """Time of one inference at the board's clock."""
        return self.cycles * 1000 / self.clock_hz

    @property
    def cpi(self) -> float:
        """Cycles per instruction."""
        return self.cycles / self.instructions if self.instructions else 0.0

    @property
    def touched(self) -> tuple[str, ...]:
        """Names of the layers in which custom instructions execute."""
        return tuple(layer.name for layer in self.layers if layer.custom_instructions)

    @property
    def speedup_over_faithful(self) -> float | None:
        """Cycles of the faithful kernels on the base ISA over this cell's."""
        return self.faithful_cycles / self.cycles if self.faithful_cycles and self.cycles else None


@dataclass(frozen=True)
class Failure:
    """A cell without numbers: the stage that failed (build, emulate, verify, time) and why."""

    core: str
    board: str
    isa: str
    stage: str
    message: str


@dataclass(frozen=True)
class Comparison:
    """All cells of a study in the order of its ISAs, and what they were made with.

    network: file stem; provenance: bnnsim, compiler, flags, table and extension hashes, seeds.
    """

    network: str
    reference_isa: str
    provenance: Mapping[str, Any]
    cells: tuple[CellResult, ...]
    failures: tuple[Failure, ...] = ()
    study: str = ""


def with_speedups(comparison: Comparison) -> Comparison:
    """Fill in every speed-up: the reference ISA's cycles on the same core and board over the cell's own.

    And its Amdahl bound: the reference's cycles over those that are left without the layers in which the cell executes
    custom instructions; None if nothing is left. A cell whose reference failed keeps None.
    """
    references = {(cell.core, cell.board): cell for cell in comparison.cells if cell.isa == comparison.reference_isa}
    cells = tuple(_against(cell, references.get((cell.core, cell.board))) for cell in comparison.cells)
    return replace(comparison, cells=cells)


def _against(cell: CellResult, reference: CellResult | None) -> CellResult:
    if reference is None:
        return cell
    before = {layer.name: layer.cycles for layer in reference.layers}
    layers = tuple(
        layer
        if layer.operator is None or not layer.cycles
        else replace(layer, speedup=before[layer.name] / layer.cycles)
        for layer in cell.layers
    )
    touched = sum(before[name] for name in cell.touched)
    rest = reference.cycles - touched
    return replace(
        cell,
        layers=layers,
        speedup=reference.cycles / cell.cycles,
        touched_cycles=touched,
        bound=reference.cycles / rest if rest else None,
    )


def to_dict(comparison: Comparison) -> dict[str, Any]:
    """Return the JSON object that `--json` prints; keys are a stable interface (schema 1)."""
    return {
        "schema": SCHEMA,
        "study": comparison.study,
        "network": comparison.network,
        "reference_isa": comparison.reference_isa,
        "provenance": dict(comparison.provenance),
        "cells": [_cell(cell) for cell in comparison.cells],
        "failures": [vars(failure) for failure in comparison.failures],
    }


def to_json(comparison: Comparison) -> str:
    """Return `to_dict` as JSON text with a final newline."""
    return json.dumps(to_dict(comparison), indent=2, ensure_ascii=False) + "\n"


def _cell(cell: CellResult) -> dict[str, Any]:
    return {
        "core": cell.core,
        "board": cell.board,
        "real_board": cell.real_board,
        "isa": cell.isa,
        "toolchain": cell.toolchain,
        "clock_hz": cell.clock_hz,
        "cycles": cell.cycles,
        "band_cycles": list(cell.band_cycles) if cell.band_cycles else None,
        "instructions": cell.instructions,
        "cpi": cell.cpi,
        "milliseconds": cell.milliseconds,
        "speedup": cell.speedup,
        "faithful_cycles": cell.faithful_cycles,
        "speedup_over_faithful": cell.speedup_over_faithful,
        "code_bytes": cell.code_bytes,
        "flash_bytes": cell.flash_bytes,
        "ram_bytes": cell.ram_bytes,
        "peak_stack_bytes": cell.peak_stack_bytes,
        "verified": cell.verified,
        "assumed_cycle_share": cell.assumed_cycle_share,
        "cycle_share_by_source": dict(cell.cycle_share_by_source),
        "stalls": dict(cell.stalls),
        "unvalidated": list(cell.unvalidated),
        "data_port_bits": cell.data_port_bits,
        "core_change": cell.core_change,
        "notes": list(cell.notes),
        "custom_costs": {name: asdict(cost) for name, cost in cell.custom_costs.items()},
        "amdahl": {
            "touched_layers": list(cell.touched),
            "touched_cycles": cell.touched_cycles,
            "bound": cell.bound,
            "speedup": cell.speedup,
        },
        "layers": [_layer(layer, cell.clock_hz) for layer in cell.layers],
    }


def _layer(layer: LayerResult, clock_hz: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": layer.name,
        "operator": layer.operator,
        "variant": layer.variant,
        "cycles": layer.cycles,
        "faithful_cycles": layer.faithful_cycles,
        "instructions": layer.instructions,
        "cpi": layer.cpi,
        "milliseconds": layer.cycles * 1000 / clock_hz,
        "macs": layer.macs,
        "speedup": layer.speedup,
        "speedup_over_faithful": layer.speedup_over_faithful,
    }
    if layer.verified is not None:
        row["verified"] = layer.verified
    if layer.custom_instructions:
        row["custom_instructions"] = layer.custom_instructions
    if layer.words:
        row["cycles_per_word"] = layer.cycles / layer.words
    if layer.code_bytes is not None:
        names = ("code_bytes", "weights_bytes", "parameters_bytes", "activations_bytes", "scratch_bytes")
        row |= {name: getattr(layer, name) for name in names}
    if layer.input_density is not None:
        row["input_density"] = layer.input_density
    if layer.density_sweep:
        row["density_sweep"] = [{"density": d, "cycles": cycles} for d, cycles in layer.density_sweep]
    return row
