"""Encodings of custom instructions: where a 32-bit Thumb word's fixed bits, registers and immediates lie.

Source of the bit layouts: Arm Architecture Reference Manual Armv8-M (DDI 0553): CX1 to CX3 and VCX of the Custom
Datapath Extension (CDE), and the coprocessor instructions CDP, MCR, MRC, MCRR, MRRC, LDC and STC. Reference words are
tested against GNU as and LLVM. Both kinds own the coprocessor numbers 0 to 7; each number is either CDE's or a
coprocessor's. On a core without CDE (M4, M7) using these words is hypothetical, the decoder stays the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bnnsim.errors import ExtensionError

COPROCESSORS = range(8)
# core: r0 to r12, r14; pair: an even register and the next, r0 to r10; double: d0 to d15; base: of an address
RegisterKind = Literal["core", "pair", "double", "base"]
_WIDE = ("pair", "double")
# DDI 0553: 15 means the flags and 13 is unpredictable in CX forms and coprocessor transfers.
_ALLOWED = {
    "core": frozenset({*range(13), 14}),
    "pair": frozenset(range(0, 11, 2)),
    "double": frozenset(range(16)),
    "base": frozenset(range(15)),
}


@dataclass(frozen=True)
class Field:
    """A register of an instruction. at: the word's bits that hold its number, lowest first, above bit `first_bit`."""

    name: str
    at: tuple[int, ...]
    kind: RegisterKind = "core"
    read: bool = True
    written: bool = False

    @property
    def first_bit(self) -> int:
        """Bit of the register number that at[0] holds: 1 for pairs, whose numbers are even."""
        return 1 if self.kind == "pair" else 0

    @property
    def halves(self) -> tuple[str, ...]:
        """Names of its 32-bit values in the semantics, the low one first; none for an address."""
        if self.kind == "base":
            return ()
        return (self.name, f"{self.name}_hi") if self.kind in _WIDE else (self.name,)

    def number_in(self, word: int) -> int:
        """The register number in a word."""
        return sum((word >> position & 1) << (bit + self.first_bit) for bit, position in enumerate(self.at))

    def placed(self, number: int) -> int:
        """The bits of a word that name a register."""
        return sum((number >> (bit + self.first_bit) & 1) << position for bit, position in enumerate(self.at))


@dataclass(frozen=True)
class Form:
    """One form of instruction: registers in assembly order, fixed bits, and where the immediate lies.

    modifier_bits: low bits of the immediate below the sub-opcode; step_at: bits of the post-increment of an address
    in 32-bit words, the last one set to add and clear to subtract; owner: what the coprocessor number belongs to.
    """

    name: str
    fields: tuple[Field, ...]
    fixed: int
    immediate_at: tuple[int, ...] = ()
    modifier_bits: int = 0
    step_at: tuple[int, ...] = ()
    owner: Literal["CDE", "coprocessor", ""] = "CDE"
    fixed_mask: int | None = None  # of a form whose other bits nobody owns

    @property
    def operands(self) -> tuple[str, ...]:
        """Names of the 32-bit values that the semantics take: "d" first if the destination is also read."""
        return tuple(half for f in self.fields if f.read for half in f.halves)

    @property
    def results(self) -> tuple[str, ...]:
        """Names of the 32-bit values that the semantics return."""
        return tuple(half for f in self.fields if f.written for half in f.halves)


def _bits(low: int, count: int = 4) -> tuple[int, ...]:
    return tuple(range(low, low + count))


def _d(low: int, wide: bool, accumulates: bool) -> Field:
    at = _bits(low + 1, 3) if wide else _bits(low)
    return Field("d", at, "pair" if wide else "core", read=accumulates, written=True)


_CX1_IMMEDIATE = (0, 1, 2, 3, 4, 5, 7, 16, 17, 18, 19, 20, 21)
_CX2_IMMEDIATE = (0, 1, 2, 3, 4, 5, 7, 20, 21)
_CX3_IMMEDIATE = (4, 5, 7, 20, 21, 22)
_ACCUMULATE, _WIDE_BIT = 1 << 28, 1 << 6


def _cde(accumulates: bool, wide: bool) -> tuple[Form, Form, Form]:
    name = ("D" if wide else "") + ("A" if accumulates else "")
    fixed = 0xEE000000 | (_ACCUMULATE if accumulates else 0) | (_WIDE_BIT if wide else 0)
    n = Field("n", _bits(16))
    return (
        Form(f"CX1{name}", (_d(12, wide, accumulates),), fixed, _CX1_IMMEDIATE, 8),
        Form(f"CX2{name}", (_d(12, wide, accumulates), n), fixed | 1 << 22, _CX2_IMMEDIATE, 4),
        Form(f"CX3{name}", (_d(0, wide, accumulates), n, Field("m", _bits(12))), fixed | 1 << 23, _CX3_IMMEDIATE, 3),
    )


def _vcx(accumulates: bool) -> tuple[Form, Form]:
    name, fixed = ("A", 0xFD000000) if accumulates else ("", 0xED000000)
    d = Field("d", (*_bits(12), 22), "double", read=accumulates, written=True)
    n, m = Field("n", (*_bits(16), 7), "double"), Field("m", (*_bits(0), 5), "double")
    return (
        Form(f"VCX2{name}", (d, m), fixed | 3 << 20, (4, 7, 16, 17, 18, 19), 3),
        Form(f"VCX3{name}", (d, n, m), fixed | 1 << 23, (4, 20, 21), 0),
    )


def _coprocessor() -> tuple[Form, ...]:
    t, t2, to_t = Field("n", _bits(12)), Field("m", _bits(16)), Field("d", _bits(12), read=False, written=True)
    to_t2 = Field("d_hi", _bits(16), read=False, written=True)
    base = (Field("n", _bits(16), "base", written=True),)
    transfer = (*_bits(0), 5, 6, 7, *_bits(16), 21, 22, 23)  # CRm, opc2, CRn, opc1
    step = (*_bits(0, 8), 23)
    address = (*_bits(12), 22)  # CRd, D
    return (
        Form("CDP", (), 0xEE000000, (*_bits(0), 5, 6, 7, *_bits(12, 12)), 15, owner="coprocessor"),
        Form("MCR", (t,), 0xEE000010, transfer, 11, owner="coprocessor"),
        Form("MRC", (to_t,), 0xEE100010, transfer, 11, owner="coprocessor"),
        Form("MCRR", (t, t2), 0xEC400000, _bits(0, 8), 4, owner="coprocessor"),
        Form("MRRC", (to_t, to_t2), 0xEC500000, _bits(0, 8), 4, owner="coprocessor"),
        Form("LDC", base, 0xEC300000, address, 0, step, owner="coprocessor"),
        Form("STC", base, 0xEC200000, address, 0, step, owner="coprocessor"),
    )


FORMS = {
    form.name: form
    for form in (
        *(form for wide in (False, True) for accumulates in (False, True) for form in _cde(accumulates, wide)),
        *(form for accumulates in (False, True) for form in _vcx(accumulates)),
        *_coprocessor(),
    )
}


@dataclass(frozen=True)
class Encoding:
    """A form with its sub-opcode: fixed bits (`mask`, `value`) of a 32-bit Thumb word, hw1 in bits 31:16.

    op: sub-opcode, the upper immediate bits; immediate_bits: how many of the lowest ones the program chooses, as
    operand "imm"; modifier: what the immediate's bits between and below have fixed; coprocessor: 0 to 7.
    Raises ExtensionError if one of them is out of range.
    """

    form: Form
    op: int
    modifier: int = 0
    coprocessor: int = 0
    immediate_bits: int = 0

    def __post_init__(self) -> None:
        self._check("coprocessor", self.coprocessor, len(COPROCESSORS) if self.form.owner else 1)
        self._check("immediate_bits", self.immediate_bits, len(self.form.immediate_at) + 1)
        self._check("op", self.op, 1 << (len(self.form.immediate_at) - self._below_op))
        self._check("modifier", self.modifier, 1 << self._below_op)
        if self.modifier & (1 << self.immediate_bits) - 1:
            raise ExtensionError(f"{self.form.name}(modifier={self.modifier!r}): its low bits are the operand imm's")

    def _check(self, field: str, found: int, size: int) -> None:
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < size:
            raise ExtensionError(f"{self.form.name}({field}={found!r}): allowed are 0 to {size - 1}")

    @property
    def _below_op(self) -> int:
        return max(self.form.modifier_bits, self.immediate_bits)

    @property
    def value(self) -> int:
        """The word with all registers, the operand imm and the step zero."""
        immediate = self.op << self._below_op | self.modifier
        word = self.form.fixed | self.coprocessor << 8
        for bit, position in enumerate(self.form.immediate_at):
            word |= (immediate >> bit & 1) << position
        return word

    @property
    def mask(self) -> int:
        """Bits that no operand decides."""
        mask = self.form.fixed_mask or 0xFFFFFFFF
        for position in self.operand_bits:
            mask &= ~(1 << position)
        return mask

    @property
    def operand_bits(self) -> dict[int, str]:
        """Word bit → operand ("d", "n", "m", "imm", "step") that it belongs to."""
        found = {position: f.name for f in self.form.fields for position in f.at}
        found |= dict.fromkeys(self.form.immediate_at[: self.immediate_bits], "imm")
        return found | dict.fromkeys(self.form.step_at, "step")

    @property
    def operands(self) -> tuple[str, ...]:
        """Names of the values that the semantics take from the word: registers' 32-bit values, then "imm"."""
        return self.form.operands + (("imm",) if self.immediate_bits else ())

    def matches(self, word: int) -> bool:
        """Whether a 32-bit word is this instruction, with registers that it may name."""
        if word & self.mask != self.value:
            return False
        registers = self.registers_of(word)
        allowed = all(registers[f.name] in _ALLOWED[f.kind] for f in self.form.fields)
        return allowed and self._written_twice(registers) is None

    def _written_twice(self, registers: dict[str, int]) -> int | None:
        """A register that two fields write, which is unpredictable (MRRC, DDI 0553)."""
        written = [registers[f.name] for f in self.form.fields if f.written]
        return next((number for number in written if written.count(number) > 1), None)

    def registers_of(self, word: int) -> dict[str, int]:
        """Register number per field ("d", "n", "m") of a word of this encoding; of a pair its first."""
        return {f.name: f.number_in(word) for f in self.form.fields}

    def immediate_of(self, word: int) -> int:
        """The operand imm of a word, 0 without one."""
        return sum((word >> p & 1) << bit for bit, p in enumerate(self.form.immediate_at[: self.immediate_bits]))

    def step_of(self, word: int) -> int:
        """Bytes that a word adds to its base register afterwards."""
        if not self.form.step_at:
            return 0
        *low, up = self.form.step_at
        step_bytes = 4 * sum((word >> p & 1) << bit for bit, p in enumerate(low))
        return step_bytes if word >> up & 1 else -step_bytes

    def word(self, registers: dict[str, int], imm: int = 0, step_bytes: int = 0) -> int:
        """Assemble; raises ExtensionError for a register, immediate or step that the encoding cannot hold."""
        word = self.value
        for f in self.form.fields:
            if registers[f.name] not in _ALLOWED[f.kind]:
                raise ExtensionError(f"{self.form.name}: {f.name} cannot be {f.kind} register {registers[f.name]}")
            word |= f.placed(registers[f.name])
        if (twice := self._written_twice(registers)) is not None:
            raise ExtensionError(f"{self.form.name}: d and d_hi cannot both be register {twice}")
        if not 0 <= imm < 1 << self.immediate_bits:
            raise ExtensionError(f"{self.form.name}: imm={imm}; allowed are 0 to {(1 << self.immediate_bits) - 1}")
        word |= sum((imm >> bit & 1) << p for bit, p in enumerate(self.form.immediate_at[: self.immediate_bits]))
        if self.form.step_at:
            *low, up = self.form.step_at
            if step_bytes % 4 or abs(step_bytes) >= 4 << len(low):
                raise ExtensionError(f"{self.form.name}: step of {step_bytes} bytes; allowed are whole words to ±1020")
            word |= sum((abs(step_bytes) // 4 >> bit & 1) << p for bit, p in enumerate(low))
            word |= (step_bytes >= 0) << up
        return word

    def overlaps(self, other: Encoding) -> bool:
        """Whether some word belongs to both encodings."""
        return not (self.value ^ other.value) & self.mask & other.mask


def _constructor(form: Form) -> Callable[..., Encoding]:
    def make(op: int = 0, modifier: int = 0, coprocessor: int = 0, immediate_bits: int = 0) -> Encoding:
        return Encoding(form, op, modifier, coprocessor, immediate_bits)

    make.__name__ = make.__qualname__ = form.name
    make.__doc__ = f"Encoding in form {form.name}; operands {', '.join(form.operands) or 'none'}."
    return make


CX1, CX2, CX3 = (_constructor(FORMS[name]) for name in ("CX1", "CX2", "CX3"))
CX1A, CX2A, CX3A = (_constructor(FORMS[name]) for name in ("CX1A", "CX2A", "CX3A"))
CX1D, CX2D, CX3D = (_constructor(FORMS[name]) for name in ("CX1D", "CX2D", "CX3D"))
CX1DA, CX2DA, CX3DA = (_constructor(FORMS[name]) for name in ("CX1DA", "CX2DA", "CX3DA"))
VCX2, VCX2A, VCX3, VCX3A = (_constructor(FORMS[name]) for name in ("VCX2", "VCX2A", "VCX3", "VCX3A"))
CDP, LDC, STC = (_constructor(FORMS[name]) for name in ("CDP", "LDC", "STC"))
MCR, MRC, MCRR, MRRC = (_constructor(FORMS[name]) for name in ("MCR", "MRC", "MCRR", "MRRC"))


def Pattern(bits: str) -> Encoding:  # noqa: N802: it stands where CX3A does
    """Encoding of a word spelled bit by bit, bit 31 first: 0, 1, a register's letter, or i of an immediate.

    Registers are d (written; read too if spelled D), n and m, four bits each, highest first; blanks do not count.
    Raises ExtensionError for anything else.
    """
    spelled = bits.replace(" ", "").replace("_", "") if isinstance(bits, str) else ""
    if len(spelled) != 32 or set(spelled) - set("01dDnmi"):
        raise ExtensionError(f"Pattern({bits!r}): expected 32 of 0, 1, d, D, n, m and i, blanks apart")
    where = {letter: tuple(31 - at for at in range(31, -1, -1) if spelled[at] == letter) for letter in "dDnmi"}
    wrong = [letter for letter in "dDnm" if len(where[letter]) not in (0, 4)]
    if wrong or (where["d"] and where["D"]):
        raise ExtensionError(f"Pattern({bits!r}): a register takes four bits, and d or D is the destination")
    fields = [Field("d", where[letter], read=letter == "D", written=True) for letter in "dD" if where[letter]]
    fields += [Field(letter, where[letter]) for letter in "nm" if where[letter]]
    fixed = int("".join("1" if bit == "1" else "0" for bit in spelled), 2)
    form = Form("Pattern", tuple(fields), fixed, where["i"], len(where["i"]), owner="")
    return Encoding(form, 0, immediate_bits=len(where["i"]))
