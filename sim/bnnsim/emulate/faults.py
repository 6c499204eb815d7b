"""Turn a stop that should not have happened into a diagnosis: what, where in the source, registers, likely cause."""

from __future__ import annotations

import numpy as np
from unicorn.arm_const import UC_ARM_REG_XPSR

from bnnsim.build.image import Image
from bnnsim.emulate import probes
from bnnsim.emulate.custom import BUFFER_AT
from bnnsim.emulate.machine import BKPT, Machine, Stop
from bnnsim.emulate.plan import PAGE
from bnnsim.emulate.sites import data_access
from bnnsim.isa.inspect import hint
from bnnsim.isa.instruction import MEMORY, STATE

_THUMB_STATE = 1 << 24  # EPSR.T (Arm DDI 0403E, B1.4.2)
# Unicorn's interrupt numbers
_NO_COPROCESSOR, _SVC, _EXCEPTION_RETURN, _PREFETCH_ABORT = 17, 2, 8, 3


def diagnose(machine: Machine, stop: Stop) -> str:
    """Text of an EmulationFault: cause, pc, function, source line, disassembly, registers, stack."""
    cause = _cause(machine, stop)
    pc = int(machine.site_state[probes.FAULT_PC]) if stop.site_reason else stop.pc
    lines = [cause, f"  pc      {place(machine.image, pc)}"]
    if text := _disassembly(machine.image, pc):
        lines.append(f"  code    {text}")
    if machine.image.function_at(pc) is None and stop.previous_block:
        lines.append(f"  from    block at {place(machine.image, stop.previous_block)}")
    values = [machine.register(n) for n in range(16)]
    names = [*(f"r{n}" for n in range(13)), "sp", "lr", "pc"]
    for start in range(0, 16, 8):
        pairs = zip(names[start : start + 8], values[start : start + 8], strict=True)
        lines.append("  " + " ".join(f"{name}={value:08x}" for name, value in pairs))
    low, top = machine.plan.stack
    lines.append(f"  stack   {low:#010x} to {top:#010x}, sp is {values[13] - low} bytes above its end")
    lines.append(f"  caller  lr points to {place(machine.image, values[14] & ~1)}")
    return "\n".join(lines)


def place(image: Image, address: int) -> str:
    """An address as "0x08000123 function+0x10 (file.c:12)"."""
    text = f"{address:#010x}"
    if function := image.function_at(address):
        text += f" {function.name}+{address - function.address:#x}"
        if line := image.line_at(address):
            text += f" ({line})"
    return text


def _cause(machine: Machine, stop: Stop) -> str:
    if stop.site_reason == probes.STOP_SEMANTICS:
        return _semantics_cause(machine)
    if stop.site_reason in (probes.STOP_LOAD, probes.STOP_STORE):
        return _refused(machine, "write" if stop.site_reason == probes.STOP_STORE else "read")
    if stop.site_reason == probes.STOP_MISALIGNED:
        return "misaligned address in an instruction that needs an aligned one (LDM, STM, LDRD, STRD, VLDR, LDC, …)"
    if stop.block_reason == probes.STOP_BUDGET:
        return f"endless loop? more than {machine.plan.limit_instructions:,} instructions without reaching the end"
    if stop.block_reason == probes.STOP_TABLE_FULL:
        return f"more than {probes.SLOTS:,} distinct block edges: not a microcontroller program?"
    if "FETCH" in stop.error or stop.interrupt == _PREFETCH_ABORT:
        return f"jump to a bad address {stop.pc:#010x}: no code there (overwritten return address or function pointer?)"
    if stop.interrupt is not None:
        return _interrupt_cause(machine, stop)
    if "READ" in stop.error or "WRITE" in stop.error:
        return _access_cause(machine, stop)
    if "INSN_INVALID" in stop.error:
        if not int(machine.uc.reg_read(UC_ARM_REG_XPSR)) & _THUMB_STATE:
            return "branch to an even address: bit 0 of a function pointer or return address must be set (Thumb)"
        return "undefined instruction"
    return f"stopped before the end ({stop.error or 'WFI, or an instruction that ends emulation'})"


def _semantics_cause(machine: Machine) -> str:
    """What the semantics raised, from running them once more in Python on the operands in the frame."""
    site = machine.image.sites[int(machine.site_state[probes.FAULT_PC])]
    instruction = site.instruction
    extension = next(e.name for e in machine.image.isa.extensions if instruction in e.instructions)
    frame = machine.frame_of(extension)
    values = {name: int(frame[slot]) for slot, name in enumerate(instruction.encoding.operands)}
    memory = frame[BUFFER_AT:].view(np.uint32)[: instruction.memory_bytes // 4]
    arrays = {STATE: machine.unit_state(extension), MEMORY: memory}
    message = ""
    try:
        instruction.evaluate(*({**values, **arrays}[name] for name in instruction.parameters))
    except Exception as error:  # the user's semantics may raise anything; this is its message
        message = f": {type(error).__name__}: {error}"
    shown = ", ".join(f"{name}={value:#x}" for name, value in values.items())
    return f"the semantics of custom instruction {instruction.name} raised{f' at {shown}' if shown else ''}{message}"


def _interrupt_cause(machine: Machine, stop: Stop) -> str:
    if stop.interrupt == _NO_COPROCESSOR:
        word = machine.image.read(stop.pc, 4)
        encoded = int.from_bytes(word[:2], "little") << 16 | int.from_bytes(word[2:], "little")
        selected = machine.image.isa.name
        found = f"custom or coprocessor instruction {encoded:#010x} that no selected extension defines (ISA {selected})"
        return f"{found}; {hint(encoded)}"
    names = {BKPT: "BKPT", _SVC: "SVC", _EXCEPTION_RETURN: "exception return"}
    return f"unexpected {names.get(stop.interrupt or 0, f'interrupt {stop.interrupt}')} instruction"


def _refused(machine: Machine, kind: str) -> str:
    """Why a custom instruction could not access memory."""
    address = int(machine.site_state[probes.FAULT_ADDRESS])
    at = f"at {address:#010x}"
    for region in machine.plan.regions:
        end = region.address + region.size_bytes
        if region.address <= address < end and (kind == "read" or region.writable):
            return f"{kind} of unmapped memory: the operand {at} leaves {region.name}, which ends at {end:#010x}"
        if region.address <= address < end:
            return f"{kind} of read-only memory {at} ({region.name} is read-only)"
    return f"{kind} of unmapped memory {at}{_near(machine, address)}"


def _near(machine: Machine, address: int) -> str:
    """Which memory an address is in, or next to."""
    regions = {r.name: (r.address, r.address + r.size_bytes) for r in machine.plan.regions}
    inside = [name for name, (start, end) in regions.items() if start <= address < end]
    near = min(regions, key=lambda n: min(abs(address - regions[n][0]), abs(address - regions[n][1])))
    start, end = regions[near]
    return f" ({inside[0]} is read-only)" if inside else f" (nearest memory: {near}, {start:#010x} to {end:#010x})"


def _access_cause(machine: Machine, stop: Stop) -> str:
    kind = "write" if "WRITE" in stop.error else "read"
    address = _data_address(machine, stop.pc)
    low, _ = machine.plan.stack
    sp = machine.register(13)
    if sp < low or (address is not None and low - PAGE <= address < low and abs(address - sp) < PAGE):
        return f"stack overflow: {kind} below the stack's end at {low:#010x}"
    where = "an unmapped or protected address" if address is None else f"{address:#010x}"
    hint = "" if address is None else _near(machine, address)
    return (
        f"{kind} of unmapped memory at {where}{hint}"
        if "PROT" not in stop.error
        else f"{kind} refused at {where}{hint}"
    )


def _data_address(machine: Machine, pc: int) -> int | None:
    """The data address of the load or store at pc, from its registers."""
    record = data_access(machine.image, pc)
    if record is None:
        return None
    address = int(machine.uc.reg_read(record[probes.F_BASE])) + record[probes.F_OFFSET]
    if record[probes.F_INDEX] >= 0:
        address += int(machine.uc.reg_read(record[probes.F_INDEX])) << record[probes.F_SHIFT]
    return address & 0xFFFFFFFF


def _disassembly(image: Image, address: int) -> str | None:
    from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs

    if site := image.sites.get(address):
        return f"{site.word:08x}  {site.text}"
    code = image.read(address, 4)
    instruction = next(Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS).disasm(code, address, 1), None)
    return f"{instruction.bytes.hex()}  {instruction.mnemonic} {instruction.op_str}" if instruction else None
