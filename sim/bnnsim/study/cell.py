"""One cell of a study: a network on one core, board and ISA, from kernels to verified cycles."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bnnsim.build.image import Image
from bnnsim.build.program import STACK_BYTES, Builder, kernel_image
from bnnsim.build.program import Program as NetworkProgram
from bnnsim.build.toolchain import Toolchain
from bnnsim.cache import Cache, digest
from bnnsim.emulate.plan import Plan, Region
from bnnsim.emulate.trace import Trace
from bnnsim.errors import OverwrittenError, UsageError, VerificationError, nearest
from bnnsim.isa import Isa
from bnnsim.model.kernels import Kernel, load_kernel
from bnnsim.model.lowering import lower_layer, pack_tensor, pack_tensors, unpack_tensor
from bnnsim.model.network import Layer, Network
from bnnsim.model.operators import OPERATORS
from bnnsim.model.reference import run_layer
from bnnsim.study.placement import Placement, bytes_by_part
from bnnsim.timing.board import Board
from bnnsim.timing.core import Core

if TYPE_CHECKING:
    from bnnsim.emulate.memory_pass import Geometry, MemoryTrace
    from bnnsim.timing.explain import Explanation
    from bnnsim.timing.extra import Extra
    from bnnsim.timing.price import Timing
    from bnnsim.timing.program import Program

FAITHFUL = "faithful"
BASELINES = (FAITHFUL, "plain")  # CBin-NN's loops, for comparison: slower by far than what else there is
DENSITIES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, eq=False)
class Cell:
    """Everything one cell depends on. `core` has the study's cost changes; custom_costs: cycles that it sets by
    "extension.instruction.latency" and "….issue_cycles".

    places: (part of the program, memory of the board) where they differ from the board's own `place`.
    """

    network: Network
    x: np.ndarray
    expected: Mapping[str, np.ndarray]
    kernels: tuple[Kernel, ...]
    core: Core
    board: Board
    isa: Isa
    toolchain: Toolchain
    cache: Cache
    custom_costs: Mapping[str, float] = field(default_factory=dict)
    variants: tuple[tuple[str | None, str], ...] = ()
    shift_code_bytes: int = 0
    places: tuple[tuple[str, str], ...] = ()

    @property
    def placement(self) -> Placement:
        """Where the parts of the program lie. Raises UsageError for places that the board does not have."""
        return Placement(self.board, self.board.placed(dict(self.places)))

    @property
    def builder(self) -> Builder:
        """Compiler and linker of this cell."""
        at = self.placement.addresses
        return Builder(
            self.toolchain,
            self.isa,
            self.cache,
            at["code"],
            at["activations"],
            self.shift_code_bytes,
            at["weights"],
            at["stack"],
        )

    @property
    def regions(self) -> tuple[Region, ...]:
        """The board's memories as the emulator maps them."""
        return self.placement.regions


@dataclass(frozen=True)
class Run:
    """A verified, priced run of the whole network."""

    kernels: tuple[Kernel, ...]
    image: Image
    trace: Trace
    program: Program
    timing: Timing
    memory: tuple[Extra, ...] = ()


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


def memory_cached(cell: Cell, image: Image, plan: Plan, geometry: Geometry) -> MemoryTrace:
    """The memory trace of a plan, emulated unless the cache has it."""
    from bnnsim.emulate.memory_pass import MemoryTrace, trace_memory

    key = digest(code_digest(), image.digest, plan.digest, cell.core.unicorn_cpu, repr(geometry))
    if (data := cell.cache.get("memory", key)) is not None:
        return MemoryTrace.from_bytes(data)
    trace = trace_memory(image, plan, cell.core.unicorn_cpu, geometry)
    cell.cache.put("memory", key, trace.to_bytes())
    return trace


def price_trace(cell: Cell, trace: Trace, image: Image, plan: Plan) -> tuple[Program, Timing, tuple[Extra, ...]]:
    """A trace decoded for the cell's core, its cycles by the core's table, and what the board's memories add to them.

    The cycles include what the memories add.
    """
    from bnnsim.timing.memory import extras_for
    from bnnsim.timing.price import price
    from bnnsim.timing.program import decode_program

    program = decode_program(trace, image, cell.core)
    placed = cell.placement.of_plan(plan)
    tracer = functools.partial(memory_cached, cell, image, plan)
    memory = extras_for(image, placed, program, cell.board, cell.custom_costs, tracer)
    return program, price(program, cell.core, cell.custom_costs, memory), memory


def explained(cell: Cell, run: Run) -> Explanation:
    """Stalls of a run and the kinds of source that its cycles rest on."""
    from bnnsim.timing.explain import explain

    return explain(run.program, cell.core, cell.custom_costs, run.memory)


def band_of(cell: Cell, run: Run) -> tuple[int, int] | None:
    """Least and most cycles over the band of the core's uncertain numbers; None if the core names none."""
    from bnnsim.timing.band import price_band

    if not cell.core.band:
        return None
    low, high = price_band(run.program, cell.core, cell.custom_costs, run.memory)
    return int(low.cycles.sum()), int(high.cycles.sum())


def candidates(cell: Cell, layer: Layer) -> tuple[Kernel, ...]:
    """Kernels that may run a layer: the chosen variant, else every fixed-time one whose needs are met.

    Raises UsageError if a chosen variant cannot run it, or if there is no kernel at all.
    """
    available = cell.isa.provides | set(cell.core.features)
    able = _able(cell, layer)
    for choice, required in _choices(cell, layer):
        if chosen := _chosen(cell, layer, able, choice, required):
            missing = chosen.missing(available)
            if missing and not required:
                continue  # `--variant V` means V wherever it can run
            if missing:
                raise UsageError(
                    f"layer {layer.name}: variant {choice} needs {', '.join(missing)}, "
                    f"which {cell.core.name} with ISA {cell.isa.name} does not have"
                )
            return (chosen,)
    found = tuple(k for k in able if is_fixed_time(cell, k) and not k.missing(available))
    if tuned := tuple(k for k in found if OPERATORS[layer.operator].family != "binary" or k.variant not in BASELINES):
        return tuned
    if not found:
        raise UsageError(f"layer {layer.name}: no kernel for {layer.operator} on {cell.core.name}, ISA {cell.isa.name}")
    return found


def is_fixed_time(cell: Cell, kernel: Kernel) -> bool:
    """Whether a kernel takes the same time for all data, with its look-ups where the cell has them."""
    if not kernel.fixed_time or kernel.looks_up_in is None:
        return kernel.fixed_time
    reads = cell.board.memory[getattr(cell.placement.place, kernel.looks_up_in)].data
    return reads is None or not (reads.cache or reads.cache_lines)


def _choices(cell: Cell, layer: Layer) -> Iterator[tuple[str, bool]]:
    """Variants asked for, most specific first, and whether they must be able to run the layer."""
    for what in (layer.name, layer.operator):
        yield from ((choice, True) for place, choice in cell.variants if place == what)
    yield from ((choice, False) for place, choice in cell.variants if place is None)
    if layer.variant:
        yield layer.variant, True


def _able(cell: Cell, layer: Layer) -> list[Kernel]:
    """Kernels that support the layer; where those of two operators share a variant's name, its own operator's."""
    found: dict[str, Kernel] = {}
    for operator in layer.kernel_operators:
        for kernel in cell.kernels:
            if kernel.operator == operator and kernel.accepts(layer):
                found.setdefault(kernel.variant, kernel)
    return list(found.values())


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
    inputs = inputs_of(cell, layer)
    cycles = {k: time_kernel(cell, layer, k, inputs, cell.expected[layer.name]) for k in candidates(cell, layer)}
    return min(cycles, key=lambda k: (cycles[k], k.variant))


def inputs_of(cell: Cell, layer: Layer) -> tuple[np.ndarray, ...]:
    """What a layer reads in the reference run, HWC."""
    return tuple(cell.x if name == "input" else cell.expected[name] for name in layer.inputs)


def time_kernel(cell: Cell, layer: Layer, kernel: Kernel, inputs: tuple[np.ndarray, ...], expected: np.ndarray) -> int:
    """Cycles of one kernel on one layer and its inputs, run alone, verified.

    Buffers end at unmapped pages; those of a kernel that is not ours also start at one, in a run before.
    Raises EmulationFault, VerificationError.
    """
    from bnnsim.emulate.layouts import kernel_plan

    image = kernel_image(cell.builder, kernel)
    lowered, data = lower_layer(layer, kernel), pack_tensors(layer, inputs)
    start, end = (kernel_plan(image, lowered, cell.regions, data, flush) for flush in ("start", "end"))
    if kernel not in cell.kernels:
        try:
            emulate_cached(cell, image, start)
        except OverwrittenError:
            emulate_cached(cell, image, end)  # here the same access may fault, which tells the instruction
            raise
    trace = emulate_cached(cell, image, end)
    verify(layer, kernel, trace.outputs[layer.name], expected)
    return int(price_trace(cell, trace, image, end)[1].cycles[0])


def build_program(cell: Cell, kernels: tuple[Kernel, ...]) -> NetworkProgram:
    """Build the network with one kernel per layer; raises UsageError if it does not fit the board."""
    layers = cell.network.layers
    lowered = tuple(lower_layer(layer, kernel) for layer, kernel in zip(layers, kernels, strict=True))
    program = cell.builder.build_network(lowered, tuple(layer.inputs for layer in layers))
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
    return Run(kernels, program.image, trace, *price_trace(cell, trace, program.image, plan))


def check_activations(cell: Cell) -> None:
    """Raise UsageError, before anything is built, if no kernel could fit the board's RAM."""
    place = cell.placement.place
    need = max(sum(t.size_bytes for t in (*layer.sources, layer.output)) for layer in cell.network.layers)
    need += STACK_BYTES if place.stack == place.activations else 0
    if need > cell.board.memory[place.activations].bytes:
        have = f"{cell.board.name} has {cell.board.memory[place.activations].bytes:,}"
        raise UsageError(
            f"{cell.network.name} needs at least {need:,} bytes of {place.activations} for one layer; {have}"
        )


def check_fits(cell: Cell, image: Image) -> None:
    """Raise UsageError if an image is larger than the board's memories."""
    needs: dict[str, list[str]] = {}
    sizes = bytes_by_part(image)
    for part, name in cell.placement.place:
        needs.setdefault(name, []).append(part)
    for name, parts in needs.items():
        need, have = sum(sizes[part] for part in parts), cell.board.memory[name].bytes
        if need > have:
            held = "" if len(needs) == 2 else f" for {', '.join(parts)}"
            raise UsageError(
                f"{cell.network.name} needs {need:,} bytes of {name}{held}, {cell.board.name} has {have:,}"
            )


def memory_bytes(cell: Cell, image: Image) -> dict[str, int]:
    """Bytes of code, of flash (code, constants, initialisers) and of RAM (variables, what runs or is read there)."""
    size, place = bytes_by_part(image), cell.placement.place
    in_ram = [p for p in ("code", "weights") if cell.board.memory[getattr(place, p)].kind == "ram"]
    ram = size["activations"] + sum(size[part] for part in in_ram)
    return {"code": image.section_bytes.get(".text", 0), "flash": size["code"] + size["weights"], "ram": ram}


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
        found.append((density, time_kernel(cell, layer, kernel, (x,), run_layer(layer, x))))
    return tuple(found)


def on_base(cell: Cell, base: Isa) -> Cell:
    """The same cell with the base ISA and the faithful kernels: what published-style code takes."""
    return replace(cell, isa=base, variants=((None, FAITHFUL),), custom_costs={})
