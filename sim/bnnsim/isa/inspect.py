"""What the extensions that there are have taken: which gives a word its meaning, and which has a name already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bnnsim import paths
from bnnsim.errors import BnnsimError
from bnnsim.isa.cost import Source
from bnnsim.isa.encoding import CX2
from bnnsim.isa.extension import Extension
from bnnsim.isa.instruction import Instruction
from bnnsim.isa.loader import load_extension

_COPROCESSOR_SPACE = 0xEC00  # bits of a first halfword that are all set there (Arm DDI 0553, encoding of Thumb)
_VECTOR = 0x0300  # and those that set it apart from vector instructions of the M profile
_OURS = 8  # coprocessors 0 to 7 are for custom instructions; 10 and 11 are the FPU's and MVE's


@dataclass(frozen=True)
class Definition:
    """An instruction of an extension that can be named."""

    extension: str
    instruction: Instruction

    @property
    def name(self) -> str:
        """In full, e.g. "popcnt.popc"."""
        return f"{self.extension}.{self.instruction.name}"


@cache
def known_extensions() -> tuple[Extension, ...]:
    """All extensions that can be named and that load."""
    found = []
    for name in paths.names("extension"):
        try:
            found.append(load_extension(name))
        except BnnsimError:  # told where it is used or listed
            continue
    return tuple(found)


def who_defines(word: int) -> tuple[Definition, ...]:
    """The known instructions that a 32-bit Thumb word (first halfword in bits 31:16) can be."""
    return tuple(
        Definition(extension.name, instruction)
        for extension in known_extensions()
        for instruction in extension.instructions
        if instruction.encoding.matches(word)
    )


def called(name: str) -> str | None:
    """What has a name already, as text."""
    for extension in known_extensions():
        if extension.name == name:
            return f"there is an extension {name!r} ({extension.path})"
        if name in (i.name for i in extension.instructions):
            return f"extension {extension.name} has an instruction {name!r} ({extension.path})"
    return None


def check_name(name: str) -> None:
    """Raise ExtensionError unless an extension and an instruction can have a name."""

    def semantics(n: int) -> int:
        return n

    semantics.__name__ = name
    Extension(name, "").instruction(CX2(), source=Source.assumed("none"), vectors=[((0,), 0)])(semantics)


def is_custom_word(word: int) -> bool:
    """Whether a 32-bit word is in the encoding space of coprocessors 0 to 7, which CDE shares."""
    first = word >> 16
    in_space = first & _COPROCESSOR_SPACE == _COPROCESSOR_SPACE and first & _VECTOR != _VECTOR
    return in_space and _number(word) < _OURS


def hint(word: int) -> str:
    """Where a word of the coprocessors' encoding space comes from, as advice, e.g. "popc r0, r1 with --isa popcnt"."""
    found = who_defines(word)
    if not found:
        return f"no extension of `bnnsim list extensions` defines it (coprocessor {_number(word)})"
    return " or ".join(f"{d.instruction.text(word)} with --isa {d.extension}" for d in found)


def _number(word: int) -> int:
    return word >> 8 & 15
