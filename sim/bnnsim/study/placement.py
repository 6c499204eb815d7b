"""Where the parts of a program lie on a board, and at which addresses the emulator has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bnnsim.build.image import Image
from bnnsim.emulate.plan import PAGE, RAM_WINDOW, WINDOW_STEP, Plan, Region
from bnnsim.timing.board import Board, Place

_FIRST_WINDOW = 0x2000_0000 + RAM_WINDOW


@dataclass(frozen=True)
class Placement:
    """A board and the memory of each part of the program.

    Code and what lies in flash run at their own addresses; RAM that is written, or holds constants, is moved into a
    window (see `RAM_WINDOW`). Code in RAM is loaded there directly: the copying at startup is not counted anyway.
    """

    board: Board
    place: Place

    @cached_property
    def _windows(self) -> Mapping[str, int]:
        """Address in the emulator of each RAM that holds data."""
        names = (self.place.activations, self.place.stack, self.place.weights)
        used = dict.fromkeys(name for name in names if self.board.memory[name].kind == "ram")
        return {
            name: _FIRST_WINDOW + number * WINDOW_STEP + self.board.memory[name].address % PAGE
            for number, name in enumerate(used)
        }

    @property
    def addresses(self) -> dict[str, int]:
        """Where the linker puts each part."""
        found = {part: self._windows.get(n, self.board.memory[n].address) for part, n in self.place}
        return found | {"code": self.board.memory[self.place.code].address}

    @property
    def regions(self) -> tuple[Region, ...]:
        """The memories in use as the emulator maps them, in whole pages: blocks end at page boundaries."""
        memory = self.board.memory
        fixed = dict.fromkeys((self.place.code, self.place.weights))
        found = []
        for name in (n for n in fixed if n == self.place.code or n not in self._windows):
            pages = _pages(name, memory[name].address, memory[name].bytes, writable=False)
            found.append(replace(pages, name=f"code in {name}") if name in self._windows else pages)
        found += [_pages(name, at, memory[name].bytes, writable=True) for name, at in self._windows.items()]
        return tuple(found)

    def of_plan(self, plan: Plan) -> Plan:
        """The plan with the memory of every region named: buffers of a kernel that runs alone are in none of them."""
        regions = (r if r.memory else replace(r, memory=self._memory_of(r)) for r in plan.regions)
        return replace(plan, regions=tuple(regions))

    def _memory_of(self, region: Region) -> str:
        written = region.writable and region.name != "layer struct"
        return self.place.activations if written or region.name == "input" else self.place.weights


def _pages(name: str, address: int, size_bytes: int, writable: bool) -> Region:
    low, high = address // PAGE * PAGE, -(-(address + size_bytes) // PAGE) * PAGE
    return Region(name, low, high - low, writable, memory=name)


def bytes_by_part(image: Image) -> dict[str, int]:
    """Bytes of each part of a program; initial values of variables lie with the code."""
    size = image.section_bytes
    data = size.get(".data", 0)
    return {
        "code": size.get(".text", 0) + data,
        "weights": size.get(".rodata", 0),
        "activations": data + size.get(".bss", 0) + size.get(".noinit", 0),
        "stack": size.get(".stack", 0),
    }
