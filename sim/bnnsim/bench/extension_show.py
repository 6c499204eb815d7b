"""A checked extension as text for the terminal and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from bnnsim.bench.extension import Check, Checked
from bnnsim.bench.extension_facts import c_prototype, costs, macro, syntax, uses
from bnnsim.isa import Instruction
from bnnsim.isa.diagram import diagram
from bnnsim.report.console import page, plain_table

SCHEMA = 1
_WIDTH = 110
_MOST_NAMES = 3  # of instructions in a row
_STYLE = {"pass": "green", "fail": "bold red", "warning": "yellow", "skipped": "dim"}


def print_checked(checked: Checked) -> None:
    """Print what the extension is, then the table of checks, then what failed at length."""
    with page() as console:
        if (extension := checked.extension) is not None:
            console.print(Text(f"{extension.name}: {extension.description}", "bold"))
            for name, text in (("origin", extension.origin), ("note", extension.note)):
                if text:
                    _print_wrapped(console, f"{name}: {text}")
            if extension.state_words:
                console.print(Text(f"state: {extension.state_words} words of 32 bits, 0 at reset"))
            for instruction in extension.instructions:
                _print_instruction(console, instruction)
        console.print()
        console.print(_table(checked))
        for check in checked.checks:
            if check.outcome in ("fail", "warning", "skipped"):
                name = f"{check.what}{f', {check.instruction}' if check.instruction else ''}"
                console.print(Text(f"{check.outcome}: {name}: {check.text}", _STYLE[check.outcome]), soft_wrap=True)


def _print_instruction(console: Console, instruction: Instruction) -> None:
    console.print(Text(f"\n{syntax(instruction)}", "bold"))
    _print_wrapped(console, instruction.doc)
    console.print(Text(f"\n{textwrap.indent(diagram(instruction.encoding), '  ')}\n"))
    for name, text in _facts(instruction):
        _print_wrapped(console, f"{name:<10} {text}", " " * 11)


def _facts(instruction: Instruction) -> Iterator[tuple[str, str]]:
    encoding = instruction.encoding
    yield "encoding", f"{encoding.form.name}, mask {encoding.mask:#010x}, value {encoding.value:#010x}"
    yield "C", f"{c_prototype(instruction)};"
    yield "assembler", macro(instruction)
    if instruction.memory_bytes:
        yield "memory", f"{'loads' if instruction.loads_bytes else 'stores'} {instruction.memory_bytes} bytes"
    if instruction.primitive:
        yield "primitive", instruction.primitive
    for row in costs(instruction):
        yield "cost", f"{row.cores}: issue cycles {row.issue_cycles}, latency {row.latency} ({row.source})"
    kernels = uses(instruction)
    yield "kernels", ", ".join(kernels) or "none of ours asks for it: needs: [" + instruction.name + "] would"


def _print_wrapped(console: Console, text: str, hang: str = "") -> None:
    width = min(console.width, _WIDTH)
    for line in text.splitlines():
        console.print(Text(textwrap.fill(line, width, subsequent_indent=hang, break_on_hyphens=False)))


def _table(checked: Checked) -> Any:
    """One row for all instructions that passed the same, one for each other check."""
    table = plain_table(("check", "instruction", "outcome", "what was tried"), ())
    rows: dict[tuple[str, ...], list[str]] = {}
    order = list(dict.fromkeys(check.what for check in checked.checks))
    for check in sorted(checked.checks, key=lambda check: order.index(check.what)):
        text = check.text if check.outcome == "pass" else "see below"
        rows.setdefault((check.what, check.outcome, text), []).append(check.instruction)
    for (what, outcome, text), names in rows.items():
        shown = ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} of them"
        table.add_row(what, shown if any(names) else "", Text(outcome, _STYLE[outcome]), text)
    return table


def to_json(checked: Checked) -> str:
    """The JSON of docs/extensions.md."""
    extension = checked.extension
    document = {
        "schema": SCHEMA,
        "extension": checked.name if extension is None else extension.name,
        "right": checked.right,
        "checks": [_check(check) for check in checked.checks],
        "instructions": [_instruction(i) for i in extension.instructions] if extension else [],
    }
    if extension is not None:
        document |= {name: getattr(extension, name) for name in ("description", "origin", "note", "state_words")}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _check(check: Check) -> dict[str, str]:
    return {"check": check.what, **{k: v for k, v in asdict(check).items() if k != "what"}}


def _instruction(i: Instruction) -> dict[str, Any]:
    return {
        "name": i.name,
        "doc": i.doc,
        "form": i.encoding.form.name,
        "mask": f"{i.encoding.mask:#010x}",
        "value": f"{i.encoding.value:#010x}",
        "diagram": diagram(i.encoding),
        "syntax": syntax(i),
        "prototype": c_prototype(i),
        "macro": macro(i),
        "loads_bytes": i.loads_bytes,
        "stores_bytes": i.stores_bytes,
        "costs": [asdict(row) for row in costs(i)],
        "primitive": i.primitive,
        "kernels": uses(i),
    }
