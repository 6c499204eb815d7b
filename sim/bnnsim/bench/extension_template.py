"""An extension to start from: one instruction of any form, with an encoding that no known extension has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bnnsim.errors import UsageError, nearest
from bnnsim.isa.encoding import COPROCESSORS, FORMS, Encoding, Form
from bnnsim.isa.inspect import known_extensions

DEFAULT_FORM = "CX3A"
_TEMPLATE = '''\
"""{name}: say here in a sentence what the instruction is for.

Check it: bnnsim check ./{name}.py. Kernels that name it under needs call {name}(…): docs/custom-instruction.md.
"""

from bnnsim.isa import {imports}

extension = Extension(
    "{name}",
    "{description}",
    origin="a template; say here where the idea comes from",
{state})


@extension.instruction(
    # {where}
    {encoding},
    issue_cycles=1,  # how long it keeps the next instruction from issuing
    latency=1,  # from its issue until another instruction can use its result without waiting
    source=Source.assumed("a template; say here why it takes so long: its gates, and what the core's adder takes"),
    # {vector_head}: work these out by hand
    vectors=[
{vectors}
    ],
{keys})
def {name}({parameters}){returns}:
    """{doc}"""
{body}
'''
_SOME = (0, 1, 0x80000000, 0xFFFFFFFF, 0x12345678, 0xF0F0A5A5)  # operands of test vectors
_VECTORS = 5
_WITH_IMMEDIATE, _IMMEDIATE_BITS = ("CX1", "CDP"), 2  # forms with no register to compute with
_STATE_WORDS = 2  # what an instruction that loads or stores fills or empties: eight bytes
_EVERY_BYTE = "return 0xFF  # bit mask of the bytes that are written"
_MEMORY = (1, 2, 3, 4, 0, 0, 0, 8)  # bytes in test vectors


def template(name: str, form_name: str = DEFAULT_FORM) -> str:
    """Return the text of an extension with one instruction of a form. Raises UsageError for an unknown form."""
    if form_name not in FORMS:
        known = ", ".join(FORMS)
        raise UsageError(f"--form: found {form_name!r}; allowed: {known}{nearest(form_name, FORMS)}")
    form = FORMS[form_name]
    immediate_bits = _IMMEDIATE_BITS if form.name.startswith(_WITH_IMMEDIATE) else 0
    encoding = free_encoding(form, immediate_bits)
    draft = _draft(form, encoding)
    constants = [f"op={encoding.op}", *([f"coprocessor={encoding.coprocessor}"] if encoding.coprocessor else [])]
    constants += [f"immediate_bits={immediate_bits}"] if immediate_bits else []
    typed = {p: "" if p in ("imm", "state", "memory") else ": u32" for p in draft.parameters}
    results = {0: "", 1: " -> u32", 2: " -> tuple[u32, u32]"}[len(form.results)]
    imports = {form_name, "Extension", "Source"} | ({"u32"} if any(typed.values()) or results else set())
    imports |= {"Effect"} if draft.state else set()
    return _TEMPLATE.format(
        name=name,
        imports=", ".join(sorted(imports, key=_isort_key)),
        description=draft.doc.splitlines()[0],
        state=f"    state_words={_STATE_WORDS},  # what the unit keeps between instructions\n" if draft.state else "",
        where=_where(encoding),
        encoding=f"{form_name}({', '.join(constants)})",
        vector_head=f"({_tuple(draft.parameters)}, {draft.expects})",
        vectors="\n".join(f"        {vector}," for vector in _vectors(draft)),
        keys="".join(f"    {key},\n" for key in _memory(form)),
        parameters=", ".join(f"{p}{kind}" for p, kind in typed.items()),
        returns=results,
        doc=draft.doc,
        body="\n".join(f"    {line}" for line in draft.body),
    )


def free_encoding(form: Form, immediate_bits: int = 0) -> Encoding:
    """The first op that no known extension uses, of the first coprocessor number that has not the other kind of form.

    Raises UsageError if there is none.
    """
    taken = [i.encoding for e in known_extensions() for i in e.instructions]
    owners = {t.coprocessor: t.form.owner for t in taken if t.form.owner}
    ops = 1 << (len(form.immediate_at) - max(form.modifier_bits, immediate_bits))
    for coprocessor in COPROCESSORS:
        if owners.get(coprocessor, form.owner) != form.owner:
            continue
        for op in range(ops):
            encoding = Encoding(form, op, 0, coprocessor, immediate_bits)
            if not any(encoding.overlaps(other) for other in taken):
                return encoding
    raise UsageError(f"--form: extensions use every encoding of {form.name}; choose another form")


@dataclass(frozen=True)
class _Draft:
    """Example semantics: what they take and do, and what a test vector expects of them."""

    parameters: tuple[str, ...]
    doc: str
    body: tuple[str, ...]
    results: int
    state: bool

    @property
    def expects(self) -> str:
        if self.state:
            return "Effect"
        return "result" if self.results == 1 else "(low, high)"


def _sources(form: Form) -> list[str]:
    """Operands beside the destination's old value."""
    return [name for name in form.operands if not name.startswith("d")]


def _memory(form: Form) -> list[str]:
    key = {"LDC": "loads_bytes", "STC": "stores_bytes"}.get(form.name)
    return [f"{key}={4 * _STATE_WORDS}"] if key else []


def _draft(form: Form, encoding: Encoding) -> _Draft:
    if form.owner == "coprocessor":
        return _unit_draft(form, encoding)
    old = [name for name in form.operands if name.startswith("d")]
    values, said = _values([*_sources(form), *(["imm"] if encoding.immediate_bits else [])])
    if old:
        values = [f"{name} + ({value})" for name, value in zip(old, values, strict=False)]
    values = values[: len(form.results)]
    doc = f"{'Add to d' if old else 'Return'} {said[len(values) - 1]}."
    return _Draft(encoding.operands, doc, (f"return {', '.join(values)}",), len(values), False)


def _values(sources: list[str]) -> tuple[list[str], tuple[str, str]]:
    """Expressions of some operands for both halves of a result; in words: the first one, and both."""
    match sources:
        case ["n", "n_hi", "m", "m_hi"]:
            return ["n & ~m", "n_hi & ~m_hi"], ("", "the bits of n that m has not")
        case ["m", "m_hi"]:
            return ["m ^ (m >> 1)", "m_hi ^ (m_hi >> 1)"], ("", "the Gray codes of both halves of m")
        case ["n", "m"]:
            one = "the bits of n that m has not"
            return ["n & ~m", "m & ~n"], (one, f"{one}, to the high half those of m that n has not")
        case [only]:
            code = f"the Gray code of {only}"
            return [f"{only} ^ ({only} >> 1)", f"{only} >> 1"], (code, f"{code}, to the high half {only} >> 1")
    raise AssertionError(sources)


def _unit_draft(form: Form, encoding: Encoding) -> _Draft:
    """A unit with two words of state: forms of a coprocessor move them or change them."""
    texts: dict[str, tuple[str, tuple[str, ...]]] = {
        "CDP": ("Add imm to the first word of the state.", ("state[0] = (state[0] + imm) & 0xFFFFFFFF",)),
        "MCR": ("Move n to the first word of the state.", ("state[0] = n",)),
        "MRC": ("Return the first word of the state.", ("return state[0]",)),
        "MCRR": ("Move n and m to the state.", ("state[0] = n", "state[1] = m")),
        "MRRC": ("Return both words of the state.", ("return state[0], state[1]",)),
        "LDC": ("Load both words of the state.", ("state[0] = memory[0]", "state[1] = memory[1]")),
        "STC": ("Store both words of the state.", ("memory[0] = state[0]", "memory[1] = state[1]", _EVERY_BYTE)),
    }
    doc, body = texts[form.name]
    memory = ("memory",) if _memory(form) else ()
    return _Draft((*encoding.operands, "state", *memory), doc, body, len(form.results), True)


def _vectors(draft: _Draft) -> list[str]:
    """Test vectors of example semantics, which are run for them."""
    scope: dict[str, Any] = {}
    exec(f"def run({', '.join(draft.parameters)}):\n" + "".join(f"    {line}\n" for line in draft.body), scope)
    found = []
    for number in range(_VECTORS):
        places = ((number * (at + 1) + at) % len(_SOME) for at in range(len(draft.parameters)))
        values: dict[str, Any] = {p: _SOME[place] for p, place in zip(draft.parameters, places, strict=True)}
        if "imm" in values:
            values["imm"] = number % (1 << _IMMEDIATE_BITS)
        words = [number, 1 << 31 if number == 1 else 16 * number + 10]
        if "state" in values:
            values["state"] = words.copy()
        if "memory" in values:
            values["memory"] = _as_words(_MEMORY) if number % 2 else [0] * _STATE_WORDS
        before = _tuple([_shown(p, value) for p, value in values.items()])
        result = scope["run"](**values)
        found.append(f"({before}, {_expected(draft, values, result)})")
    return list(dict.fromkeys(found))


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def _as_words(data: Iterable[int]) -> list[int]:
    raw = bytes(data)
    return [int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 4)]


def _shown(parameter: str, value: Any) -> str:
    if parameter == "memory":  # bytes
        return str([byte for word in value for byte in word.to_bytes(4, "little")])
    return f"[{', '.join(map(_hex, value))}]" if isinstance(value, list) else _hex(value)


def _expected(draft: _Draft, after: dict[str, Any], result: Any) -> str:
    values = result if isinstance(result, tuple) else (result,) * draft.results
    shown = [_hex(value & 0xFFFFFFFF) for value in values]
    text = f"({', '.join(shown)})" if draft.results == 2 else "".join(shown)
    if not draft.state:
        return text
    parts = [text] if text else []
    parts += [f"state={_shown('state', after['state'])}"]
    if "memory" in after and not any("= memory" in line for line in draft.body):
        parts.append(f"memory={_shown('memory', after['memory'])}")
    return f"Effect({', '.join(parts)})"


def _hex(value: int) -> str:
    return str(value) if value < 10 else f"{value:#x}" if value < 1 << 16 else f"0x{value:08X}"


def _where(encoding: Encoding) -> str:
    kind = "Custom Datapath Extension" if encoding.form.owner == "CDE" else "coprocessor instruction"
    fields = [
        f"{f.name} is {'read and written' if f.read and f.written else 'written' if f.written else 'read'}"
        for f in encoding.form.fields
    ]
    return f"{kind}, coprocessor {encoding.coprocessor}" + (f": {', '.join(fields)}" if fields else "")


def _isort_key(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)
