"""A profile in Callgrind's format, for KCachegrind and callgrind_annotate (Valgrind manual, "Callgrind Format")."""

from __future__ import annotations

from collections.abc import Iterator

from bnnsim import __version__
from bnnsim.elf.listing import source_at
from bnnsim.elf.measure import Measurement
from bnnsim.elf.names import Names
from bnnsim.elf.profile import Costs, Profile

_NO_FILE = "???"


def to_callgrind(measured: Measurement, profile: Profile, command: str) -> str:
    """Costs by instruction and source line, and calls with the inclusive costs of `profile`."""
    return "\n".join(_Writer(measured, profile).lines(command)) + "\n"


class _Writer:
    def __init__(self, measured: Measurement, profile: Profile):
        self.image, self.profile, self.title = measured.image, profile, f"{measured.core} {measured.board}"
        self.names = Names(measured.image)
        nothing = (0,) * len(profile.events)
        calls = [pair for group in profile.groups for pair in group.calls]
        calls += [(call, nothing) for call in profile.inside]
        self.by_caller: dict[str, list[tuple[int, list[str]]]] = {}
        for call, inclusive in calls:
            file, line = self.line(call.target)
            text = [f"cfi={file}", f"cfn={call.callee}", f"calls={call.count} {call.target:#x} {line}"]
            text.append(self.costs(call.site, inclusive))
            self.by_caller.setdefault(call.caller, []).append((call.site, text))

    def line(self, address: int) -> tuple[str, int]:
        """File and line of an address, "???" and 0 if there is none."""
        file, _, line = (source_at(self.image, address) or f"{_NO_FILE}:0").rpartition(":")
        return file, int(line)

    def costs(self, address: int, costs: Costs) -> str:
        return f"{address:#x} {self.line(address)[1]} {' '.join(map(str, costs))}"

    def lines(self, command: str) -> Iterator[str]:
        profile = self.profile
        yield "# callgrind format"
        yield "version: 1"
        yield f"creator: bnnsim {__version__}"
        yield f"cmd: {command}"
        yield f"desc: Core and board: {self.title}"
        yield "desc: Costs of calls: shared among callers by call counts"
        yield "positions: instr line"
        yield f"events: {' '.join(profile.events)}"
        totals = " ".join(str(sum(c[n] for c in profile.at.values())) for n in range(len(profile.events)))
        yield f"summary: {totals}"
        addresses: dict[str, list[int]] = {}
        for address in profile.at:
            addresses.setdefault(self.names.function(address), []).append(address)
        for name in profile.functions:
            yield ""
            yield from self.function(name, addresses.get(name, []))
        yield ""
        yield f"totals: {totals}"

    def function(self, name: str, addresses: list[int]) -> Iterator[str]:
        """One function: its file, then costs and calls in order of addresses, with a note where the file changes."""
        calls = self.by_caller.get(name, [])
        items = [(address, 0, [self.costs(address, self.profile.at[address])]) for address in addresses]
        items += [(site, 1, text) for site, text in calls]
        items.sort(key=lambda item: item[:2])
        first = self.names.find(items[0][0])[1] if items else 0
        file = own = self.line(first)[0]
        yield f"fl={own}"
        yield f"fn={name}"
        for address, _, text in items:
            here = self.line(address)[0]
            here = own if here == _NO_FILE else here  # of no line, but still the function's
            if here != file:
                yield f"{'fe' if here == own else 'fi'}={here}"
                file = here
            yield from text
