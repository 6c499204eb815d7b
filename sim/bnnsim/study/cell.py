"""One cell of a study: a network on one core, board and ISA, from kernels to verified cycles."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.build.image import Image
from bnnsim.build.program import STACK_BYTES, Builder
from bnnsim.build.program import Program as NetworkProgram
from bnnsim.build.toolchain import Toolchain
from bnnsim.cache import Cache, digest
from bnnsim.emulate.plan import RAM_WINDOW, Plan, Region
from bnnsim.emulate.trace import Trace
from bnnsim.errors import UsageError, VerificationError, nearest
from bnnsim.isa import Isa
from bnnsim.model.kernels import Kernel, load_kernel
from bnnsim.model.lower import lower_layer, pack_tensor, unpack_tensor
from bnnsim.model.network import Layer, Network
from bnnsim.model.reference import run_layer
from bnnsim.study.board import Board
from bnnsim.timing.core import Core

if TYPE_CHECKING:
    from bnnsim.timing.price import Timing
    from bnnsim.timing.program import Program

FAITHFUL = "faithful"
DENSITIES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, eq=False)
class Cell:
    """Everything one cell depends on. `core` has the study's cost changes; latencies: by "extension.instruction"."""

    network: Network
    x: np.ndarray
    expected: Mapping[str, np.ndarray]
    kernels: tuple[Kernel, ...]
    core: Core
    board: Board
    isa: Isa
    toolchain: Toolchain
    cache: Cache
    latencies: Mapping[str, int]
    variants: tuple[tuple[str | None, str], ...] = ()
    shift_code_bytes: int = 0

    @property
    def builder(self) -> Builder:
        """Compiler and linker of this cell."""
        return Builder(
            self.toolchain,
            self.isa,
            self.cache,
            self.board.flash.address,
            self.board.ram.address + RAM_WINDOW,
            self.shift_code_bytes,
        )

    @property
    def regions(self) -> tuple[Region, ...]:
        """The board's memories as the emulator maps them."""
        flash, ram = self.board.flash, self.board.ram
        return (
            Region("flash", flash.address, flash.bytes, writable=False),
            Region("ram", ram.address + RAM_WINDOW, ram.bytes),
        )


@dataclass(frozen=True)
class Run:
    """A verified, priced run of the whole network."""

    kernels: tuple[Kernel, ...]
    image: Image
    trace: Trace
    program: Program
    timing: Timing


@functools.cache
def code_digest() -> str:
    """Hash of bnnsim's own code and of the packages that results depend on: others' results are never reused."""
    package = Path(__file__).resolve().parents[1]
    return digest(repr(package_versions()), *(p.read_bytes() for p in sorted(package.rglob("*.py"))))


@functools.cache
def package_versions() -> dict[str, str]:
    """Versions of the emulator, the disassembler and the compiler of the hooks."""
    return {name: importlib.metadata.version(name) for name in ("unicorn", "capstone", "numba", "numpy")}


def emulate_cached(cell: Cell, image: Image, plan: Plan) -> Trace:
    """The trace of a plan, emulated unless the cache has it."""
    key = digest(code_digest(), image.digest, plan.digest, cell.core.unicorn_cpu)
    if (data := cell.cache.get("trace", key)) is not None:
        return Trace.from_bytes(data)
    from bnnsim.emulate.run import emulate

    trace = emulate(image, plan, cell.core.unicorn_cpu)
    cell.cache.put("trace", key, trace.to_bytes())
    return trace


def price_trace(cell: Cell, trace: Trace, image: Image) -> tuple[Program, Timing]:
    """A trace decoded for the cell's core, and its cycles under the core's table and the cell's latencies."""
    from bnnsim.timing.price import price
    from bnnsim.timing.program import decode_program

    program = decode_program(trace, image, cell.core)
    return program, price(program, cell.core, cell.latencies)


def cycle_shares(cell: Cell, program: Program) -> dict[str, float]:
    """Share of a program's cycles by the kind of source that their costs rest on; they add up to 1."""
    from bnnsim.timing.explain import explain

    cycles = {kind: int(by.sum()) for kind, by in explain(program, cell.core, cell.latencies).sources.items()}
    return {kind: count / sum(cycles.values()) for kind, count in cycles.items()}


def candidates(cell: Cell, layer: Layer) -> tuple[Kernel, ...]:
    """Kernels that may run a layer: the chosen variant, else every fixed-time one whose needs are met.

    Raises UsageError if a chosen variant cannot run it, or if there is no kernel at all.
    """
    available = cell.isa.provides | set(cell.core.features)
    able = [k for k in cell.kernels if k.accepts(layer)]
    for what in (layer.name, layer.operator, None):
        for place, choice in cell.variants:
            if place == what and (chosen := _chosen(cell, layer, able, choice, required=what is not None)):
                missing = chosen.missing(available)
                if missing and what is None:
                    continue  # `--variant V` means V wherever it can run
                if missing:
                    raise UsageError(
                        f"layer {layer.name}: variant {choice} needs {', '.join(missing)}, "
                        f"which {cell.core.name} with ISA {cell.isa.name} does not have"
                    )
                return (chosen,)
    found = tuple(k for k in able if k.fixed_time and not k.missing(available))
    if not found:
        raise UsageError(f"layer {layer.name}: no kernel for {layer.operator} on {cell.core.name}, ISA {cell.isa.name}")
    return found


def _chosen(cell: Cell, layer: Layer, able: list[Kernel], choice: str, required: bool) -> Kernel | None:
    if choice.endswith(".c"):
        kernel = load_kernel(choice)
        if any(k.function == kernel.function and k.path != kernel.path for k in cell.kernels):
            raise UsageError(f"{choice}: {kernel.operator} has a variant {kernel.variant!r} already; rename yours")
        able, choice = ([kernel] if kernel.accepts(layer) else []), kernel.variant
    by_name = {k.variant: k for k in able}
    if choice not in by_name and required:
        raise UsageError(
            f"layer {layer.name}: {layer.operator} has no variant {choice!r} for this shape; "
            f"it has {', '.join(by_name)}" + nearest(choice, by_name)
        )
    return by_name.get(choice)


def fastest(cell: Cell, layer: Layer) -> Kernel:
    """The candidate with the fewest cycles on this layer, measured alone and verified; a tie goes by name."""
    x = input_of(cell, layer)
    cycles = {k: time_kernel(cell, layer, k, x, cell.expected[layer.name]) for k in candidates(cell, layer)}
    return min(cycles, key=lambda k: (cycles[k], k.variant))


def input_of(cell: Cell, layer: Layer) -> np.ndarray:
    """What a layer reads in the reference run, HWC."""
    return cell.x if layer.inputs[0] == "input" else cell.expected[layer.inputs[0]]


@functools.cache
def _kernel_image(builder: Builder, kernel: Kernel) -> Image:
    """A kernel's own image, read once however many layers try the kernel."""
    return builder.build_kernel(kernel)


def time_kernel(cell: Cell, layer: Layer, kernel: Kernel, x: np.ndarray, expected: np.ndarray) -> int:
    """Cycles of one kernel on one layer and input, run alone, verified.

    Buffers end at unmapped pages; those of a kernel that is not ours then also start at one.
    Raises EmulationFault, VerificationError.
    """
    from bnnsim.emulate.layouts import kernel_plan

    image = _kernel_image(cell.builder, kernel)
    lowered, data, cycles = lower_layer(layer, kernel), pack_tensor(x, layer.input), 0
    for flush in ("end",) if kernel in cell.kernels else ("start", "end"):
        trace = emulate_cached(cell, image, kernel_plan(image, lowered, cell.regions, data, flush))
        verify(layer, kernel, trace.outputs[layer.name], expected)
        cycles = int(price_trace(cell, trace, image)[1].cycles[0])
    return cycles


def build_program(cell: Cell, kernels: tuple[Kernel, ...]) -> NetworkProgram:
    """Build the network with one kernel per layer; raises UsageError if it does not fit the board."""
    layers = cell.network.layers
    lowered = tuple(lower_layer(layer, kernel) for layer, kernel in zip(layers, kernels, strict=True))
    program = cell.builder.build_network(lowered, tuple(layer.inputs[0] for layer in layers))
    check_fits(cell, program.image)
    return program


def run_network(cell: Cell, kernels: tuple[Kernel, ...]) -> Run:
    """Build, emulate, verify and price the network with one kernel per layer."""
    from bnnsim.emulate.layouts import network_plan

    program = build_program(cell, kernels)
    plan = network_plan(program, cell.regions, pack_tensor(cell.x, cell.network.input))
    trace = emulate_cached(cell, program.image, plan)
    for layer, kernel in zip(cell.network.layers, kernels, strict=True):
        verify(layer, kernel, trace.outputs[layer.name], cell.expected[layer.name])
    return Run(kernels, program.image, trace, *price_trace(cell, trace, program.image))


def check_activations(cell: Cell) -> None:
    """Raise UsageError, before anything is built, if no kernel could fit the board's RAM."""
    need = STACK_BYTES + max(layer.input.size_bytes + layer.output.size_bytes for layer in cell.network.layers)
    if need > cell.board.ram.bytes:
        have = f"{cell.board.name} has {cell.board.ram.bytes:,}"
        raise UsageError(f"{cell.network.name} needs at least {need:,} bytes of ram for one layer; {have}")


def check_fits(cell: Cell, image: Image) -> None:
    """Raise UsageError if an image is larger than the board's memories."""
    used = memory_bytes(image)
    for what, have in (("flash", cell.board.flash.bytes), ("ram", cell.board.ram.bytes)):
        need = used[what] + (image.section_bytes.get(".stack", 0) if what == "ram" else 0)
        if need > have:
            raise UsageError(f"{cell.network.name} needs {need:,} bytes of {what}, {cell.board.name} has {have:,}")


def memory_bytes(image: Image) -> dict[str, int]:
    """Bytes of code, flash (code, constants, initialisers) and static RAM (data, bss, activations)."""
    size = image.section_bytes
    text, data = size.get(".text", 0), size.get(".data", 0)
    flash = text + size.get(".rodata", 0) + data
    return {"code": text, "flash": flash, "ram": data + size.get(".bss", 0) + size.get(".noinit", 0)}


def verify(layer: Layer, kernel: Kernel, found: bytes, expected: np.ndarray) -> None:
    """Compare an output with the reference bit for bit; raises VerificationError naming the first difference."""
    if found == pack_tensor(expected, layer.output):
        return
    values = unpack_tensor(found, layer.output)
    wrong = np.argwhere(values != expected)
    y, x, c = (int(v) for v in wrong[0])
    raise VerificationError(
        f"layer {layer.name} ({layer.operator}, kernel {kernel.variant}): {len(wrong):,} of {expected.size:,} outputs "
        f"differ from the reference; first at row {y}, column {x}, channel {c}: "
        f"found {values[y, x, c]}, expected {expected[y, x, c]}"
    )


def density_sweep(cell: Cell, layer: Layer, kernel: Kernel) -> tuple[tuple[float, int], ...]:
    """(density, cycles) of a kernel on random inputs with that share of set bits, alone and verified."""
    found = []
    for density in DENSITIES:
        seed = int.from_bytes(hashlib.sha256(f"{layer.name} {density}".encode()).digest()[:4], "little")
        rng = np.random.default_rng(seed)
        x = np.where(rng.random(layer.input.shape) < density, 1, -1).astype(np.int8)
        found.append((density, time_kernel(cell, layer, kernel, x, run_layer(layer, x))))
    return tuple(found)


def on_base(cell: Cell, base: Isa) -> Cell:
    """The same cell with the base ISA and the faithful kernels: what published-style code takes."""
    return replace(cell, isa=base, variants=((None, FAITHFUL),), latencies={})
