"""Custom Datapath Extension (CDE) encodings: where an instruction's fixed bits and registers lie.

Source of the bit layouts: Arm Architecture Reference Manual Armv8-M (DDI 0553), CX1/CX2/CX3 and their
accumulating forms; reference words are tested against GNU as and LLVM. CDE owns the coprocessor
numbers 0 to 7; on a core without CDE (M4, M7) using them is hypothetical, the decoder stays the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bnnsim.errors import ExtensionError

COPROCESSORS = range(8)


@dataclass(frozen=True)
class Form:
    """One CDE form: operand names in semantics order, register positions, immediate and sub-opcode bits."""

    name: str
    operands: tuple[str, ...]  # parameters of the semantics function; "d" first if Rd is also read
    registers: dict[str, int]  # operand → lowest bit of its four-bit register field
    fixed: int  # bits [31:22] without the immediate
    immediate_at: tuple[int, ...]  # word bit of immediate bit 0, 1, 2, …
    modifier_bits: int  # low immediate bits below the sub-opcode

    @property
    def sub_opcodes(self) -> int:
        """How many values `op` can take."""
        return 1 << (len(self.immediate_at) - self.modifier_bits)


_CX2_REGISTERS = {"d": 12, "n": 16}
_CX3_REGISTERS = {"d": 0, "n": 16, "m": 12}
_CX1_IMMEDIATE = (0, 1, 2, 3, 4, 5, 7, 16, 17, 18, 19, 20, 21)
_CX2_IMMEDIATE = (0, 1, 2, 3, 4, 5, 7, 20, 21)
_CX3_IMMEDIATE = (4, 5, 7, 20, 21, 22)
_A = 1 << 28  # accumulate: Rd is also a source

FORMS = {
    form.name: form
    for form in (
        Form("CX1", (), {"d": 12}, 0xEE000000, _CX1_IMMEDIATE, 8),
        Form("CX1A", ("d",), {"d": 12}, 0xEE000000 | _A, _CX1_IMMEDIATE, 8),
        Form("CX2", ("n",), _CX2_REGISTERS, 0xEE400000, _CX2_IMMEDIATE, 4),
        Form("CX2A", ("d", "n"), _CX2_REGISTERS, 0xEE400000 | _A, _CX2_IMMEDIATE, 4),
        Form("CX3", ("n", "m"), _CX3_REGISTERS, 0xEE800000, _CX3_IMMEDIATE, 3),
        Form("CX3A", ("d", "n", "m"), _CX3_REGISTERS, 0xEE800000 | _A, _CX3_IMMEDIATE, 3),
    )
}


@dataclass(frozen=True)
class Encoding:
    """A form with its sub-opcode: fixed bits (`mask`, `value`) of a 32-bit Thumb word, hw1 in bits 31:16.

    op: sub-opcode, the upper immediate bits; modifier: the lower ones; coprocessor: 0 to 7.
    Raises ExtensionError if one of them is out of range.
    """

    form: Form
    op: int
    modifier: int = 0
    coprocessor: int = 0

    def __post_init__(self) -> None:
        self._check("coprocessor", self.coprocessor, len(COPROCESSORS))
        self._check("op", self.op, self.form.sub_opcodes)
        self._check("modifier", self.modifier, 1 << self.form.modifier_bits)

    def _check(self, field: str, found: int, size: int) -> None:
        if not isinstance(found, int) or not 0 <= found < size:
            raise ExtensionError(f"{self.form.name}({field}={found!r}): allowed are 0 to {size - 1}")

    @property
    def value(self) -> int:
        """The word with all register fields zero."""
        immediate = self.op << self.form.modifier_bits | self.modifier
        word = self.form.fixed | self.coprocessor << 8
        for bit, position in enumerate(self.form.immediate_at):
            word |= (immediate >> bit & 1) << position
        return word

    @property
    def mask(self) -> int:
        """Bits that are not register numbers."""
        mask = 0xFFFFFFFF
        for position in self.form.registers.values():
            mask &= ~(0xF << position)
        return mask

    def matches(self, word: int) -> bool:
        """Whether a 32-bit word is this instruction."""
        return word & self.mask == self.value

    def registers_of(self, word: int) -> dict[str, int]:
        """Register number per operand name ("d", "n", "m") of a word of this encoding."""
        return {name: word >> position & 0xF for name, position in self.form.registers.items()}

    def overlaps(self, other: Encoding) -> bool:
        """Whether some word belongs to both encodings."""
        return not (self.value ^ other.value) & self.mask & other.mask


def _constructor(form: Form) -> Callable[..., Encoding]:
    def make(op: int = 0, modifier: int = 0, coprocessor: int = 0) -> Encoding:
        return Encoding(form, op, modifier, coprocessor)

    make.__name__ = form.name
    make.__doc__ = f"Encoding in form {form.name}; operands {', '.join(form.operands) or 'none'}."
    return make


CX1 = _constructor(FORMS["CX1"])
CX1A = _constructor(FORMS["CX1A"])
CX2 = _constructor(FORMS["CX2"])
CX2A = _constructor(FORMS["CX2A"])
CX3 = _constructor(FORMS["CX3"])
CX3A = _constructor(FORMS["CX3A"])
