"""What an extension's page and its check show of an instruction: syntax, C prototype, costs, kernels."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from bnnsim.build.intrinsics import macro_operands, prototype
from bnnsim.errors import BnnsimError
from bnnsim.isa import FORMULAS, Cost, Instruction
from bnnsim.model.kernels import Kernel, load_kernels

PORTS_BITS = (32, 64, 128, 256)


@dataclass(frozen=True)
class CostRow:
    """A cost on some cores; issue_cycles, latency: as text, formulas with their cycles by width of the data port."""

    cores: str
    issue_cycles: str
    latency: str
    source: str


def costs(instruction: Instruction) -> list[CostRow]:
    """The cost on every core, then those of cores that have their own."""
    rows = [_row("every core" if not instruction.on_core else "other cores", instruction, instruction.cost)]
    return rows + [_row(core, instruction, cost) for core, cost in instruction.on_core.items()]


def _row(cores: str, instruction: Instruction, cost: Cost) -> CostRow:
    issue, latency = (_cycles(instruction, value) for value in (cost.issue_cycles, cost.latency))
    return CostRow(cores, issue, latency, f"{cost.source.kind}: {cost.source.ref}")


def _cycles(instruction: Instruction, value: int | str) -> str:
    if not isinstance(value, str):
        return str(value)
    found = [FORMULAS[value](instruction.shape(bits)) for bits in PORTS_BITS]
    if len(set(found)) == 1:
        return f"{value}: {found[0]}"
    return f"{value}: {', '.join(map(str, found))} on a data port of {', '.join(map(str, PORTS_BITS))} bits"


def syntax(instruction: Instruction) -> str:
    """Assembly as disassembly shows it, with operand names, e.g. "xpopa d, n, m"."""
    shown = []
    for f in instruction.encoding.form.fields:
        match f.kind:
            case "pair":
                shown += [f.name, f"{f.name}_hi"]
            case "base":
                shown.append(f"[{f.name}]")
            case _:
                shown.append(f.name)
    shown += ["#imm"] if instruction.encoding.immediate_bits else []
    shown += ["#step"] if instruction.encoding.form.step_at else []
    return f"{instruction.mnemonic} {', '.join(shown)}".strip()


def macro(instruction: Instruction) -> str:
    """The assembler macro of isa.h, e.g. "bnnsim_xpopa d, n, m"; a pair is named by its first register."""
    return f"bnnsim_{instruction.name} {', '.join(macro_operands(instruction))}".strip()


def c_prototype(instruction: Instruction) -> str:
    """The C intrinsic."""
    return prototype(instruction).replace("* ", "*")


def uses(instruction: Instruction) -> list[str]:
    """Kernels of ours that ask for an instruction, or for a primitive that it implements, as "operator=variant"."""
    return [f"{k.operator}={k.variant}" for k in _kernels() if instruction.provides & {*k.needs}]


@functools.cache
def _kernels() -> tuple[Kernel, ...]:
    """Our kernels; none if one of them is broken, which `bnnsim list kernels` tells."""
    try:
        return load_kernels()
    except BnnsimError:
        return ()
