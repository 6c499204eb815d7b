"""Which registers an instruction reads and writes, and how: what a pipeline needs that follows registers.

The disassembler's lists of registers lack some (the extracted operand of UXTAB, lists of VLDM, flags of 16-bit
instructions), so they are derived from operands and mnemonics here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

from capstone import CS_AC_READ, CS_AC_WRITE, CS_OP_IMM, CS_OP_MEM, CS_OP_REG
from capstone import arm_const as arm

from bnnsim.isa import Instruction
from bnnsim.timing import decode
from bnnsim.timing.table import CostSource, Group, Unit

FLAGS, FIRST_VFP, REGISTERS = 16, 32, 64  # numbers: r0 to r15, the flags, s0 to s31
NO_BASE, UNKNOWN_ADDRESS = -1, -2
_PC, _SP, _LR = 15, 13, 14

_READ_FLAGS = {"adc", "sbc", "rrx", "it"}
_SET_FLAGS = {"cmp", "cmn", "tst", "teq", "vmrs"}
_LONG = {"umull", "smull", "umlal", "smlal", "umaal"}
_LONG_SUFFIXED = ("smlal", "smlsl")  # SMLALBB, SMLALD, SMLSLD, …
_ACCUMULATE = ("mla", "mls", "smla", "smls", "smmla", "smmls")
_PLAIN_CONSTANTS = {"addw", "subw", "movw", "movt", "adr"}  # their immediates are not shifted
_EXTEND = ("sxt", "uxt")  # their rotation is no inline shift
_TWO_LOADED = {"ldrd", "ldrexd"}
_BRANCHES = {"b", "bl", "blx", "bx", "cbz", "cbnz", "tbb", "tbh"}


@dataclass(frozen=True)
class Operands:
    """Registers of one instruction by the numbers above.

    sources: (register, role of `issue_rules.ROLES`); results: (register, name of its latency, place in a
    register list); base, offset: of the data address, base NO_BASE or UNKNOWN_ADDRESS if it has none or an
    index; words: 32-bit words that it moves; inline_shift: shifts an operand or has a shifted constant;
    conditional: it is in an IT block.
    """

    sources: tuple[tuple[int, str], ...] = ()
    results: tuple[tuple[int, str, int], ...] = ()
    base: int = NO_BASE
    offset: int = 0
    words: int = 1
    downwards: bool = False
    inline_shift: bool = False
    shifted_constant: bool = False
    sets_flags: bool = False
    conditional: bool = False


def read_operands(code: bytes, group: Group, conditional: bool) -> Operands:
    """Return the operands of an instruction that `decode_instruction` knows; conditional: it is in an IT block.

    The IT reads the flags; the instructions in its block come after it and read them no more.
    """
    if len(code) == 2 and code[1] == 0xBF and code[0] & 15:
        return Operands(sources=((FLAGS, "operand"),))
    found = decode.disassemble(code)
    assert found is not None  # decoded before
    mnemonic = decode.plain_mnemonic(found)
    sets_flags = _sets_flags(found, mnemonic, conditional)
    read, written = _registers(found, mnemonic)
    if group.unit == "load" or group.unit == "store":
        operands = _of_memory(found, mnemonic, group, read, written)
    elif group.unit == "multiply":
        operands = _of_multiply(found, mnemonic, group)
    elif group.unit == "branch":
        role = "operand" if mnemonic in ("cbz", "cbnz") else "address"
        calls = mnemonic in ("bl", "blx")
        if mnemonic in ("tbb", "tbh"):
            _, base, _, index = _memory(found, mnemonic)
            read = [base, index]
        operands = Operands(_with_role(read, role), ((_LR, "link", 0),) if calls else ())
    elif group.unit in ("vfp", "vfp_accumulate"):
        operands = _of_vfp(found, group, read, written)
    else:
        operands = _of_alu(found, mnemonic, group, read, written)
    operands = _with_flags(operands, group, sets_flags, mnemonic in _READ_FLAGS)
    return replace(operands, conditional=conditional)


def operands_of(code: bytes, mnemonic: str, conditional: bool) -> Operands:
    """As `read_operands` for a core whose table says of no group what it does: the mnemonic tells."""
    return read_operands(code, _stand_in(_unit_of(mnemonic)), conditional)


@functools.cache
def _stand_in(unit: Unit) -> Group:
    """A group that says no more than what its instructions do."""
    return Group(mnemonics=("any",), cycles=1, unit=unit, source=CostSource(kind="assumed", ref="not a cost"))


def _unit_of(mnemonic: str) -> Unit:
    by_start: dict[Unit, tuple[str, ...]] = {
        "load": ("ldr", "ldm", "pop", "vldr", "vldm", "vpop"),
        "store": ("str", "stm", "push", "vstr", "vstm", "vpush"),
        "vfp_accumulate": ("vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms"),
        "vfp": ("v",),
        "multiply": ("mul", "mla", "mls", "smul", "smla", "smls", "smm", "smua", "smus", "umu", "umla", "umaa"),
    }
    if mnemonic in _BRANCHES:
        return "branch"
    for unit, starts in by_start.items():
        if mnemonic.startswith(starts):
            return unit
    return "alu"


def custom_operands(instruction: Instruction, word: int) -> Operands:
    """The operands of a custom instruction, from its word."""
    sources: list[tuple[int, str]] = []
    results: list[tuple[int, str, int]] = []
    base = NO_BASE
    for f in instruction.encoding.form.fields:
        number = f.number_in(word)
        if f.kind == "base":
            base = number
            sources.append((number, "address"))
            results += [(number, "writeback", 0)] if instruction.encoding.step_of(word) else []
            continue
        first = FIRST_VFP + 2 * number if f.kind == "double" else number
        registers = range(first, first + len(f.halves))
        sources += [(register, "operand") for register in registers if f.read]
        results += [(register, "custom", 0) for register in registers if f.written]
    words = max(instruction.memory_bytes // 4, 1)
    return Operands(tuple(dict.fromkeys(sources)), tuple(results), base, words=words)


def _sets_flags(found: Any, mnemonic: str, conditional: bool) -> bool:
    """Whether the flags are written; 16-bit flag setters leave them alone inside IT blocks (DDI 0403E, A4.1.3)."""
    if mnemonic in _SET_FLAGS:
        return True
    suffixed = found.mnemonic.partition(".")[0] == mnemonic + "s"
    return suffixed and not (conditional and found.size == 2)


def _registers(found: Any, mnemonic: str) -> tuple[list[int], list[int]]:
    """Numbers of the register operands that are read and written, in order; those of addresses are not in them."""
    read: list[int] = []
    written: list[int] = []
    compares = mnemonic in ("cmp", "cmn", "tst", "teq", "vcmp", "vcmpe", "cbz", "cbnz", "bx", "blx")
    for place, operand in enumerate(found.operands):
        if operand.type != CS_OP_REG:
            continue
        access = operand.access or (CS_AC_WRITE if place == 0 and not compares else CS_AC_READ)
        if access & CS_AC_READ:
            read += _numbers(operand.reg)
        if access & CS_AC_WRITE:
            written += _numbers(operand.reg)
    return read, written


def _numbers(register: int) -> list[int]:
    if register in decode.CORE_REGISTERS:
        return [decode.CORE_REGISTERS[register]]
    if arm.ARM_REG_S0 <= register <= arm.ARM_REG_S31:
        return [FIRST_VFP + register - arm.ARM_REG_S0]
    if arm.ARM_REG_D0 <= register <= arm.ARM_REG_D15:
        first = FIRST_VFP + 2 * (register - arm.ARM_REG_D0)
        return [first, first + 1]
    return []


def _with_role(registers: list[int], role: str) -> tuple[tuple[int, str], ...]:
    return tuple((r, role) for r in dict.fromkeys(registers) if r != _PC)


def _with_flags(operands: Operands, group: Group, sets: bool, reads: bool) -> Operands:
    sources, results = operands.sources, operands.results
    if reads:
        sources += ((FLAGS, "operand"),)
    if sets:
        results += ((FLAGS, group.result if group.unit == "multiply" else "flags", 0),)
    return replace(operands, sources=sources, results=results, sets_flags=sets)


def _of_memory(found: Any, mnemonic: str, group: Group, read: list[int], written: list[int]) -> Operands:
    listed, base, offset, index = _memory(found, mnemonic)
    address = _with_role([r for r in (base, index) if r >= 0], "address")
    writes_base = base >= 0 and (found.writeback or mnemonic in decode.ON_STACK)
    multiple = listed is not None or mnemonic in _TWO_LOADED or mnemonic == "strd"
    moved = listed if listed is not None else written if group.unit == "load" else read
    downwards = mnemonic in ("push", "vpush") or mnemonic.endswith("db")
    back = ((base, "writeback", 0),) if writes_base else ()
    at = UNKNOWN_ADDRESS if index >= 0 else base
    words = len(moved) if multiple or moved[:1] >= [FIRST_VFP] else 1
    if group.unit == "store":
        data = _with_role([r for r in moved if r not in (base, index)], "store_data")
        status = ((written[0], "load", 0),) if mnemonic.startswith("strex") and written else ()
        return Operands(address + data, back + status, at, offset, words, downwards)
    loaded = [r for r in moved if not (writes_base and r == base)]
    names = [group.result] * len(loaded)
    if multiple and loaded:
        names = ["load_multiple"] * len(loaded)
        names[-1] = "load_multiple" if back else "load"
    results = tuple((r, name, place) for place, (r, name) in enumerate(zip(loaded, names, strict=True)))
    return Operands(address, results + back, at, offset, words, downwards)


def _memory(found: Any, mnemonic: str) -> tuple[list[int] | None, int, int, int]:
    """Register list or None; numbers of base and index, -1 for none; offset, 0 if it is added afterwards."""
    operands = found.operands
    if mnemonic in decode.ON_STACK:
        return [r for o in operands for r in _numbers(o.reg)], _SP, 0, -1
    if mnemonic in decode.BASE_FIRST:
        return [r for o in operands[1:] for r in _numbers(o.reg)], _numbers(operands[0].reg)[0], 0, -1
    memory = next(o.mem for o in operands if o.type == CS_OP_MEM)
    base = decode.CORE_REGISTERS.get(memory.base, -1)
    return None, base, 0 if found.post_index else memory.disp, decode.CORE_REGISTERS.get(memory.index, -1)


def _of_multiply(found: Any, mnemonic: str, group: Group) -> Operands:
    numbers = [n for o in found.operands if o.type == CS_OP_REG for n in _numbers(o.reg)]
    if mnemonic in _LONG or mnemonic.startswith(_LONG_SUFFIXED):
        results, factors = numbers[:2], numbers[2:]
        added = [] if mnemonic in ("umull", "smull") else results
    else:
        results, factors = numbers[:1], numbers[1:3] if len(numbers) > 2 else numbers
        added = numbers[3:] if mnemonic.startswith(_ACCUMULATE) else []
    sources = _with_role(factors, "multiplicand") + _with_role([r for r in added if r not in factors], "accumulator")
    return Operands(sources, tuple((r, group.result, 0) for r in results))


def _of_vfp(found: Any, group: Group, read: list[int], written: list[int]) -> Operands:
    """FP instructions; what they write to core registers is ready like an ALU result."""
    results = tuple((r, group.result if r >= FIRST_VFP else "alu", 0) for r in written)
    if group.unit == "vfp_accumulate":
        added = _numbers(found.operands[0].reg)
        factors = [n for o in found.operands[1:] for n in _numbers(o.reg)]
        return Operands(_with_role(factors, "operand") + _with_role(added, "vfp_accumulator"), results)
    return Operands(_with_role(read, "operand"), results)


def _of_alu(found: Any, mnemonic: str, group: Group, read: list[int], written: list[int]) -> Operands:
    shifts_itself = group.early_operands != "none" or mnemonic.startswith(_EXTEND)
    shifted = [] if shifts_itself else [n for o in found.operands if _is_shifted(o) for n in _numbers(o.reg)]
    constant = found.size == 4 and mnemonic not in _PLAIN_CONSTANTS and _has_shifted_constant(found, mnemonic, group)
    early = list(shifted)
    if group.early_operands == "all":
        early = read
    elif group.early_operands == "last":
        early = [n for o in found.operands[1:] if o.type == CS_OP_REG for n in _numbers(o.reg)][-1:]
    others = "operand_beside_early" if early else "operand"
    inline = group.unit == "alu" and group.result == "alu" and (bool(shifted) or constant)
    sources = _with_role(early, "early_operand") + _with_role([r for r in read if r not in early], others)
    result = "inline_shift" if inline else group.result
    return Operands(
        sources, tuple((r, result, 0) for r in written), inline_shift=inline, shifted_constant=inline and constant
    )


def _is_shifted(operand: Any) -> bool:
    return operand.type == CS_OP_REG and operand.shift.type != 0


def _has_shifted_constant(found: Any, mnemonic: str, group: Group) -> bool:
    """Whether an immediate is an eight-bit value shifted, not plain or repeated (DDI 0403E, A5.3.2)."""
    values = [o.imm & 0xFFFFFFFF for o in found.operands if o.type == CS_OP_IMM]
    if not values or group.early_operands != "none" or group.early_alu == "free_shifter":
        return False
    plain_binary = found.bytes[1] & 0xFA == 0xF2  # ADDW, SUBW under the names ADD, SUB
    if mnemonic in ("add", "sub") and plain_binary and values[-1] < 4096:
        return False
    low = values[-1] & 0xFF
    high = values[-1] >> 8 & 0xFF
    return values[-1] not in (low, low * 0x00010001, high * 0x01000100, low * 0x01010101)
