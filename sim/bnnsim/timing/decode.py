"""From instruction bytes to what timing needs: mnemonic, form, registers of the address, branch or not.

Instructions are disassembled one at a time and never inside an IT block (an IT is recognised here), so
mnemonics carry no condition and the disassembler keeps no state from one call to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from operator import or_
from typing import Any

from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, CS_OP_MEM, CS_OP_REG, Cs
from capstone import arm_const as arm

CORE_REGISTERS = {arm.ARM_REG_R0 + i: i for i in range(13)} | {
    arm.ARM_REG_SP: 13,
    arm.ARM_REG_LR: 14,
    arm.ARM_REG_PC: 15,
}
_PC = 1 << 15
BASE_FIRST = {"ldm", "ldmdb", "stm", "stmdb", "vldm", "vldmia", "vldmdb", "vstm", "vstmia", "vstmdb"}
ON_STACK = {"push", "pop", "vpush", "vpop"}
_MULTIPLE = BASE_FIRST | ON_STACK | {"vldr", "vstr"}
_BRANCHES = {"b", "bl", "blx", "bx", "cbz", "cbnz", "tbb", "tbh"}
_READS_ONLY = {"cmp", "cmn", "tst", "teq"}


@dataclass(frozen=True)
class Decoded:
    """One instruction. Register sets are masks of r0 to r15, those of the FPU of s0 to s31.

    mnemonic: without condition, width, type and flag-setting suffixes; form: "", "register_offset", "to_pc"
    or "core_pair"; registers: 32-bit words moved by a multiple or VFP load or store, else 0;
    address: registers of the data address; written_back: its base, if the instruction updates it;
    result: destination register of a load or an ALU instruction;
    branches: "never", "sometimes" (condition in the instruction) or "always";
    vfp_read, vfp_written: FPU registers; the addend of a multiply-accumulate is not among those read.
    """

    text: str
    mnemonic: str
    form: str = ""
    registers: int = 0
    address: int = 0
    written_back: int = 0
    result: int = 0
    branches: str = "never"
    vfp_read: int = 0
    vfp_written: int = 0


def size_bytes(first_halfword: int) -> int:
    """Size of the Thumb instruction that starts with a halfword (Arm DDI 0403E, section A5.1)."""
    return 4 if first_halfword >> 11 in (0x1D, 0x1E, 0x1F) else 2


@lru_cache(maxsize=1 << 16)
def decode_instruction(code: bytes) -> Decoded | None:
    """Decode the 2 or 4 bytes of one instruction; None if they are no instruction of an Armv7E-M core."""
    if len(code) == 2 and code[1] == 0xBF and code[0] & 15:
        return Decoded("it", "it")
    found = disassemble(code)
    if found is None:
        return None
    mnemonic = plain_mnemonic(found)
    operands = found.operands
    transfers_pc = mnemonic in ("pop", "ldm", "ldmdb") and any(_mask(o) == _PC for o in operands)
    destination = _mask(operands[0]) if operands and mnemonic not in BASE_FIRST | _READS_ONLY else 0
    to_pc = transfers_pc or (destination == _PC and mnemonic not in _BRANCHES)
    branches = "always" if to_pc or mnemonic in _BRANCHES else "never"
    if mnemonic in ("cbz", "cbnz") or (mnemonic == "b" and found.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)):
        branches = "sometimes"
    base, index = _address(mnemonic, operands)
    vfp_read, vfp_written = _vfp_registers(mnemonic, operands)
    return Decoded(
        f"{found.mnemonic} {found.op_str}".strip(),
        mnemonic,
        _form(mnemonic, operands, to_pc, index),
        _words(operands[1:] if mnemonic in BASE_FIRST else operands) if mnemonic in _MULTIPLE else 0,
        base | index,
        base if found.writeback or mnemonic in ON_STACK else 0,
        destination,
        branches,
        vfp_read,
        vfp_written,
    )


def disassemble(code: bytes) -> Any:
    """Return the disassembler's view of one instruction that is no IT, None if it knows none."""
    found = next(_disassembler().disasm(code, 0, 1), None)
    return found if found is not None and found.size == len(code) else None


@cache
def _disassembler() -> Cs:
    disassembler = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    disassembler.detail = True
    return disassembler


def plain_mnemonic(found: Any) -> str:
    """Mnemonic without width, type and flag-setting suffixes."""
    name = found.mnemonic.partition(".")[0]
    if found.id == arm.ARM_INS_B:
        return "b"
    flags = found.update_flags and name.endswith("s") and name != "vmrs"
    return name[:-1] if flags else name


def _address(mnemonic: str, operands: Any) -> tuple[int, int]:
    """Base and index register of the data address, 0 where there is none."""
    if mnemonic in BASE_FIRST:
        return _mask(operands[0]), 0
    if mnemonic in ON_STACK:
        return 1 << CORE_REGISTERS[arm.ARM_REG_SP], 0
    memory = next((o.mem for o in operands if o.type == CS_OP_MEM), None)
    return (_bit(memory.base), _bit(memory.index)) if memory else (0, 0)


def _vfp_registers(mnemonic: str, operands: Any) -> tuple[int, int]:
    """FPU registers that are read and written; multiply-accumulates take their addend a cycle later than operands."""
    masks = [_vfp_mask(o) if o.type == CS_OP_REG else 0 for o in operands]
    if not any(masks):
        return 0, 0
    if mnemonic in BASE_FIRST | ON_STACK | {"vldr", "vstr"}:
        every = reduce(or_, masks)
        return (every, 0) if mnemonic in ("vstr", "vpush") or mnemonic.startswith("vstm") else (0, every)
    if mnemonic in ("vcmp", "vcmpe"):
        return reduce(or_, masks), 0
    return reduce(or_, masks[1:], 0), masks[0]


def _vfp_mask(operand: Any) -> int:
    """The single-precision registers of a register operand, as bits."""
    if arm.ARM_REG_S0 <= operand.reg <= arm.ARM_REG_S31:
        return 1 << (operand.reg - arm.ARM_REG_S0)
    if arm.ARM_REG_D0 <= operand.reg <= arm.ARM_REG_D15:
        return 3 << 2 * (operand.reg - arm.ARM_REG_D0)
    return 0


def _bit(register: int) -> int:
    return 1 << CORE_REGISTERS[register] if register in CORE_REGISTERS else 0


def _mask(operand: Any) -> int:
    """The register set of a register operand; 0 for any other operand or a VFP register."""
    return _bit(operand.reg) if operand.type == CS_OP_REG else 0


def _form(mnemonic: str, operands: Any, to_pc: bool, index: int) -> str:
    if to_pc:
        return "to_pc"
    if index:
        return "register_offset"
    if mnemonic == "vmov" and sum(_mask(o) != 0 for o in operands) == 2:
        return "core_pair"
    return ""


def _words(operands: Any) -> int:
    """32-bit words in a register list, or in the register of VLDR and VSTR."""
    return sum(2 if arm.ARM_REG_D0 <= o.reg <= arm.ARM_REG_D31 else 1 for o in operands if o.type == CS_OP_REG)
