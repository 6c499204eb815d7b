"""An encoding as text: its 32 bits in two halfwords, under each the operand or field that it belongs to."""

from __future__ import annotations

from itertools import groupby

from bnnsim.isa.encoding import Encoding

_PITCH = 4  # columns of a bit: "imm" and a blank
_COPROCESSOR_BITS = range(8, 12)
_SHORT = {"step": "s"}  # names that do not fit under one bit


def diagram(encoding: Encoding) -> str:
    """Four lines of bit numbers and bits, each pair followed by a line of names.

    A bit is 0, 1, - if it does not matter, or a bit of an operand, e.g. n3 of register n, i0 of imm, h3 of d_hi, s7 of
    the step in words (s+ is set to add the step, clear to subtract). Other names: op, mod (modifier), coprocessor.
    """
    lines = []
    for high in (31, 15):
        bits = range(high, high - 16, -1)
        lines.append("".join(f"{bit:>{_PITCH}}" for bit in bits))
        lines.append("".join(f"{_shown(encoding, bit):>{_PITCH}}" for bit in bits))
        lines.append(_names(encoding, high))
    return "\n".join(line.rstrip() for line in lines)


def fields(encoding: Encoding) -> dict[int, str]:
    """Word bit → name of the operand or field that it belongs to; the form's own fixed bits are absent."""
    found = encoding.operand_bits
    form = encoding.form
    below_op = max(form.modifier_bits, encoding.immediate_bits)
    found |= dict.fromkeys(form.immediate_at[encoding.immediate_bits : below_op], "mod")
    found |= dict.fromkeys(form.immediate_at[below_op:], "op")
    if form.owner:
        found |= dict.fromkeys(_COPROCESSOR_BITS, "coprocessor")
    return found


def _shown(encoding: Encoding, bit: int) -> str:
    operand = encoding.operand_bits.get(bit)
    if operand is None:
        return str(encoding.value >> bit & 1) if encoding.mask >> bit & 1 else "-"
    if operand == "imm":
        return f"i{encoding.form.immediate_at.index(bit)}"
    if operand == "step":
        number = encoding.form.step_at.index(bit)
        return "s+" if number == len(encoding.form.step_at) - 1 else f"s{number}"
    field = next(f for f in encoding.form.fields if f.name == operand)
    letter = "h" if operand == "d_hi" else operand
    return f"{letter}{field.at.index(bit) + field.first_bit}"


def _names(encoding: Encoding, high: int) -> str:
    """Each run of bits of one field as its name between brackets, as wide as the run."""
    owner, line = fields(encoding), ""
    for name, run in groupby(range(high, high - 16, -1), key=lambda bit: owner.get(bit, "")):
        width = _PITCH * len(list(run))
        inner = width - 3  # a blank and the brackets
        if not name:
            line += " " * width
        elif len(name) <= inner:
            line += f" [{name:^{inner}}]"
        else:
            line += f"{_SHORT.get(name, name):>{width}}"
    return line
