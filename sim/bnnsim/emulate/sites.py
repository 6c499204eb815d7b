"""Which instructions the native hooks look at: custom ones, divides, and data accesses that could misalign."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from capstone import arm as cs
from unicorn import arm_const as uc

from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.custom import RESULT, Semantics
from bnnsim.isa.encoding import Field

NOP_W = bytes.fromhex("aff30080")  # what custom instructions are replaced by while they run
_NEAR_BYTES = 1 << 16  # code ranges closer than this share a span: few spans to search, little memory between
REGISTER_IDS = (*(uc.UC_ARM_REG_R0 + n for n in range(13)), uc.UC_ARM_REG_SP, uc.UC_ARM_REG_LR, uc.UC_ARM_REG_PC)
_BY_CAPSTONE = {cs.ARM_REG_R0 + n: REGISTER_IDS[n] for n in range(13)} | {
    cs.ARM_REG_SP: uc.UC_ARM_REG_SP,
    cs.ARM_REG_LR: uc.UC_ARM_REG_LR,
}
_WORD = {"ldr", "str", "ldrt", "strt", "ldrex", "strex"}
_HALFWORD = {"ldrh", "strh", "ldrsh", "ldrht", "strht", "ldrsht"}
# These fault on a misaligned address whatever CCR.UNALIGN_TRP says (Armv7-M ARM, DDI 0403, A3.2.1).
_ALIGNED_ONLY = {
    "ldrd", "strd", "ldm", "stm", "ldmdb", "stmdb", "push", "pop", "vldr", "vstr", "vldmia", "vstmia",
    "vldmdb", "vstmdb", "vpush", "vpop", "ldrex", "strex",
}  # fmt: skip
_CONDITIONS = ("eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")


@dataclass(frozen=True)
class Sites:
    """Records for the hooks and the table that finds them by address.

    spans: int64 [n, SPAN_WORDS], stretches of memory that hold the code, by address: first address, halfwords, first
    entry in lookup; lookup: int32, record number + 1 or 0 by halfword, span after span; records: int64
    [N, RECORD_WORDS]; addresses: int64 [N]; in_it: int64 addresses of instructions inside IT blocks.
    """

    spans: np.ndarray
    lookup: np.ndarray
    records: np.ndarray
    addresses: np.ndarray
    in_it: np.ndarray

    def of_kind(self, kind: int) -> np.ndarray:
        """Record numbers of one kind."""
        return np.flatnonzero(self.records[:, probes.KIND] == kind)

    def entries(self, addresses: np.ndarray) -> np.ndarray:
        """Entries of `lookup` for addresses of code, int64."""
        return _entries(self.spans, addresses)


def find_sites(image: Image, semantics: Mapping[str, Semantics], details: bool) -> Sites:
    """Scan the image's code. semantics: by instruction name; details: also divides and data accesses."""
    records, addresses, in_it = [], [], []
    pending = 0
    for address, size, word in image.words():
        if pending:
            in_it.append(address)
            pending -= 1
        if size == 2 and word & 0xFF00 == 0xBF00 and word & 0xF:
            pending = 4 - ((word & -word).bit_length() - 1)
            continue
        if address in image.sites:
            record = _custom(image, address, semantics)
        else:
            record = _detail(image.read(address, size)) if details else None
        if record is not None:
            row = np.zeros(probes.RECORD_WORDS, np.int64)
            row[: len(record)] = record
            records.append(row)
            addresses.append(address)
    spans = _spans(image)
    at = np.array(addresses, np.int64)
    lookup = np.zeros(int(spans[:, 1].sum()), np.int32)
    lookup[_entries(spans, at)] = np.arange(1, len(at) + 1)
    table = np.array(records, np.int64).reshape(-1, probes.RECORD_WORDS)
    return Sites(spans, lookup, table, at, np.array(in_it, np.int64))


def _spans(image: Image) -> np.ndarray:
    """Spans as in `Sites`; at least one."""
    joined: list[list[int]] = []
    for start, end in sorted(image.code_ranges) or [(0, 2)]:
        if joined and start - joined[-1][1] < _NEAR_BYTES:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    halfwords = np.array([(end - start + 1) // 2 for start, end in joined], np.int64)
    return np.stack([np.array([start for start, _ in joined]), halfwords, np.cumsum(halfwords) - halfwords], axis=1)


def _entries(spans: np.ndarray, addresses: np.ndarray) -> np.ndarray:
    span = spans[spans[:, 0].searchsorted(addresses, side="right") - 1]
    return span[:, 2] + (addresses - span[:, 0]) // 2


def data_access(image: Image, address: int) -> list[int] | None:
    """The MEMORY record of the load or store at an address, byte accesses included; None if it is neither."""
    instruction = next(_disassembler().disasm(image.read(address, 4), address, 1), None)
    if instruction is None or address in image.sites:
        return None
    name = _mnemonic(instruction)
    known = name in _WORD or name in _HALFWORD or name in _ALIGNED_ONLY or name.startswith(("ldrb", "ldrsb", "strb"))
    return _access(instruction, name, 1) if known else None


@functools.cache
def _disassembler() -> Cs:
    disassembler = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    disassembler.detail = True
    return disassembler


def _mnemonic(instruction: Any) -> str:
    name = instruction.mnemonic.split(".")[0]
    return name.removesuffix(_CONDITIONS[instruction.cc - 1]) if 1 <= instruction.cc <= len(_CONDITIONS) else name


def _custom(image: Image, address: int, semantics: Mapping[str, Semantics]) -> list[int]:
    """The record of a custom instruction; the machine fills in the frame."""
    site = image.sites[address]
    instruction, encoding = site.instruction, site.instruction.encoding
    slots = {name: slot for slot, name in enumerate(encoding.operands)}
    results = {name: RESULT + at for at, name in enumerate(encoding.form.results)}
    reads = [move for f in encoding.form.fields if f.read for move in _moves(f, site.registers, slots)]
    writes = [move for f in encoding.form.fields if f.written for move in _moves(f, site.registers, results)]
    base = next((REGISTER_IDS[site.registers[f.name]] for f in encoding.form.fields if f.kind == "base"), -1)
    narrow = base < 0 and len(writes) == 1 and not encoding.immediate_bits and not any(w for *_, w in reads + writes)
    record = {
        probes.KIND: probes.CUSTOM, probes.F_FUNCTION: semantics[instruction.name].address, probes.F_FRAME: 0,
        probes.F_POINTER: base, probes.F_STEP: encoding.step_of(site.word), probes.F_LOADS: instruction.loads_bytes,
        probes.F_STORES: instruction.stores_bytes, probes.F_IMM_SLOT: slots.get("imm", -1),
        probes.F_IMM: encoding.immediate_of(site.word), probes.F_READS: len(reads), probes.F_WRITES: len(writes),
        probes.F_NARROW: len(reads) if narrow and len(reads) <= 3 else 0,
        probes.F_RESULT: writes[0][0] if writes else -1,
    }  # fmt: skip
    return [*(record[at] for at in range(len(record))), *(value for move in reads + writes for value in move)]


def _moves(f: Field, registers: Mapping[str, int], slots: Mapping[str, int]) -> list[tuple[int, int, int]]:
    """(Unicorn's register, slot of the frame, 64-bit) of a field's registers."""
    number = registers[f.name]
    if f.kind == "double":
        return [(uc.UC_ARM_REG_D0 + number, slots[f.name], 1)]
    return [(REGISTER_IDS[number + at], slots[half], 0) for at, half in enumerate(f.halves)]


@functools.lru_cache(maxsize=1 << 16)
def _detail(code: bytes) -> list[int] | None:
    """The record of an instruction that is no custom one; the same wherever it lies. None: nothing to look at."""
    instruction = next(_disassembler().disasm(code, 0, 1), None)
    if instruction is None:
        return None
    name = _mnemonic(instruction)
    operands = instruction.operands
    if name in ("udiv", "sdiv"):
        numerator, denominator = (_BY_CAPSTONE[o.reg] for o in operands[-2:])
        return [probes.DIVIDE, numerator, denominator, name == "sdiv"]
    size = 4 if name in _WORD or name in _ALIGNED_ONLY else 2 if name in _HALFWORD else 0
    return _access(instruction, name, size) if size else None


def _access(instruction: Any, name: str, size: int) -> list[int] | None:
    faults = name in _ALIGNED_ONLY
    for operand in instruction.operands:
        if operand.type != cs.ARM_OP_MEM:
            continue
        memory = operand.mem
        if memory.base not in _BY_CAPSTONE:
            return None  # literal loads: the assembler aligns literal pools
        index = _BY_CAPSTONE.get(memory.index, -1)
        shift = operand.shift.value if index >= 0 and operand.shift.type == cs.ARM_SFT_LSL else 0
        offset = 0 if instruction.post_index else memory.disp
        return [probes.MEMORY, _BY_CAPSTONE[memory.base], index, shift, offset, size, faults]
    on_stack = name in ("push", "pop", "vpush", "vpop")
    base = uc.UC_ARM_REG_SP if on_stack else _BY_CAPSTONE[instruction.operands[0].reg]
    return [probes.MEMORY, base, -1, 0, 0, size, faults]
