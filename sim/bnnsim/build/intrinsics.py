"""Generate isa.h: a C intrinsic and an assembler macro per custom instruction, and the primitives.

The intrinsic has the instruction's name and takes and returns uint32_t (uint64_t for a pair of registers, double for
one of the FPU's); a destination that is only written is what it returns, one that is also read is its first argument.
imm must be a constant. An instruction that addresses memory takes a pointer and a constant step in bytes and returns
the stepped pointer. The macro is named bnnsim_NAME and takes registers (core ones in any spelling, d0 to d15), imm
and step in the order of the disassembly.
"""

from __future__ import annotations

from bnnsim.isa import Instruction, Isa
from bnnsim.isa.encoding import Field

# Register names as Clang and GCC print them in assembly (AAPCS aliases included).
_ALIASES = {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}
_DOUBLE = 64  # added to the numbers of D registers, so that they can be told from core ones
_REGISTERS = {f"r{n}": n for n in range(16)} | _ALIASES | {f"d{n}": _DOUBLE + n for n in range(16)}
# What makes a register wrong for a field, in the assembler's language, and the message.
_WRONG = {
    "core": ("({0} == 13) | ({0} > 14)", "is a core register, r0 to r12 or lr"),
    "pair": ("({0} & 1) | ({0} > 10)", "names a pair of registers, which starts at r0, r2, … or r10"),
    "double": ("{0} < 64", "is a register of the FPU, d0 to d15"),
    "base": ("{0} > 14", "is the address, in r0 to r12, sp or lr"),
}
_C_TYPE = {"core": "uint32_t", "pair": "uint64_t", "double": "double", "base": "const void *"}
_CONSTRAINT = {"core": "r", "pair": "r", "double": "w", "base": "r"}
# GCC puts 64-bit values into odd pairs of registers, too: give it an even one. Clang knows only even pairs.
_PAIR = (
    "#ifdef __clang__",
    "#define BNNSIM_PAIR(name) name",
    "#else",
    '#define BNNSIM_PAIR(name) name __asm__("r2")',
    "#endif",
)


def header(isa: Isa) -> str:
    """Text of isa.h for an ISA; the base ISA's is empty but for the guard."""
    lines = [f"/* Generated from the extension files of ISA {isa.name}; do not edit. */"]
    lines += ["#ifndef ISA_H", "#define ISA_H"]
    if isa.instructions:
        lines += [*_PAIR, "#include <stdint.h>", "__asm__("]
        lines += [f'    ".set bnnsim_{name}, {number}\\n"' for name, number in _REGISTERS.items()]
        lines.append(");")
    for instruction in isa.instructions:
        lines += _macro(instruction, instruction.name)
        lines += intrinsic(instruction)
    for instruction in isa.instructions:
        if instruction.primitive:
            lines += _macro(instruction, instruction.primitive)
            parameters = ", ".join(instruction.encoding.operands)
            macro = f"BNNSIM_{instruction.primitive.upper()}"
            lines.append(f"#define {macro}({parameters}) {instruction.name}({parameters})")
    lines.append("#endif")
    return "\n".join(lines) + "\n"


def macro_operands(instruction: Instruction) -> list[str]:
    """Operands of the assembler macro, in order."""
    encoding = instruction.encoding
    operands = [f.name for f in encoding.form.fields] + (["imm"] if encoding.immediate_bits else [])
    return operands + (["step"] if encoding.form.step_at else [])


def prototype(instruction: Instruction) -> str:
    """The intrinsic's declaration in C."""
    return f"{_returned(instruction)} {instruction.name}({', '.join(_parameters(instruction)) or 'void'})"


def _returned(instruction: Instruction) -> str:
    written = [f for f in instruction.encoding.form.fields if f.written]
    if len(written) == 2:  # MRRC
        return "uint64_t"
    return _C_TYPE[written[0].kind] if written else "void"


def _parameters(instruction: Instruction) -> list[str]:
    encoding = instruction.encoding
    found = [f"{_C_TYPE[f.kind]} {f.name}".replace("* ", "*") for f in encoding.form.fields if f.read]
    found += ["int imm"] if encoding.immediate_bits else []
    return found + (["int step_bytes"] if encoding.form.step_at else [])


def _word(instruction: Instruction, names: dict[str, str]) -> str:
    """The instruction as an expression of the assembler; names: what stands for each operand."""
    encoding = instruction.encoding
    parts = [f"{encoding.value:#010x}"]
    for f in encoding.form.fields:
        parts += _scattered(f"bnnsim_{names[f.name]}", f.at, f.first_bit)
    if encoding.immediate_bits:
        parts += _scattered(f"({names['imm']})", encoding.form.immediate_at[: encoding.immediate_bits], 0)
    if encoding.form.step_at:
        *low, up = encoding.form.step_at
        step = f"({names['step']})"
        # >= is -1 where it holds, in all assemblers; a negative step is subtracted
        magnitude = f"(({step}) * (1 + 2 * (({step}) < 0)))"
        parts += [*_scattered(magnitude, tuple(low), 2), f"((-(({step}) >= 0)) << {up})"]
    return " | ".join(parts)


def _scattered(value: str, positions: tuple[int, ...], first_bit: int) -> list[str]:
    """Terms that put the bits of a value, from first_bit up, at positions of a word; runs of positions together."""
    terms, at = [], 0
    while at < len(positions):
        count = 1
        while at + count < len(positions) and positions[at + count] == positions[at] + count:
            count += 1
        shifted = f"({value} >> {first_bit + at})" if first_bit + at else value
        terms.append(f"(({shifted} & {(1 << count) - 1}) << {positions[at]})")
        at += count
    return terms


def _checks(instruction: Instruction, names: dict[str, str], kinds: tuple[str, ...]) -> list[str]:
    """Assembler lines that refuse what the word cannot hold, rather than cut it off. kinds: of registers to check."""
    encoding, lines = instruction.encoding, []
    for f in encoding.form.fields:
        if f.kind in kinds:
            condition, text = _WRONG[f.kind]
            lines.append(_refuse(condition.format(f"bnnsim_{names[f.name]}"), f"{instruction.name}: {f.name} {text}"))
    if encoding.immediate_bits:
        most = (1 << encoding.immediate_bits) - 1
        condition = f"(({names['imm']}) < 0) | (({names['imm']}) > {most})"
        lines.append(_refuse(condition, f"{instruction.name}: imm is 0 to {most}"))
    if encoding.form.step_at:
        step = names["step"]
        condition = f"(({step}) < -1020) | (({step}) > 1020) | (({step}) & 3)"
        lines.append(_refuse(condition, f"{instruction.name}: the step is whole words, -1020 to 1020 bytes"))
    return lines


def _refuse(condition: str, text: str) -> str:
    return f'.if {condition}\\n.error \\"{text}\\"\\n.endif\\n'


def _macro(instruction: Instruction, name: str) -> list[str]:
    """An assembler macro, e.g. "bnnsim_popcount d, n", for kernels in assembly."""
    operands = macro_operands(instruction)
    names = {o: f"\\\\{o}" for o in operands}  # C reads \\d as \d
    return [
        "__asm__(",
        f'    ".macro bnnsim_{name} {", ".join(operands)}\\n"',
        *(f'    "{check}"' for check in _checks(instruction, names, tuple(_WRONG))),
        f'    ".inst.w {_word(instruction, names)}\\n"',
        '    ".endm\\n"',
        ");",
    ]


def _locals(fields: tuple[Field, ...]) -> list[str]:
    """Declarations of the operands; a pair gets its register when nothing else is evaluated any more."""
    pairs = [f for f in fields if f.kind == "pair"]
    given = {f.name: f" = ({f.name})" if f.read else "" for f in fields}
    lines = [f"uint64_t {f.name}_given_{given[f.name]};" for f in pairs if f.read]
    lines += [f"{_C_TYPE[f.kind]} {f.name}_{given[f.name]};" for f in fields if f not in pairs]
    return lines + [
        f"register uint64_t BNNSIM_PAIR({f.name}_){f' = {f.name}_given_' if f.read else ''};" for f in pairs
    ]


def _printed(f: Field, number: int) -> str:
    return f"%P{number}" if f.kind == "double" else f"%{number}"


def intrinsic(instruction: Instruction) -> list[str]:
    """Lines of the C intrinsic."""
    encoding, name = instruction.encoding, instruction.name
    fields = encoding.form.fields
    written = [f for f in fields if f.written]
    outputs = [f'"{"+" if f.read else "="}{_CONSTRAINT[f.kind]}"({f.name}_)' for f in written]
    inputs = [f'"{_CONSTRAINT[f.kind]}"({f.name}_)' for f in fields if not f.written]
    order = written + [f for f in fields if not f.written]
    names = {f.name: _printed(f, number) for number, f in enumerate(order)}
    for operand, extra in (("imm", encoding.immediate_bits), ("step", encoding.form.step_at)):
        if extra:
            names[operand] = f"%c{len(order) + len(inputs) - len(fields) + len(written)}"
            inputs.append(f'"i"({"step_bytes" if operand == "step" else operand})')
    # What has state or memory must stay where it is written.
    pinned = bool(instruction.state_words or instruction.memory_bytes)
    text = "".join(_checks(instruction, names, ("pair",))) + f".inst.w {_word(instruction, names)}"
    asm = f'__asm__{" volatile" if pinned else ""}("{text}" : {", ".join(outputs)} : {", ".join(inputs)}'
    asm += ' : "memory");' if instruction.memory_bytes else ");"
    value = "(uint64_t)d_hi_ << 32 | d_" if len(written) == 2 else f"{written[0].name}_" if written else ""
    lines = [f"#define BNNSIM_HAVE_{name} 1"]
    if encoding.immediate_bits or encoding.form.step_at:  # constants reach the assembler through a macro only
        parameters = ", ".join(p.rpartition(" ")[2].lstrip("*") for p in _parameters(instruction))
        body = " ".join([*_locals(fields), asm, f"{value};" if value else ""]).strip()
        return [*lines, f"#define {name}({parameters}) __extension__({{ {body} }})"]
    return [
        *lines,
        f"static inline __attribute__((always_inline)) {prototype(instruction)} {{",
        *(f"    {line}" for line in (*_locals(fields), asm)),
        *([f"    return {value};"] if value else []),
        "}",
    ]
