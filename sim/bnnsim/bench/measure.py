"""One kernel on one layer, alone: verified, priced, with the bytes it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bnnsim.build.program import kernel_code_bytes, kernel_image
from bnnsim.build.toolchain import Toolchain, load_toolchain
from bnnsim.cache import Cache
from bnnsim.emulate.trace import Trace
from bnnsim.errors import UsageError
from bnnsim.isa import Isa
from bnnsim.model.kernels import Kernel
from bnnsim.model.lowering import LayerMemory, lower_layer, pack_tensors
from bnnsim.model.network import Layer, network_of
from bnnsim.model.reference import run_layer
from bnnsim.study.cell import Cell, emulate_cached, price_trace, verify
from bnnsim.timing.board import Board, load_board
from bnnsim.timing.core import Core


@dataclass(frozen=True)
class Bench:
    """Where kernels run: a core with zero-wait memory, an ISA and a toolchain, e.g. "clang"."""

    core: Core
    isa: Isa
    compiler: str
    kernels: tuple[Kernel, ...]

    @property
    def name(self) -> str:
        """For progress and messages."""
        return f"{self.core.name}, {self.isa.name}, {self.compiler}"

    def runs(self, kernel: Kernel) -> bool:
        """Whether core and ISA have all that a kernel needs."""
        return not kernel.missing(self.isa.provides | set(self.core.features))

    @cached_property
    def _board(self) -> Board:
        return load_board("zero-wait")

    @cached_property
    def _toolchain(self) -> Toolchain:
        if self.compiler not in self.core.target:
            raise UsageError(f"core {self.core.name} has no target for {self.compiler}")
        return load_toolchain(self.compiler, self.core.target[self.compiler])

    @cached_property
    def _cache(self) -> Cache:
        return Cache()

    def cell(self, layer: Layer) -> Cell:
        """The cell of a network that is this layer."""
        return Cell(
            network=network_of("bench", [layer]),
            x=np.zeros(0),
            expected={},
            kernels=self.kernels,
            core=self.core,
            board=self._board,
            isa=self.isa,
            toolchain=self._toolchain,
            cache=self._cache,
        )


@dataclass(frozen=True)
class Measured:
    """Cycles and memory of one kernel on one layer; code_bytes counts the kernel's tables, too."""

    layer: Layer
    kernel: Kernel
    cycles: int
    instructions: int
    code_bytes: int
    stack_bytes: int
    memory: LayerMemory

    @property
    def cycles_per_mac(self) -> float | None:
        """Cycles by multiply-accumulates with taps inside the image."""
        return self.cycles / self.layer.macs if self.layer.macs else None

    @property
    def cycles_per_word(self) -> float | None:
        """Cycles by words of 32 binary multiply-accumulates, padding taps included."""
        return self.cycles / self.layer.nominal_words if self.layer.nominal_words else None

    @property
    def cycles_per_output(self) -> float:
        """Cycles by elements of the output."""
        return self.cycles / float(np.prod(self.layer.output.shape))


def run_alone(
    bench: Bench, layer: Layer, kernel: Kernel, inputs: tuple[np.ndarray, ...], flush: str = "end"
) -> tuple[Trace, int, int]:
    """Return the trace, cycles and instructions of a kernel, every buffer flush against an unmapped page.

    Raises EmulationFault, VerificationError, and what building and pricing raise.
    """
    from bnnsim.emulate.layouts import kernel_plan

    cell = bench.cell(layer)
    image = kernel_image(cell.builder, kernel)
    plan = kernel_plan(image, lower_layer(layer, kernel), cell.regions, pack_tensors(layer, inputs), flush)
    plan = replace(plan, limit_instructions=_limit_instructions(layer))
    trace = emulate_cached(cell, image, plan)
    verify(layer, kernel, trace.outputs[layer.name], run_layer(layer, *inputs))
    timing = price_trace(cell, trace, image, plan)[1]
    return trace, int(timing.cycles[0]), int(timing.instructions[0])


def _limit_instructions(layer: Layer) -> int:
    """Instructions after which a kernel counts as an endless loop: far beyond what loops over bits take."""
    taps = int(layer.attributes.get("kernel_h", 1)) * int(layer.attributes.get("kernel_w", 1))
    work = layer.macs + taps * int(np.prod(layer.output.shape)) + sum(int(np.prod(s.shape)) for s in layer.sources)
    return 20_000_000 + 1000 * work


def measure(bench: Bench, layer: Layer, kernel: Kernel, inputs: tuple[np.ndarray, ...]) -> Measured:
    """Return what a kernel costs on a layer; raises what `run_alone` raises."""
    trace, cycles, instructions = run_alone(bench, layer, kernel, inputs)
    return Measured(
        layer=layer,
        kernel=kernel,
        cycles=cycles,
        instructions=instructions,
        code_bytes=kernel_code_bytes(bench.cell(layer).builder, kernel),
        stack_bytes=trace.peak_stack_bytes,
        memory=lower_layer(layer, kernel).memory,
    )
