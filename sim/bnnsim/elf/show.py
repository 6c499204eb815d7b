"""A measurement as text for the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bnnsim.elf.listing import Line
from bnnsim.elf.measure import Measurement
from bnnsim.report.console import page

SCHEMA = 1
_WIDEST_STALLS = 60


def to_json(measured: Measurement) -> str:
    """The JSON of docs/time.md."""
    functions = [{"name": f.name, "cycles": f.cycles, "instructions": f.instructions} for f in measured.functions]
    band = measured.band
    document = {
        "schema": SCHEMA,
        "core": measured.core,
        "board": measured.board,
        "clock_hz": measured.clock_hz,
        "cycles": measured.cycles,
        "milliseconds": measured.milliseconds(measured.cycles),
        "instructions": measured.instructions,
        "stalls": dict(measured.stalls),
        "sources": dict(measured.sources),
        "functions": functions,
        "unknown": [
            {
                "address": f"{u.address:#010x}",
                "function": u.function,
                "code": u.code,
                "disassembly": u.disassembly,
                "executions": u.executions,
                "cycles_each": u.cycles_each,
            }
            for u in measured.unknown
        ],
        "includes_unknown": bool(measured.unknown),
        "unvalidated": list(measured.unvalidated),
        "notes": list(measured.notes),
        "exit_code": measured.exit_code,
    }
    if band is not None:
        parameters = {key: list(ends) for key, ends in band.parameters.items()}
        document["band"] = {"cycles": [band.low_cycles, band.high_cycles], "parameters": parameters}
    return json.dumps(document, indent=2) + "\n"


def print_measurement(measured: Measurement, title: str, ended: str, lines: Iterable[Line] | None = None) -> None:
    """Print totals and functions to stdout, and the annotated disassembly if there are lines."""
    with page() as console:
        console.print(Text(title, style="bold"))
        console.print(Text(_summary(measured, ended)))
        for note in _notes(measured):
            console.print(Text(note, style="yellow"))
        console.print(_functions(measured))
        console.print(Text(f"stalls: {stall_text(measured.stalls) or 'none'}", style="dim"))
        console.print(Text(f"cycles rest on: {_shares(measured)}", style="dim"))
        for text in measured.unvalidated:
            console.print(Text(f"not validated: {text}", style="dim"))
        if lines is not None:
            table = _listing(lines)
            console.width = max(console.width, Console(width=1000).measure(table).maximum)
            console.print(table)


def _summary(measured: Measurement, ended: str) -> str:
    cpi = measured.cycles / max(measured.instructions, 1)
    time = measured.milliseconds(measured.cycles)
    at_clock = "" if time is None else f" ({time:,.4g} ms at {(measured.clock_hz or 0) / 1e6:g} MHz)"
    flag = "*" if measured.unknown else ""
    return f"{measured.cycles:,}{flag} cycles{at_clock}, {measured.instructions:,} instructions, CPI {cpi:.2f}; {ended}"


def _notes(measured: Measurement) -> Iterator[str]:
    """What the totals need to be read with: changes of the core, their range, instructions without a cost."""
    yield from measured.notes
    if (band := measured.band) is not None and not band.parameters:
        yield f"no range: the file of core {measured.core} names no uncertain parameters"
    elif band is not None:
        low, high = measured.milliseconds(band.low_cycles), measured.milliseconds(band.high_cycles)
        times = "" if low is None or high is None else f" ({low:,.4g}–{high:,.4g} ms)"
        yield f"{band.low_cycles:,}–{band.high_cycles:,} cycles{times} over the band of the uncertain parameters"
        for key, (lowest, highest) in band.parameters.items():
            yield f"  {key}: {lowest:g} to {highest:g}"
    if measured.unknown:
        number, each = sum(u.executions for u in measured.unknown), measured.unknown[0].cycles_each
        plural = "s" * (each != 1)
        yield f"* all totals include {number:,} instructions without a cost, taken as {each} cycle{plural} each:"
        for u in measured.unknown:
            yield f"  {u.address:#010x} in {u.function}: {u.code} ({u.disassembly}), {u.executions:,} times"


def _functions(measured: Measurement) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("function", no_wrap=True)
    for heading in ("cycles", "share", "instructions", "CPI"):
        table.add_column(heading, justify="right", no_wrap=True)
    flagged = {u.function for u in measured.unknown}
    for f in measured.functions:
        share, cpi = f.cycles / max(measured.cycles, 1), f.cycles / max(f.instructions, 1)
        cycles = f"{f.cycles:,}{'*' if f.name in flagged else ''}"
        table.add_row(Text(f.name), cycles, f"{share:.1%}", f"{f.instructions:,}", f"{cpi:.2f}")
    return table


def stall_text(stalls: Mapping[str, int], most: int | None = None) -> str:
    """Cycles by reason, e.g. "fetch 12, load pipelining −5"; with `most`, the largest first and the rest as "…"."""
    shown = [(reason, cycles) for reason, cycles in stalls.items() if cycles]
    if most is not None:
        shown.sort(key=lambda item: -abs(item[1]))
    texts = [f"{reason.replace('_', ' ')} {'−' if cycles < 0 else ''}{abs(cycles):,}" for reason, cycles in shown]
    while most is not None and len(", ".join(texts)) > most and len(texts) > 1:
        texts = [*texts[: -2 if texts[-1] == "…" else -1], "…"]
    return ", ".join(texts)


def _shares(measured: Measurement) -> str:
    total = max(sum(measured.sources.values()), 1)
    names = {"manual": "manuals", "measured": "measurements", "assumed": "assumptions"}
    return ", ".join(f"{names[kind]} {cycles / total:.1%}" for kind, cycles in measured.sources.items())


def _listing(lines: Iterable[Line]) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading, justify in (("executions", "right"), ("cycles", "right"), ("address", "left"), ("code", "left")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for heading in ("instruction", "stall cycles", "source"):
        table.add_column(heading, no_wrap=True)
    function, source = None, None
    for line in lines:
        if line.function != function:
            function, source = line.function, None
            table.add_section()
            table.add_row("", "", Text(function, style="bold"), "", "", "", "")
        shown = Text(line.source or "" if line.source != source else "", style="dim")
        times, cycles = (f"{n:,}" if line.executions else "–" for n in (line.executions, line.cycles))
        stalls = Text(stall_text(line.stalls, _WIDEST_STALLS))
        table.add_row(times, cycles, f"{line.address:08x}", line.code, Text(line.text), stalls, shown)
        source = line.source
    return table
