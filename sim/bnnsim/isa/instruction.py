"""One custom instruction: encoding, cost, semantics in Python and the test vectors that they must meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import index
from types import MappingProxyType
from typing import Any

import numpy as np

from bnnsim.errors import ExtensionError
from bnnsim.isa.cost import Cost, Shape
from bnnsim.isa.encoding import Encoding

STATE, MEMORY = "state", "memory"  # parameters of the semantics that are arrays


class u32(int):
    """Operand type: a register read as an unsigned 32-bit value (a plain int in the semantics)."""


class s32(int):
    """Operand type: a register read as a signed 32-bit value (a plain int in the semantics)."""


@dataclass(frozen=True)
class Effect:
    """What an instruction with state or memory must do in a test vector; None: as it was before.

    result: value or values of its destination; state: first words of the unit's state, the rest 0;
    memory: the bytes that it stores, None where it must not.
    """

    result: int | tuple[int, ...] | None = None
    state: Sequence[int] | None = None
    memory: Sequence[int | None] | None = None


@dataclass(frozen=True, eq=False)
class Instruction:
    """One custom instruction.

    parameters: what the semantics take, in order: registers' 32-bit values by operand name ("d", "d_hi", "n", "m"),
    "imm", "state" (uint32 array of the unit's state, changed in place), "memory" (uint32 array of the words that it
    loads, or whose bytes it stores); signed: of each, whether it is passed as a signed value;
    loads_bytes, stores_bytes: of memory at the address in its base register; vectors: (operands, expected result or
    Effect) pairs; cost: on cores that on_core does not name.
    """

    name: str
    encoding: Encoding
    cost: Cost
    semantics: Callable[..., Any]
    parameters: tuple[str, ...]
    signed: tuple[bool, ...]
    vectors: tuple[tuple[tuple[Any, ...], Any], ...]
    primitive: str | None
    doc: str
    line: int
    loads_bytes: int = 0
    stores_bytes: int = 0
    state_words: int = 0
    on_core: Mapping[str, Cost] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def mnemonic(self) -> str:
        """Name in disassembly."""
        return self.name

    @property
    def provides(self) -> frozenset[str]:
        """What kernels can ask for: its name, the primitive that it claims, and "any_popcount".

        The last is there if that counts bits, for kernels in C that are good with either.
        """
        either = {"any_popcount"} if self.primitive in ("popcount", "xor_popcount_accumulate") else set()
        return frozenset({self.name, *either} | ({self.primitive} if self.primitive else set()))

    @property
    def memory_bytes(self) -> int:
        """Bytes that it moves to or from memory."""
        return self.loads_bytes or self.stores_bytes

    def cost_on(self, core_name: str) -> Cost:
        """The cost on a core."""
        return self.on_core.get(core_name, self.cost)

    def shape(self, port_bits: int) -> Shape:
        """What formulas of its cost depend on."""
        words = max((len(f.halves) for f in self.encoding.form.fields), default=0)
        return Shape(self.memory_bytes, words, port_bits)

    def text(self, word: int) -> str:
        """Disassembly of one of its words, e.g. "xpopa r0, r1, r2"."""
        form, registers = self.encoding.form, self.encoding.registers_of(word)
        shown = []
        for f in form.fields:
            number = registers[f.name]
            if f.kind == "pair":
                shown += [_register(number), _register(number + 1)]
            elif f.kind == "base":
                shown.append(f"[{_register(number)}]")
            else:
                shown.append(f"d{number}" if f.kind == "double" else _register(number))
        if self.encoding.immediate_bits:
            shown.append(f"#{self.encoding.immediate_of(word)}")
        if form.step_at and (step := self.encoding.step_of(word)):
            shown.append(f"#{step}")
        return f"{self.name} {', '.join(shown)}".strip()

    def evaluate(self, *operands: Any) -> Any:
        """Run the semantics in Python.

        operands: unsigned 32-bit values and imm; state and memory as uint32 arrays, which are changed in place.
        Returns the result as unsigned 32-bit value, a tuple of them for a wide destination, None without one.
        An instruction that stores returns the bit mask of bytes that it writes, or None for all, in place of that.
        """
        values = [
            value - (1 << 32) if signed and value >> 31 else value
            for value, signed in zip(operands, self.signed, strict=True)
        ]
        found = self.semantics(*values)
        if self.stores_bytes:
            return None if found is None else _integer(found) & (1 << self.stores_bytes) - 1
        if isinstance(found, tuple):
            return tuple(_integer(value) & 0xFFFFFFFF for value in found)
        return _integer(found) & 0xFFFFFFFF if self.encoding.form.results else None

    def check(self) -> None:
        """Run the test vectors; raises ExtensionError naming operands, result and expectation."""
        for operands, expected in self.vectors:
            before = self.arguments(operands)
            shown = self.shown(before)
            try:
                found = self.evaluate(*(arguments := copied(before)))
            except (Exception, SystemExit) as error:
                raise ExtensionError(f"semantics raise {type(error).__name__} at {shown}: {error}") from error
            self.compare(before, arguments, found, expected)

    def arguments(self, operands: Sequence[Any]) -> list[Any]:
        """Operands of a test vector as `evaluate` takes them; raises ExtensionError for what cannot be one."""
        if len(operands) != len(self.parameters):
            raise ExtensionError(
                f"{self.name}: test vector {operands!r} has {len(operands)} operands, needs {len(self.parameters)}: "
                + ", ".join(self.parameters)
            )
        found: list[Any] = []
        for name, value in zip(self.parameters, operands, strict=True):
            if name == STATE:
                found.append(_padded(value, np.uint32, self.state_words))
            elif name == MEMORY:
                found.append(_padded(value, np.uint8, self.memory_bytes).view(np.uint32))
            elif name == "imm" and (not is_word(value) or value not in range(1 << self.encoding.immediate_bits)):
                most = (1 << self.encoding.immediate_bits) - 1
                raise ExtensionError(f"{self.name}: test vector {operands!r}: imm={value!r}; allowed are 0 to {most}")
            elif is_word(value):
                found.append(value & 0xFFFFFFFF)
            else:
                raise ExtensionError(
                    f"{self.name}: test vector {operands!r}: {name}={value!r}; expected a 32-bit integer"
                )
        return found

    @property
    def has_effects(self) -> bool:
        """Whether it changes more than its destination."""
        return bool(self.state_words or self.memory_bytes)

    @property
    def result_text(self) -> str:
        """What its semantics return, in words."""
        results = self.encoding.form.results
        if len(results) == 2:
            return f"a tuple ({', '.join(results)}) of 32-bit integers"
        return "a 32-bit integer" if results else "None"

    @property
    def effect_text(self) -> str:
        """What a test vector can expect beside that, in words; empty if nothing."""
        sizes = (("state words", self.state_words), ("bytes of memory", self.stores_bytes))
        parts = [f"up to {most} {name}" for name, most in sizes if most]
        if not self.has_effects:
            return ""
        return ", or an Effect" + (f" with {' and '.join(parts)}" if parts else "")

    def accepts(self, expected: Any) -> bool:
        """Whether a test vector may expect this."""
        if isinstance(expected, Effect):
            stored = 0 if expected.memory is None else len(expected.memory)
            has_all = stored <= self.stores_bytes and (expected.state is None or self.state_words)
            return bool(self.has_effects and has_all and self.accepts(expected.result))
        results = len(self.encoding.form.results)
        values = expected if results == 2 else () if expected is None else (expected,)
        return isinstance(values, tuple) and len(values) == results and all(map(is_word, values))

    def compare(self, before: Sequence[Any], after: Sequence[Any], found: Any, expected: Any) -> None:
        """Hold what an instruction did to its arguments against a test vector; raises ExtensionError."""
        effect = expected if isinstance(expected, Effect) else Effect(result=expected)
        shown = self.shown(before)
        if not self.stores_bytes and found != _masked(effect.result):
            wanted = hex_text(_masked(effect.result))
            raise ExtensionError(f"test vector {shown} gives {hex_text(found)}, expected {wanted}")
        for name, old, new in zip(self.parameters, before, after, strict=True):
            if name == STATE:
                wanted = old if effect.state is None else _padded(effect.state, np.uint32, self.state_words)
                if (wrong := np.flatnonzero(wanted != new)).size:
                    at = int(wrong[0])
                    raise ExtensionError(
                        f"test vector {shown} gives state word {at} = {new[at]:#x}, expected {wanted[at]:#x}"
                    )
            elif name == MEMORY and self.stores_bytes:
                self._compare_stored(shown, new.view(np.uint8), found, effect.memory or ())

    def _compare_stored(self, shown: str, stored: np.ndarray, mask: int | None, expected: Sequence[int | None]) -> None:
        written = (1 << self.stores_bytes) - 1 if mask is None else mask
        for at in range(self.stores_bytes):
            wanted = expected[at] if at < len(expected) else None
            value = int(stored[at]) if written >> at & 1 else None
            if value != wanted:
                raise ExtensionError(f"test vector {shown} stores {value} in byte {at}, expected {wanted}")

    def shown(self, arguments: Sequence[Any]) -> str:
        """An instruction with its operands as text."""
        values = (a if not isinstance(a, np.ndarray) else _brief(a) for a in arguments)
        return f"{self.name}({', '.join(v if isinstance(v, str) else f'{v:#x}' for v in values)})"


def _register(number: int) -> str:
    return {13: "sp", 14: "lr", 15: "pc"}.get(number, f"r{number}")


def _padded(values: Any, dtype: Any, length: int) -> np.ndarray:
    """An array of a length that begins with some values; raises ExtensionError if they do not fit."""
    try:
        given = [index(v) for v in values]
    except TypeError:
        raise ExtensionError(f"found {values!r}; expected integers") from None
    most = int(np.iinfo(dtype).max)
    if wrong := [v for v in given if not -(most >> 1) - 1 <= v <= most]:
        raise ExtensionError(f"found {wrong[0]}; expected integers of {8 * np.dtype(dtype).itemsize} bits")
    if len(given) > length:
        raise ExtensionError(f"found {len(given)} values; there is room for {length}")
    return np.array([v & most for v in given] + [0] * (length - len(given)), dtype)


def _integer(found: Any) -> int:
    """What semantics return as an integer; raises TypeError for anything else, e.g. a float."""
    return int(found) if isinstance(found, np.bool_) else index(found)


def _brief(array: np.ndarray) -> str:
    nonzero = [f"{at}: {value:#x}" for at, value in enumerate(array.tolist()) if value]
    return "{" + ", ".join(nonzero[:4]) + (", …" if len(nonzero) > 4 else "") + "}"


def is_word(value: Any) -> bool:
    """Whether a value is a 32-bit integer, signed or not."""
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << 31) <= value < 1 << 32


def _masked(result: Any) -> Any:
    if result is None:
        return None
    return tuple(v & 0xFFFFFFFF for v in result) if isinstance(result, tuple) else result & 0xFFFFFFFF


def copied(arguments: Sequence[Any]) -> list[Any]:
    """Arguments of semantics, which change arrays in place, with arrays of their own."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]


def hex_text(result: Any) -> str:
    """What semantics return, as text."""
    if isinstance(result, tuple):
        return f"({', '.join(f'{v:#x}' for v in result)})"
    return "nothing" if result is None else f"{result:#x}"
