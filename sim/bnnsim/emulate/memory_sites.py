"""The loads and stores of an image as the memory pass sees them: where each finds its address, how many words."""

from __future__ import annotations

from typing import Any

import numpy as np
from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from capstone import arm as cs

from bnnsim.build.image import CustomSite, Image
from bnnsim.emulate.memory_hooks import RECORD_WORDS
from bnnsim.emulate.sites import REGISTER_IDS

_REGISTERS = {cs.ARM_REG_R0 + n: REGISTER_IDS[n] for n in range(13)} | {
    cs.ARM_REG_SP: REGISTER_IDS[13],
    cs.ARM_REG_LR: REGISTER_IDS[14],
}
_SP = REGISTER_IDS[13]
_LISTS = ("ldm", "stm", "vldm", "vstm")  # base register first, then the list
_STACK = ("push", "pop", "vpush", "vpop")
_TABLES = ("tbb", "tbh")


def find_accesses(image: Image) -> tuple[np.ndarray, np.ndarray]:
    """Addresses of all loads and stores, int64 [A], and their records, int64 [A, RECORD_WORDS]."""
    disassembler = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    disassembler.detail = True
    addresses, records = [], []
    for address, size, _ in image.words():
        if (site := image.sites.get(address)) is not None:
            if site.instruction.memory_bytes:
                addresses.append(address)
                records.append(_custom_record(site))
            continue
        instruction = next(disassembler.disasm(image.read(address, size), address, 1), None)
        record = _record(instruction) if instruction is not None else None
        if record is not None:
            addresses.append(address)
            records.append(record)
    return np.array(addresses, np.int64), np.array(records, np.int64).reshape(-1, RECORD_WORDS)


def _custom_record(site: CustomSite) -> list[int]:
    """Of a custom instruction that loads or stores at its base register; a store with a mask counts as if whole."""
    base = next(site.registers[f.name] for f in site.instruction.encoding.form.fields if f.kind == "base")
    words = site.instruction.memory_bytes // 4
    return [REGISTER_IDS[base], -1, 0, 0, words, int(site.instruction.stores_bytes > 0)]


def _record(instruction: Any) -> list[int] | None:
    name = instruction.mnemonic.split(".")[0]
    writes = int(name.startswith(("st", "push", "vst", "vpush")))
    if name.startswith(_STACK):
        words = _words(instruction.operands)
        return [_SP, -1, 0, -4 * words if writes else 0, words, writes]
    if name.startswith(_LISTS):
        words = _words(instruction.operands[1:])
        down = "db" in name[3:]
        return [_REGISTERS[instruction.operands[0].reg], -1, 0, -4 * words if down else 0, words, writes]
    if not name.startswith(("ldr", "str", "vldr", "vstr", *_TABLES)):
        return None
    return _single(instruction, name, writes)


def _single(instruction: Any, name: str, writes: int) -> list[int] | None:
    operand = next((o for o in instruction.operands if o.type == cs.ARM_OP_MEM), None)
    if operand is None:
        return None
    memory = operand.mem
    index = _REGISTERS.get(memory.index, -1)
    shift = operand.shift.value if index >= 0 and operand.shift.type == cs.ARM_SFT_LSL else 0
    if name.startswith("tbh"):
        shift = 1
    offset = 0 if instruction.post_index else memory.disp
    words = 2 if name.startswith(("ldrd", "strd")) else 1
    if name.startswith("v"):
        words = _words(instruction.operands[:1])
    if memory.base in _REGISTERS:
        return [_REGISTERS[memory.base], index, shift, offset, words, writes]
    pc = instruction.address + 4  # Arm DDI 0403E.e, A5.1.2: loads of literals use it with its low two bits clear
    return [-1, index, shift, (pc if name.startswith(_TABLES) else pc & ~3) + offset, words, writes]


def _words(operands: Any) -> int:
    """32-bit words in a register list."""
    registers = [o.reg for o in operands if o.type == cs.ARM_OP_REG]
    return sum(2 if cs.ARM_REG_D0 <= r <= cs.ARM_REG_D31 else 1 for r in registers)
