"""docs/extensions.md: everything below its mark is generated from the extension files.

`python -m bnnsim.bench.page docs/extensions.md` rewrites what is below the mark.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bnnsim import paths
from bnnsim.bench.extension_facts import c_prototype, costs, macro, syntax
from bnnsim.isa import Extension, Instruction, load_extension
from bnnsim.isa.diagram import diagram

MARK = "<!-- generated below: python -m bnnsim.bench.page docs/extensions.md -->\n"


def generated() -> str:
    """The opcode map and a section for each of our extensions, as Markdown."""
    extensions = [load_extension(name) for name in paths.own_names("extension")]
    lines = ["", "## Opcode map", "", *_opcode_map(extensions)]
    for extension in extensions:
        lines += ["", *_section(extension)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def with_generated(text: str) -> str:
    """A page with its generated part made anew. Raises ValueError if it has no mark."""
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"the page has no line {MARK.strip()!r}")
    return head + mark + generated()


def _opcode_map(extensions: Iterable[Extension]) -> Iterator[str]:
    yield "| coprocessor | form | op | modifier | imm | instruction | extension |"
    yield "|---:|---|---:|---:|---|---|---|"
    rows = [(i.encoding, i, e) for e in extensions for i in e.instructions]
    rows.sort(key=lambda row: (row[0].coprocessor, row[0].form.name, row[0].op, row[0].modifier, row[2].name))
    for encoding, i, e in rows:
        bits = encoding.immediate_bits
        imm = f"{bits} bit{'s' * (bits > 1)}" if bits else ""
        where = encoding.coprocessor if encoding.form.owner else ""
        link = f"[{e.name}](#{_anchor(e.name)})"
        yield f"| {where} | {encoding.form.name} | {encoding.op} | {encoding.modifier} | {imm} | `{i.name}` | {link} |"


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _section(extension: Extension) -> Iterator[str]:
    yield f"## {extension.name}"
    yield ""
    yield extension.description
    facts = [("From", extension.origin), ("Note", extension.note)]
    if extension.state_words:
        facts.append(("State", f"{extension.state_words} words of 32 bits, 0 at reset"))
    for name, text in facts:
        if text:
            yield from ("", f"{name}: {text.rstrip('.')}.")
    source = _Source(Path(extension.path))
    helpers: dict[str, str] = {}
    for instruction in extension.instructions:
        yield ""
        yield from _instruction(instruction, source)
        helpers |= source.helpers_of(instruction.semantics.__name__)
    if helpers:
        yield from ("", "Helper functions:", "", "```python")
        yield "\n\n\n".join(helpers.values())
        yield "```"
    if modules := sorted({m for i in extension.instructions for m in _modules(i)}):
        named = ", ".join(f"`{name}` (`sim/{name.replace('.', '/')}.py`)" for name in modules)
        yield from ("", f"What the semantics call beside that is in {named}.")


def _modules(instruction: Instruction) -> Iterator[str]:
    """Modules whose functions an instruction's semantics use."""
    semantics: Any = instruction.semantics
    for name in semantics.__code__.co_names:
        if isinstance(module := semantics.__globals__.get(name), types.ModuleType):
            yield module.__name__


def _instruction(i: Instruction, source: _Source) -> Iterator[str]:
    encoding = i.encoding
    yield f"### {syntax(i)}"
    yield ""
    yield i.doc
    yield from ("", "```python", source.function(i.semantics.__name__), "```")
    yield from ("", "```text", diagram(encoding), "```", "")
    yield f"- C: `{c_prototype(i)}`, in assembly `{macro(i)}`"
    yield f"- Encoding: {encoding.form.name}, mask `{encoding.mask:#010x}`, value `{encoding.value:#010x}`"
    if i.memory_bytes:
        verb = "loads" if i.loads_bytes else "stores"
        yield f"- Memory: {verb} {i.memory_bytes} bytes at `[n]`, then adds the step to `n`"
    if i.primitive:
        yield f"- Serves kernels that are written against `{i.primitive}`"
    for row in costs(i):
        reason = row.source[:1].upper() + row.source[1:]
        yield f"- Cycles on {row.cores}: issue {row.issue_cycles}; latency {row.latency}. {reason}"


class _Source:
    """The functions of an extension's file, as they are written there, without decorators and docstrings."""

    def __init__(self, path: Path):
        text = path.read_text(encoding="utf-8")
        self._lines = text.splitlines()
        self._functions = {n.name: n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}

    def function(self, name: str) -> str:
        """The text of a function."""
        node = self._functions[name]
        kept = self._lines[node.lineno - 1 : node.end_lineno]
        if ast.get_docstring(node, clean=False) is not None:
            doc = node.body[0]
            kept = self._lines[node.lineno - 1 : doc.lineno - 1] + self._lines[doc.end_lineno or 0 : node.end_lineno]
        return "\n".join(kept)

    def helpers_of(self, name: str) -> dict[str, str]:
        """The functions of the same file that a function calls, directly or not, by name."""
        found: dict[str, str] = {}
        waiting = [name]
        while waiting:
            body = ast.Module(self._functions[waiting.pop()].body, [])
            calls = (node.func for node in ast.walk(body) if isinstance(node, ast.Call))
            called = {function.id for function in calls if isinstance(function, ast.Name)}
            for each in sorted((called & self._functions.keys()) - found.keys() - {name}):
                found[each] = self.function(each)
                waiting.append(each)
        return found


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_generated(page.read_text(encoding="utf-8")), encoding="utf-8")
