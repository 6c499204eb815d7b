"""An ISA extension as its author writes it: a name and instructions, filled by a decorator that checks them."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from bnnsim.errors import ExtensionError, nearest
from bnnsim.isa.cost import Cost, Source
from bnnsim.isa.encoding import Encoding
from bnnsim.isa.instruction import MEMORY, STATE, Instruction, s32, u32
from bnnsim.isa.primitive import PRIMITIVES

# C11, 6.4.1, what GNU C adds, and what isa.h uses: no names for intrinsics. Python excludes its keywords itself.
_C_WORDS = {
    "asm", "auto", "case", "char", "const", "default", "do", "double", "enum", "extern", "float", "goto", "inline",
    "int", "long", "main", "register", "restrict", "short", "signed", "sizeof", "static", "struct", "switch",
    "typedef", "typeof", "union", "unsigned", "void", "volatile",
    # types of isa.h and operands, whose names the intrinsics' own parameters have
    "uint32_t", "uint64_t", "d", "d_hi", "n", "n_hi", "m", "m_hi", "step_bytes",
}  # fmt: skip
_TYPES = (inspect.Parameter.empty, int, u32, s32)  # of operands
MOST_MEMORY_BYTES, MOST_STATE_WORDS = 64, 1 << 16


@dataclass
class Extension:
    """A named set of instructions, filled by the `instruction` decorator.

    name: what `--isa` calls it; description: one sentence; origin: where the idea comes from; state_words: 32-bit
    words that a unit keeps between instructions, 0 at reset; note: what every report that uses it must say.
    `digest`, `path` are set by the loader.
    """

    name: str
    description: str
    instructions: tuple[Instruction, ...] = ()
    path: str = ""
    digest: str = ""
    origin: str = ""
    state_words: int = 0
    note: str = ""
    _names: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", self.name):
            raise ExtensionError(f"extension name {self.name!r}: allowed are letters, digits, '_' and '-'")
        if self.name == "base":
            raise ExtensionError("extension name 'base' is the core's own instruction set")
        for key in ("description", "origin", "note"):
            if not isinstance(found := getattr(self, key), str):
                raise ExtensionError(f"{self.name}: {key}={found!r}; expected text")
        if not isinstance(self.state_words, int) or not 0 <= self.state_words <= MOST_STATE_WORDS:
            raise ExtensionError(f"{self.name}: state_words={self.state_words!r}; allowed are 0 to {MOST_STATE_WORDS}")

    def instruction(
        self,
        encoding: Encoding,
        *,
        source: Source,
        vectors: Sequence[tuple[tuple[Any, ...], Any]],
        issue_cycles: int | str = 1,
        latency: int | str = 1,
        on_core: Mapping[str, Cost] | None = None,
        primitive: str | None = None,
        loads_bytes: int = 0,
        stores_bytes: int = 0,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register the decorated function as an instruction's semantics.

        encoding: e.g. CX2(op=0); issue_cycles, latency, source, on_core: see `Cost`; vectors: (operands, result)
        pairs, at least one, or (operands, Effect) where there is state or memory; primitive: one of PRIMITIVES that
        it implements, so that kernels written against it use this instruction; loads_bytes, stores_bytes: of LDC and
        STC forms, multiples of four.
        The semantics take the form's operands by name and in this order: CX2 (n), CX2A (d, n), CX3 (n, m), CX3A
        (d, n, m); 64-bit ones in halves, e.g. CX3DA (d, d_hi, n, m); then imm, state and memory as far as there are.
        They return the destination's value, a tuple (low, high) for a 64-bit one; what stores returns None, or a
        mask of the bytes that it writes. Raises ExtensionError for anything out of range.
        """

        def register(semantics: Callable[..., Any]) -> Callable[..., Any]:
            try:
                cost = Cost(issue_cycles, latency, source)
                made = _make(self, semantics, encoding, cost, primitive, (loads_bytes, stores_bytes))
                made = _with_vectors(made, vectors, {} if on_core is None else on_core)
            except ExtensionError as error:
                name = semantics.__name__
                raise ExtensionError(str(error) if name in str(error) else f"{name}: {error}") from None
            if made.name in self._names:
                raise ExtensionError(f"two instructions are called {made.name!r}")
            self._names.add(made.name)
            self.instructions += (made,)
            return semantics

        return register


def _make(
    extension: Extension,
    semantics: Callable[..., Any],
    encoding: Encoding,
    cost: Cost,
    primitive: str | None,
    memory: tuple[int, int],
) -> Instruction:
    name = semantics.__name__
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name) or name in _C_WORDS or name[0] == "_":
        raise ExtensionError(f"instruction name {name!r} cannot be a C intrinsic's name")
    if name.lower().startswith("bnnsim_"):
        raise ExtensionError(f"instruction name {name!r}: isa.h itself has the names that begin with bnnsim_")
    if not isinstance(encoding, Encoding):
        raise ExtensionError(f"{name}: encoding is {encoding!r}; expected e.g. CX2(op=0)")
    if primitive is not None and primitive not in PRIMITIVES:
        raise ExtensionError(
            f"{name}: unknown primitive {primitive!r}; known: {', '.join(PRIMITIVES)}" + nearest(primitive, PRIMITIVES)
        )
    operands = encoding.operands
    if primitive is not None and PRIMITIVES[primitive].operands != operands:
        raise ExtensionError(
            f"{name}: primitive {primitive!r} has operands {PRIMITIVES[primitive].operands}, "
            f"form {encoding.form.name} has {operands}"
        )
    _check_memory(name, encoding, memory)
    parameters: dict[str, Any] = dict(inspect.signature(semantics, eval_str=True).parameters)
    expected = operands + ((STATE,) if extension.state_words else ()) + ((MEMORY,) if any(memory) else ())
    if tuple(parameters) != expected:
        unknown = next((p for p in parameters if p not in expected), "")
        raise ExtensionError(
            f"{name}: form {encoding.form.name} has operands ({', '.join(expected)}), "
            f"the semantics take ({', '.join(parameters)})" + (nearest(unknown, expected) if unknown else "")
        )
    for parameter in parameters.values():
        if parameter.annotation not in _TYPES and parameter.name not in (STATE, MEMORY):
            raise ExtensionError(
                f"{name}: {parameter.name} has the type {parameter.annotation!r}; operands are u32 or s32"
            )
    return Instruction(
        name=name,
        encoding=encoding,
        cost=cost,
        semantics=semantics,
        parameters=expected,
        signed=tuple(p.annotation is s32 for p in parameters.values()),
        vectors=(),
        primitive=primitive,
        doc=inspect.getdoc(semantics) or "",
        line=semantics.__code__.co_firstlineno,
        loads_bytes=memory[0],
        stores_bytes=memory[1],
        state_words=extension.state_words,
    )


def _check_memory(name: str, encoding: Encoding, memory: tuple[int, int]) -> None:
    addressed = any(f.kind == "base" for f in encoding.form.fields)
    for argument, found in zip(("loads_bytes", "stores_bytes"), memory, strict=True):
        if not isinstance(found, int) or found % 4 or not 0 <= found <= MOST_MEMORY_BYTES:
            raise ExtensionError(f"{name}: {argument}={found!r}; expected a multiple of 4, up to {MOST_MEMORY_BYTES}")
    if addressed != (sum(map(bool, memory)) == 1) or (encoding.form.name == "STC") != (memory[1] > 0):
        raise ExtensionError(f"{name}: LDC forms take loads_bytes, STC forms take stores_bytes, no other form either")


def _with_vectors(made: Instruction, vectors: Any, on_core: Any) -> Instruction:
    if not (vectors := list(vectors) if isinstance(vectors, Iterable) else vectors):
        raise ExtensionError(f"{made.name}: no test vectors; give at least one ((operands), result)")
    if not isinstance(vectors, list):
        raise ExtensionError(f"{made.name}: vectors={vectors!r}; expected a list of ((operands), result)")
    for vector in vectors:
        match vector:
            case (tuple() | list() as operands, expected) if made.accepts(expected):
                made.arguments(operands)
            case _:
                raise ExtensionError(
                    f"{made.name}: test vector {vector!r}; expected ((operands), result), result being "
                    f"{made.result_text}{made.effect_text}"
                )
    costs = on_core.items() if isinstance(on_core, Mapping) else ((None, None),)
    for core_name, cost in costs:
        if not isinstance(core_name, str) or not isinstance(cost, Cost):
            raise ExtensionError(f"{made.name}: on_core={on_core!r}; expected core names and Cost(…)")
    kept = tuple((tuple(operands), expected) for operands, expected in vectors)
    return replace(made, vectors=kept, on_core=MappingProxyType(dict(on_core)))
