"""Reads a program's instructions from the image, each once, and finds the cost class of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnnsim.build.image import Image
from bnnsim.errors import CostError
from bnnsim.isa import Instruction
from bnnsim.timing.core import Core
from bnnsim.timing.decode import Decoded, decode_instruction, size_bytes
from bnnsim.timing.in_order import shape_of
from bnnsim.timing.operands import Operands, custom_operands, read_operands
from bnnsim.timing.table import ISSUE_MODELS

UNKNOWN = "unknown"  # a group of this name prices instructions that no other group has


@dataclass(frozen=True)
class CostClass:
    """What the cost of an instruction depends on.

    group: its group in the core's table, or None for a custom instruction, whose full name ("popcnt.popc")
    is `custom`; registers: words moved; odd_memory: a 32-bit memory instruction at address ≡ 2 (mod 4).
    """

    group: str | None
    custom: str = ""
    registers: int = 0
    odd_memory: bool = False


@dataclass(frozen=True)
class Entry:
    """One instruction of the program. decoded: None for a custom instruction; operands: if the model asks for them."""

    address: int
    size_bytes: int
    group: str | None
    decoded: Decoded | None
    cost_class: int
    shape: int
    operands: Operands | None = None


class Reader:
    """Decodes each instruction of the program once; `entries` and `classes` in order of appearance."""

    def __init__(self, image: Image, core: Core):
        self.image, self.core = image, core
        self.entries: list[Entry] = []
        self.at: dict[int, int] = {}
        self.classes: dict[CostClass, int] = {}
        self.custom: dict[str, Instruction] = {}
        self._follows_registers = core.model in ISSUE_MODELS
        self._in_it: set[int] = set()
        extensions = image.isa.extensions
        self._full_names = {i.name: f"{e.name}.{i.name}" for e in extensions for i in e.instructions}

    def block(self, address: int, size: int) -> np.ndarray:
        """Indices into `entries` of a block's instructions."""
        found, end = [], address + size
        while address < end:
            if address not in self.at:
                self.at[address] = len(self.entries)
                self.entries.append(self._read(address))
            found.append(self.at[address])
            address += self.entries[found[-1]].size_bytes
        return np.array(found, np.int64)

    def _read(self, address: int) -> Entry:
        if (site := self.image.sites.get(address)) is not None:
            name = self._full_names[site.instruction.name]
            self.custom[name] = site.instruction
            operands = self._custom_operands(address, site.instruction) if self._follows_registers else None
            return Entry(address, 4, None, None, self._class(CostClass(None, name)), shape_of(address, 4), operands)
        code = self.image.read(address, 2)
        size = size_bytes(int.from_bytes(code, "little"))
        code = self.image.read(address, size)
        decoded = decode_instruction(code) if len(code) == size else None
        group = self.core.group_of(decoded.mnemonic, decoded.form) if decoded else None
        if group is None and UNKNOWN in self.core.groups and len(code) == size:
            group, decoded = UNKNOWN, decoded or (None if self._follows_registers else Decoded(".short", ""))
        if decoded is None or group is None:
            raise CostError(self._complaint(address, code, decoded))
        odd_memory = size == 4 and bool(address & 2) and group in self.core.memory
        shape = shape_of(address, size, self.core.groups[group].folded)
        cost_class = self._class(CostClass(group, "", decoded.registers, odd_memory))
        operands = self._operands(address, code, decoded, group) if self._follows_registers else None
        return Entry(address, size, group, decoded, cost_class, shape, operands)

    def _operands(self, address: int, code: bytes, decoded: Decoded, group: str) -> Operands:
        if decoded.mnemonic == "it":
            self._note_it_block(address, code[0])
        return read_operands(code, self.core.groups[group], address in self._in_it)

    def _note_it_block(self, address: int, code: int) -> None:
        """Remember which instructions an IT makes conditional: 4 minus the trailing zeros of its mask."""
        address += 2
        for _ in range(5 - (code & -code).bit_length()):
            self._in_it.add(address)
            address += size_bytes(int.from_bytes(self.image.read(address, 2), "little"))

    def _custom_operands(self, address: int, instruction: Instruction) -> Operands:
        code = self.image.read(address, 4)
        word = int.from_bytes(code[:2], "little") << 16 | int.from_bytes(code[2:], "little")
        return custom_operands(instruction.encoding.registers_of(word), instruction.encoding.form.operands)

    def _class(self, key: CostClass) -> int:
        return self.classes.setdefault(key, len(self.classes))

    def _complaint(self, address: int, code: bytes, decoded: Decoded | None) -> str:
        function, core = self.image.function_at(address), self.core.name
        place = f"{address:#010x}" + (f" in {function.name}" if function else "")
        if len(code) < 2:
            return f"{place}: executed, but outside the image"
        halfwords = [int.from_bytes(code[i : i + 2], "little") for i in range(0, len(code), 2)]
        word = " ".join(f"{h:04x}" for h in halfwords)
        text = decoded.text if decoded else "no instruction of the base ISA"
        if halfwords[0] & 0xEC00 == 0xEC00:  # the coprocessors' part of the encoding space
            advice = "select the extension that defines it"
        else:
            advice = "add its mnemonic to a group of the core's table"
        return f"{place}: {word} ({text}) has no cost on core {core}; {advice}"
