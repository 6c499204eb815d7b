"""Which 32-bit Thumb words the base instruction sets use already: custom instructions must keep off them."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator

from bnnsim.isa.encoding import COPROCESSORS, Encoding

# Arm DDI 0553: a halfword that begins with 11101, 11110 or 11111 is the first of two.
_FIRST_BITS_OF_WIDE = range(0b11101, 0b100000)
# First halfwords 111x 11xx, bits 9:8 not both set, are the coprocessors': the number is in bits 11:8 of the second.
_COPROCESSOR, _NOT_COPROCESSOR = 0xEC000000, 0x03000000
_COPROCESSOR_NAMES = ("cdp", "mcr", "mrc", "ldc", "stc")  # mcrr and mrrc begin like that too
_MOST_WORDS = 4096  # of an encoding that are looked at: all words of up to twelve operand bits


def use_by_base(encoding: Encoding) -> str | None:
    """What a core would take some word of an encoding for, e.g. "0xfb01f002 is mul r0, r1, r2"; None if nothing.

    Words are enumerated if there are no more than 4,096, else drawn at random (always the same ones).
    """
    if encoding.form.owner:
        return None  # of coprocessors 0 to 7, which are free on our cores
    return next(filter(None, map(_use_of, _words(encoding))), None)


def _words(encoding: Encoding) -> Iterator[int]:
    bits = sorted(encoding.operand_bits)
    if 1 << len(bits) <= _MOST_WORDS:
        choices: Iterator[int] = iter(range(1 << len(bits)))
    else:
        draw = random.Random(encoding.value)
        choices = (draw.getrandbits(len(bits)) for _ in range(_MOST_WORDS))
    for choice in choices:
        word = encoding.value | sum((choice >> number & 1) << position for number, position in enumerate(bits))
        if encoding.matches(word):
            yield word


def _use_of(word: int) -> str | None:
    if word >> 27 not in _FIRST_BITS_OF_WIDE:
        return f"{word:#010x} begins like a 16-bit instruction (expected 11101, 11110 or 11111)"
    if word & _COPROCESSOR == _COPROCESSOR and word & _NOT_COPROCESSOR != _NOT_COPROCESSOR:
        number = word >> 8 & 15
        if number not in COPROCESSORS:
            return f"{word:#010x} is on coprocessor {number}; 0 to 7 are free, the others are the core's own (FPU, MVE)"
    code = (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")
    for disassembler in _disassemblers():
        for _, size, mnemonic, operands in disassembler.disasm_lite(code, 0, 1):
            if size == 4 and not mnemonic.startswith(_COPROCESSOR_NAMES):
                return f"{word:#010x} is {mnemonic} {operands}".rstrip()
    return None


@functools.cache
def _disassemblers() -> tuple:
    """For Armv7-M and for Armv8-M words."""
    from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, CS_MODE_V8, Cs

    return tuple(Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS | more) for more in (0, CS_MODE_V8))
