"""Reads a program's instructions from the image, each once, and finds the cost class of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bnnsim.build.image import CustomSite, Image
from bnnsim.errors import CostError
from bnnsim.isa import Instruction
from bnnsim.isa.inspect import hint, is_custom_word
from bnnsim.timing.core import Core
from bnnsim.timing.decode import Decoded, decode_instruction, size_bytes
from bnnsim.timing.in_order import shape_of
from bnnsim.timing.operands import Operands, custom_operands, operands_of, read_operands
from bnnsim.timing.table import CUSTOM_LOAD, CUSTOM_STORE, ISSUE_MODELS

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
    """One instruction of the program. group: None for a custom instruction; decoded: None for one without memory;
    operands: if the model asks for them.
    """

    address: int
    size_bytes: int
    group: str | None
    decoded: Decoded | None
    cost_class: int
    shape: int
    operands: Operands | None = None
    custom: Instruction | None = None

    @property
    def rule_name(self) -> str | None:
        """What a core's rules call it: its group, CUSTOM_LOAD or CUSTOM_STORE."""
        if self.custom is None or not self.custom.memory_bytes:
            return self.group
        return CUSTOM_LOAD if self.custom.loads_bytes else CUSTOM_STORE


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
            operands = self._custom_operands(site) if self._follows_registers else None
            entry = Entry(address, 4, None, _decoded(site), 0, shape_of(address, 4), operands, site.instruction)
            odd_memory = bool(address & 2) and entry.rule_name in self.core.memory
            return replace(entry, cost_class=self._class(CostClass(None, name, 0, odd_memory)))
        code = self.image.read(address, 2)
        size = size_bytes(int.from_bytes(code, "little"))
        code = self.image.read(address, size)
        decoded = decode_instruction(code) if len(code) == size else None
        group = self.core.group_of(decoded.mnemonic, decoded.form) if decoded else None
        if group is None and UNKNOWN in self.core.groups and len(code) == size:
            group, decoded = UNKNOWN, decoded or (None if self._follows_registers else Decoded(".short", ""))
        if decoded is None or group is None:
            raise CostError(self._complaint(address, code, decoded))
        if decoded.mnemonic == "it":
            self._note_it_block(address, code[0])
        odd_memory = size == 4 and bool(address & 2) and group in self.core.memory
        shape = shape_of(address, size, self.core.groups[group].folded)
        cost_class = self._class(CostClass(group, "", decoded.registers, odd_memory))
        operands = self._operands(address, code, decoded, group) if self._follows_registers else None
        return Entry(address, size, group, decoded, cost_class, shape, operands)

    def _operands(self, address: int, code: bytes, decoded: Decoded, group: str) -> Operands:
        return read_operands(code, self.core.groups[group], address in self._in_it)

    def operands(self) -> list[Operands]:
        """Operands of all entries, for a core whose table says of no group what it does."""
        return [self._operands_of(entry) for entry in self.entries]

    def _operands_of(self, entry: Entry) -> Operands:
        if (site := self.image.sites.get(entry.address)) is not None:
            return self._custom_operands(site)
        decoded = entry.decoded
        if decoded is None or not decoded.mnemonic.isalnum():
            return Operands()  # priced though unknown
        code = self.image.read(entry.address, entry.size_bytes)
        return operands_of(code, decoded.mnemonic, entry.address in self._in_it)

    def _note_it_block(self, address: int, code: int) -> None:
        """Remember which instructions an IT makes conditional: 4 minus the trailing zeros of its mask."""
        address += 2
        for _ in range(5 - (code & -code).bit_length()):
            self._in_it.add(address)
            address += size_bytes(int.from_bytes(self.image.read(address, 2), "little"))

    def _custom_operands(self, site: CustomSite) -> Operands:
        return custom_operands(site.instruction, site.word)

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
        if len(code) == 4 and is_custom_word(encoded := halfwords[0] << 16 | halfwords[1]):
            advice = hint(encoded)
        else:
            advice = "add its mnemonic to a group of the core's table"
        return f"{place}: {word} ({text}) has no cost on core {core}; {advice}"


def _decoded(site: CustomSite) -> Decoded | None:
    """What a core's rules ask of a custom instruction that loads or stores."""
    encoding = site.instruction.encoding
    address = sum(1 << site.registers[f.name] for f in encoding.form.fields if f.kind == "base")
    stepped = address if encoding.step_of(site.word) else 0
    return Decoded(site.text, site.instruction.name, address=address, written_back=stepped) if address else None
