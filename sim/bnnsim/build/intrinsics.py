"""Generate isa.h: one C intrinsic per custom instruction, and the primitives that kernels are written against."""

from __future__ import annotations

from bnnsim.isa import Instruction, Isa

# Register names as Clang and GCC print them in assembly (AAPCS aliases included).
_ALIASES = {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "lr": 14}
_REGISTERS = {f"r{n}": n for n in range(13)} | _ALIASES


def header(isa: Isa) -> str:
    """Text of isa.h for an ISA; the base ISA's is empty but for the guard."""
    lines = [f"/* Generated from the extension files of ISA {isa.name}; do not edit. */"]
    lines += ["#ifndef ISA_H", "#define ISA_H"]
    if isa.instructions:
        lines += ["#include <stdint.h>", "__asm__("]
        lines += [f'    ".set bnnsim_{name}, {number}\\n"' for name, number in _REGISTERS.items()]
        lines.append(");")
    for instruction in isa.instructions:
        lines += _intrinsic(instruction)
    claimed = {i.primitive: i.name for i in isa.instructions if i.primitive}
    for instruction in isa.instructions:
        if instruction.primitive:
            lines += _macro(instruction)
    if name := claimed.get("popcount"):
        lines.append(f"#define BNNSIM_POPCOUNT(n) {name}(n)")
    if name := claimed.get("xor_popcount_accumulate"):
        lines.append(f"#define BNNSIM_XOR_POPCOUNT_ACCUMULATE(d, n, m) {name}(d, n, m)")
    lines.append("#endif")
    return "\n".join(lines) + "\n"


def _order(instruction: Instruction) -> tuple[str, ...]:
    """Operands as assembly writes them, the destination first."""
    return ("d", *(o for o in instruction.encoding.form.operands if o != "d"))


def _word(instruction: Instruction, names: dict[str, str]) -> str:
    """The instruction as an expression of the assembler; names: what stands for each operand's register."""
    encoding = instruction.encoding
    fields = [f"(bnnsim_{names[o]} << {p})" for o, p in encoding.form.registers.items() if o in names]
    return " | ".join([f"{encoding.value:#010x}", *fields])


def _macro(instruction: Instruction) -> list[str]:
    """An assembler macro named by the claimed primitive, e.g. "bnnsim_popcount d, n", for kernels in assembly."""
    order = _order(instruction)
    word = _word(instruction, {o: f"\\\\{o}" for o in order})  # C reads \\d as \d
    return [
        "__asm__(",
        f'    ".macro bnnsim_{instruction.primitive} {", ".join(order)}\\n"',
        f'    ".inst.w {word}\\n"',
        '    ".endm\\n"',
        ");",
    ]


def _intrinsic(instruction: Instruction) -> list[str]:
    operands = instruction.encoding.form.operands
    accumulates = operands[:1] == ("d",)
    order = _order(instruction)  # asm operand numbers: %0 is the destination
    word = _word(instruction, {o: f"%{number}" for number, o in enumerate(order)})
    inputs = ", ".join(f'"r"({o})' for o in order[1:])
    parameters = ", ".join(f"uint32_t {o}" for o in operands) or "void"
    return [
        f"#define BNNSIM_HAVE_{instruction.name} 1",
        f"static inline __attribute__((always_inline)) uint32_t {instruction.name}({parameters}) {{",
        *([] if accumulates else ["    uint32_t d;"]),
        f'    __asm__(".inst.w {word}" : "{"+r" if accumulates else "=r"}"(d) : {inputs});',
        "    return d;",
        "}",
    ]
