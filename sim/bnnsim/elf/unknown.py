"""Instructions without a cost, priced at a stated one when the user allows it, and told one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bnnsim.build.image import Image
from bnnsim.elf.names import Names
from bnnsim.timing.core import Core
from bnnsim.timing.program import Program
from bnnsim.timing.reader import UNKNOWN
from bnnsim.timing.table import ISSUE_MODELS, CostSource, Group


@dataclass(frozen=True)
class Unknown:
    """One executed instruction without a cost; code: its halfwords in hexadecimal."""

    address: int
    function: str
    code: str
    disassembly: str
    executions: int
    cycles_each: int


def allowing_unknown(core: Core, cycles_each: int) -> Core:
    """The core with a group that prices whatever no other group has a cost for."""
    source = CostSource(kind="assumed", ref=f"--allow-unknown: no cost known, taken as {cycles_each}")
    issues = core.model in ISSUE_MODELS
    unit = "hint" if issues else None  # uses no register that could be waited for
    group = Group(mnemonics=("(any other)",), cycles=cycles_each, unit=unit, alone=issues, source=source)
    return core.model_copy(update={"groups": {**core.groups, UNKNOWN: group}})


def unknown_instructions(
    image: Image, program: Program, executions: Mapping[int, int], cycles_each: int
) -> tuple[Unknown, ...]:
    """The executed instructions of a program that the group of `allowing_unknown` priced, by address."""
    from bnnsim.elf.listing import halfwords, instruction_at

    classes = [number for number, c in enumerate(program.classes) if c.group == UNKNOWN]
    rows = program.own & np.isin(program.cost_class, classes)
    names, found = Names(image), []
    for address in np.unique(program.addresses[rows]).tolist():
        if times := executions.get(address, 0):
            code, text = instruction_at(image, address)
            found.append(Unknown(address, names.function(address), halfwords(code), text, times, cycles_each))
    return tuple(found)
