"""`bnnsim list`: what there is to name on the command line and in experiment files."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from bnnsim import paths
from bnnsim.errors import BnnsimError


@dataclass(frozen=True)
class Item:
    """One listed thing: `facts` for --json, `details` as lines of text, `broken`: why it cannot be used."""

    name: str
    description: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    details: tuple[str, ...] = ()
    broken: str | None = None


def _each(kind: str, load: Callable[[str], Item]) -> Iterator[Item]:
    """Load everything of one kind; what cannot be loaded becomes a broken item."""
    for name in paths.names(kind):
        try:
            yield load(name)
        except BnnsimError as error:
            yield Item(name, broken=str(error))


def _extensions() -> Iterator[Item]:
    from bnnsim.isa import load_extension

    def load(name: str) -> Item:
        extension = load_extension(name)
        instructions = [
            {
                "name": i.name,
                "form": i.encoding.form.name,
                "issue_cycles": i.cost.issue_cycles,
                "latency": i.cost.latency,
                "on_core": {
                    name: {"issue_cycles": c.issue_cycles, "latency": c.latency} for name, c in i.on_core.items()
                },
                "source": {"kind": i.cost.source.kind, "ref": i.cost.source.ref},
                "primitive": i.primitive,
                "doc": i.doc,
            }
            for i in extension.instructions
        ]
        details = tuple(
            f"{i.name} ({i.encoding.form.name}): {i.doc} Issue cycles {i.cost.issue_cycles}, latency {i.cost.latency}, "
            f"{i.cost.source.kind}: {i.cost.source.ref}"
            for i in extension.instructions
        )
        notes = (f"note: {extension.note}",) if extension.note else ()
        facts = {"instructions": instructions, "note": extension.note}
        return Item(name, extension.description, facts, (*details, *notes))

    yield Item("base", "The core's own instructions, no extension.", {"instructions": []})
    yield from _each("extension", load)


def _cores() -> Iterator[Item]:
    from bnnsim.timing.core import core_notes, load_core

    def load(name: str) -> Item:
        core = load_core(name)
        facts = {"features": list(core.features), "unvalidated": list(core.unvalidated)}
        facts |= {"data_port_bits": core.data_port.bits, "core_change": core.change}
        detail = f"features: {', '.join(core.features) or 'none'}"
        port = f"data port of {core.data_port.bits} bits, {core.data_port.source.kind}: {core.data_port.source.ref}"
        return Item(name, core.description, facts, (detail, port, *core_notes(core), *_not_validated(core.unvalidated)))

    yield from _each("core", load)


def _not_validated(texts: Iterable[str]) -> Iterator[str]:
    return (f"not validated: {text}" for text in texts)


def _boards() -> Iterator[Item]:
    from bnnsim.timing.board import load_board

    def load(name: str) -> Item:
        board = load_board(name)
        facts = {"real": board.real, "clock_hz": board.clock_hz}
        facts |= {"flash_bytes": board.flash.bytes, "ram_bytes": board.ram.bytes, "core": board.core}
        facts |= {"memory": {n: r.text for n, r in board.memory.items()}, "unvalidated": list(board.unvalidated)}
        detail = (
            f"{'a real part' if board.real else 'no real part'}{f' with {board.core}' if board.core else ''}, "
            f"{board.clock_hz / 1e6:g} MHz, "
            f"{board.flash.bytes:,} bytes of flash, {board.ram.bytes:,} of RAM"
        )
        memory = (f"{n}: {region.text}" for n, region in board.memory.items())
        return Item(name, board.description, facts, (detail, *memory, *_not_validated(board.unvalidated)))

    yield from _each("board", load)


def _networks() -> Iterator[Item]:
    from pydantic import BaseModel

    from bnnsim.model.network import load_network
    from bnnsim.yamlfile import load_yaml

    class Described(BaseModel):
        description: str = ""

    def load(name: str) -> Item:
        network = load_network(name)
        layers = [
            {
                "name": layer.name,
                "operator": layer.operator,
                "output": list(layer.output.shape),
                "macs": layer.macs,
            }
            for layer in network.layers
        ]
        details = tuple(
            f"{layer.name}: {layer.operator}, {'×'.join(map(str, layer.input.shape))} → "
            f"{'×'.join(map(str, layer.output.shape))}"
            + (f", {layer.macs:,} multiply-accumulates" if layer.macs else "")
            for layer in network.layers
        )
        text = load_yaml(paths.find("network", name), Described).description
        return Item(name, " ".join(text.split()), {"layers": layers}, details)

    yield from _each("network", load)


def _kernels() -> Iterator[Item]:
    from bnnsim.model.kernels import load_kernels

    try:
        kernels = load_kernels()
    except BnnsimError as error:
        yield from (Item("kernel", broken=line) for line in str(error).splitlines())
        return
    for k in kernels:
        needs = ", ".join(k.needs) or "nothing beyond the base ISA"
        time = "time does not depend on data" if k.fixed_time else "time depends on data: used only when asked for"
        facts = {
            "operator": k.operator,
            "variant": k.variant,
            "needs": list(k.needs),
            "fixed_time": k.fixed_time,
        }
        idea = " ".join(k.idea.split())
        yield Item(f"{k.operator}={k.variant}", idea, facts, (f"needs {needs}; {time}",))


def _operators() -> Iterator[Item]:
    from bnnsim.model.cbin_nn import TABLE
    from bnnsim.model.operators import OPERATORS

    for op in OPERATORS.values():
        facts = {"family": op.family, "reads": list(op.reads), "weights": op.weights, "keys": list(op.keys)}
        yield Item(op.name, f"{op.summary}.", facts, (f"keys: {', '.join(op.keys) or 'none'}",))
    for row in TABLE.values():
        prelu = ", prelu: true" if row.prelu else ""
        facts = {"family": "CBin-NN", "operator": row.operator, "variant": row.variant, "prelu": row.prelu}
        yield Item(f"CBin-NN {row.name}", f"operator: {row.operator}, variant: {row.variant}{prelu}", facts)


def _experiments() -> Iterator[Item]:
    from bnnsim.study.config import load_study

    def load(name: str) -> Item:
        study = load_study(name)
        facts = {"network": study.network, "cores": list(study.cores), "isa": list(study.isa)}
        detail = f"{study.network} on {', '.join(study.cores)}: {', '.join(study.isa)}"
        return Item(name, study.description, facts, (detail,))

    yield from _each("experiment", load)


def _toolchains() -> Iterator[Item]:
    from bnnsim.build.toolchain import NAMES, load_toolchain

    for name in NAMES:
        try:
            yield Item(name, load_toolchain(name, "cortex-m4").version)
        except BnnsimError as error:
            yield Item(name, broken=str(error))


SECTIONS: dict[str, Callable[[], Iterator[Item]]] = {
    "extensions": _extensions,
    "cores": _cores,
    "boards": _boards,
    "networks": _networks,
    "operators": _operators,
    "kernels": _kernels,
    "experiments": _experiments,
    "toolchains": _toolchains,
}


@click.command(
    "list",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  bnnsim list                       # everything, one line each
  bnnsim list extensions            # with instructions, their costs and where those come from
  bnnsim list kernels --json
""",
)
@click.argument("what", type=click.Choice(list(SECTIONS)), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str | None, as_json: bool) -> None:
    """Show the extensions, cores, boards, networks, operators, kernels, experiments and toolchains there are.

    A file that cannot be used is listed as broken, with the reason.
    """
    found = {name: list(SECTIONS[name]()) for name in ([what] if what else SECTIONS)}
    if as_json:
        click.echo(json.dumps({name: [_plain(item) for item in items] for name, items in found.items()}, indent=2))
        return
    width = min(shutil.get_terminal_size((110, 24)).columns, 110)
    for position, (name, items) in enumerate(found.items()):
        if not what:
            click.echo(("\n" if position else "") + click.style(name, bold=True))
        _print(items, width, indent=0 if what else 2, details=what is not None)


def _plain(item: Item) -> dict[str, Any]:
    plain = {"name": item.name, "description": item.description, **item.facts}
    return {**plain, "broken": item.broken} if item.broken else plain


def _print(items: list[Item], width: int, indent: int, details: bool) -> None:
    column = indent + max((len(item.name) for item in items), default=0) + 2
    for item in items:
        name = " " * indent + item.name.ljust(column - indent)
        hang = " " * column
        for number, problem in enumerate((item.broken or "").splitlines()):
            click.echo((name if number == 0 else hang) + click.style("broken: ", fg="red") + problem)
        if not item.broken:
            text = item.description
            if not details:
                text = textwrap.shorten(text, max(width - column, 20), placeholder=" …")
            click.echo(textwrap.fill(text, width, initial_indent=name, subsequent_indent=hang))
        for detail in item.details if details else ():
            text = textwrap.fill(detail, width, initial_indent=hang, subsequent_indent=hang + "  ")
            click.echo(click.style(text, dim=True))
