"""An ISA extension as its author writes it: instructions with encoding, cost, semantics and test vectors."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bnnsim.errors import ExtensionError, nearest
from bnnsim.isa.encoding import Encoding

Kind = Literal["manual", "measured", "assumed"]
MOST_CYCLES = 1000  # of one instruction, as in a core's table: sums of what costs more might leave int64

# C11, 6.4.1, and what GNU C adds: no names for intrinsics. Python's keywords are excluded by Python itself.
_C_WORDS = {
    "asm", "auto", "case", "char", "const", "default", "do", "double", "enum", "extern", "float", "goto", "inline",
    "int", "long", "main", "register", "restrict", "short", "signed", "sizeof", "static", "struct", "switch",
    "typedef", "typeof", "union", "unsigned", "void", "volatile",
}  # fmt: skip

# What a kernel can be written against; an instruction that implements one serves all such kernels.
PRIMITIVES = {
    "popcount": ("n",),  # number of set bits of n
    "xor_popcount_accumulate": ("d", "n", "m"),  # d + popcount(n ^ m)
}


class u32(int):
    """Operand type: a register read as an unsigned 32-bit value (a plain int in the semantics)."""


class s32(int):
    """Operand type: a register read as a signed 32-bit value (a plain int in the semantics)."""


@dataclass(frozen=True)
class Source:
    """Where a cost comes from: a manual, a measurement, or an assumption that the reader must judge."""

    kind: Kind
    ref: str

    @classmethod
    def manual(cls, ref: str) -> Source:
        """A figure from a vendor's or architecture manual: document, revision, section."""
        return cls("manual", ref)

    @classmethod
    def measured(cls, ref: str) -> Source:
        """A figure measured on silicon: by whom, on what."""
        return cls("measured", ref)

    @classmethod
    def assumed(cls, ref: str) -> Source:
        """A design assumption: the reasoning behind it."""
        return cls("assumed", ref)


@dataclass(frozen=True)
class Instruction:
    """One custom instruction. `latency` is in core cycles; `vectors` hold (operands, result) pairs."""

    name: str
    encoding: Encoding
    latency: int
    source: Source
    semantics: Callable[..., int]
    signed: tuple[bool, ...]  # per operand of the semantics: passed as a signed value
    vectors: tuple[tuple[tuple[int, ...], int], ...]
    primitive: str | None
    doc: str
    line: int

    @property
    def mnemonic(self) -> str:
        """Name in disassembly."""
        return self.name

    def evaluate(self, *operands: int) -> int:
        """Run the semantics in Python: operands and result as unsigned 32-bit values."""
        values = [
            value - (1 << 32) if signed and value >> 31 else value
            for value, signed in zip(operands, self.signed, strict=True)
        ]
        return int(self.semantics(*values)) & 0xFFFFFFFF

    def check(self) -> None:
        """Run the test vectors; raises ExtensionError naming operands, result and expectation."""
        for vector in self.vectors:
            operands, expected = _vector(self.name, vector)
            shown = f"{self.name}({', '.join(f'{v:#x}' for v in operands)})"
            if len(operands) != len(self.signed):
                raise ExtensionError(f"test vector {shown} has {len(operands)} operands, needs {len(self.signed)}")
            try:
                found = self.evaluate(*operands)
            except Exception as error:
                raise ExtensionError(f"semantics raise {type(error).__name__} at {shown}: {error}") from error
            if found != expected & 0xFFFFFFFF:
                raise ExtensionError(f"test vector {shown} gives {found:#x}, expected {expected:#x}")


@dataclass
class Extension:
    """A named set of instructions, filled by the `instruction` decorator.

    name: what `--isa` calls it; description: one sentence. `digest`, `path` are set by the loader.
    """

    name: str
    description: str
    instructions: tuple[Instruction, ...] = ()
    path: str = ""
    digest: str = ""
    _names: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.replace("_", "a").replace("-", "a").isalnum():
            raise ExtensionError(f"extension name {self.name!r}: allowed are letters, digits, '_' and '-'")
        if self.name == "base":
            raise ExtensionError("extension name 'base' is the core's own instruction set")

    def instruction(
        self,
        encoding: Encoding,
        *,
        latency: int,
        source: Source,
        vectors: Sequence[tuple[tuple[int, ...], int]],
        primitive: str | None = None,
    ) -> Callable[[Callable[..., int]], Callable[..., int]]:
        """Register the decorated function as an instruction's semantics.

        encoding: e.g. CX2(op=0); latency: cycles, at least 1; source: where that figure comes from;
        vectors: (operands, result) pairs, at least one; primitive: one of PRIMITIVES that it implements,
        so that kernels written against it use this instruction.
        The parameters must be named as the form's operands: CX2 (n), CX2A (d, n), CX3 (n, m), CX3A (d, n, m).
        Raises ExtensionError for anything out of range.
        """

        def register(semantics: Callable[..., int]) -> Callable[..., int]:
            made = _make(semantics, encoding, latency, source, vectors, primitive)
            if made.name in self._names:
                raise ExtensionError(f"two instructions are called {made.name!r}")
            self._names.add(made.name)
            self.instructions += (made,)
            return semantics

        return register


def _vector(name: str, vector: Any) -> tuple[tuple[int, ...], int]:
    """Return (operands, result); raises ExtensionError unless they are whole 32-bit numbers, signed or not."""
    match vector:
        case (tuple() | list() as operands, expected) if all(map(_is_word, (*operands, expected))):
            return tuple(value & 0xFFFFFFFF for value in operands), expected
    raise ExtensionError(f"{name}: test vector {vector!r}; expected ((operands), result), 32-bit integers each")


def _is_word(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << 31) <= value < 1 << 32


def _make(
    semantics: Callable[..., int],
    encoding: Encoding,
    latency: int,
    source: Source,
    vectors: Sequence[tuple[tuple[int, ...], int]],
    primitive: str | None,
) -> Instruction:
    name = semantics.__name__
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name) or name in _C_WORDS or name[0] == "_":
        raise ExtensionError(f"instruction name {name!r} cannot be a C intrinsic's name")
    if not isinstance(encoding, Encoding):
        raise ExtensionError(f"{name}: encoding is {encoding!r}; expected e.g. CX2(op=0)")
    if not isinstance(latency, int) or isinstance(latency, bool) or not 1 <= latency <= MOST_CYCLES:
        raise ExtensionError(f"{name}: latency={latency!r}; expected a whole number of cycles, 1 to {MOST_CYCLES}")
    if not isinstance(source, Source):
        raise ExtensionError(f"{name}: source={source!r}; expected e.g. Source.assumed('why')")
    if not vectors:
        raise ExtensionError(f"{name}: no test vectors; give at least one ((operands), result)")
    if primitive is not None and primitive not in PRIMITIVES:
        raise ExtensionError(
            f"{name}: unknown primitive {primitive!r}; known: {', '.join(PRIMITIVES)}" + nearest(primitive, PRIMITIVES)
        )
    operands = encoding.form.operands
    if primitive is not None and PRIMITIVES[primitive] != operands:
        raise ExtensionError(
            f"{name}: primitive {primitive!r} has operands {PRIMITIVES[primitive]}, "
            f"form {encoding.form.name} has {operands}"
        )
    parameters: dict[str, Any] = dict(inspect.signature(semantics, eval_str=True).parameters)
    if tuple(parameters) != operands:
        raise ExtensionError(
            f"{name}: form {encoding.form.name} has operands ({', '.join(operands)}), "
            f"the semantics take ({', '.join(parameters)})"
        )
    signed = tuple(p.annotation is s32 for p in parameters.values())
    line = semantics.__code__.co_firstlineno
    doc = inspect.getdoc(semantics) or ""
    return Instruction(name, encoding, latency, source, semantics, signed, tuple(vectors), primitive, doc, line)
