"""Build the ELF file of a network: kernels, their constants, and a main routine that calls layer after layer.

The main routine is assembly, so that no compiler moves work across a layer's boundary. A layer spans
from the label at its call stub to the return from it; the marks are labels, they cost nothing.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bnnsim.build.arena import Buffer, plan_arena
from bnnsim.build.image import Image, load_image
from bnnsim.build.includes import isa_used_by, with_includes
from bnnsim.build.intrinsics import header
from bnnsim.build.toolchain import Toolchain, write_header_folder
from bnnsim.cache import Cache, digest
from bnnsim.errors import ToolchainError
from bnnsim.isa import Isa
from bnnsim.model.kernels import Kernel
from bnnsim.model.lowering import LoweredLayer, layer_struct_fields
from bnnsim.paths import data_root

STACK_BYTES = 8192
_RUNTIME = ("startup.s", "runtime.c", "arithmetic.c", "softfloat.c", "softfloat_convert.c")
BEGIN, END = "bnnsim_begin", "bnnsim_end"
ARENA = "bnnsim_arena"


@dataclass(frozen=True)
class Program:
    """A network's image and where its input and outputs lie (offsets in the arena, sizes in bytes)."""

    image: Image
    input: tuple[int, int]
    outputs: tuple[tuple[str, int, int], ...]
    arena_bytes: int


@dataclass(frozen=True)
class Builder:
    """Compiles and links for one core, ISA and toolchain, and a board.

    flash_address, ram_address: where the memories of code and of variables start; weights_address, stack_address:
    of constants and of the stack, if they lie elsewhere than code and variables. Equal addresses are one memory.
    """

    toolchain: Toolchain
    isa: Isa
    cache: Cache
    flash_address: int
    ram_address: int
    shift_code_bytes: int = 0
    weights_address: int | None = None
    stack_address: int | None = None

    def build_network(self, layers: tuple[LoweredLayer, ...], sources: tuple[tuple[str, ...], ...]) -> Program:
        """Build the program that runs `layers` one after the other. Raises ToolchainError.

        sources: what each layer reads, "input" or the names of earlier layers.
        """
        pairs = zip(layers, sources, strict=True)
        input_bytes = next(layer.input_bytes[names.index("input")] for layer, names in pairs if "input" in names)
        offsets, size = _activations(layers, sources, input_bytes)
        jump = _JUMP if self.toolchain.thumb2 else _JUMP_ARMV6M
        text = _main(layers, sources, offsets, size, jump)
        image = self._link([k.path for k in _kernels(layers)], text, ())
        outputs = tuple((layer.name, offsets[layer.name], layer.output_bytes) for layer in layers)
        return Program(image, (offsets["input"], input_bytes), outputs, size)

    def build_kernel(self, kernel: Kernel) -> Image:
        """Build one kernel alone, with an empty main routine. Raises ToolchainError."""
        return self.build_function(kernel.path, kernel.function)

    def build_empty(self) -> Image:
        """Build what every image has: startup code and an empty main routine. Raises ToolchainError."""
        return self._link([], _EMPTY_MAIN, ())

    def build_function(self, source: Path, function: str) -> Image:
        """Build one C or assembly file of which `function` is kept. Raises ToolchainError."""
        return self._link([source], _EMPTY_MAIN, (function,))

    def _compile(self, source: Path) -> bytes:
        """Compile with the extensions that a file names only, so that other ISAs share the object."""
        used = isa_of(self.isa, source)
        try:
            return self._compile_for(used, source)
        except ToolchainError:
            if used is self.isa:
                raise
            return self._compile_for(self.isa, source)  # macros may put names together

    def _compile_for(self, isa: Isa, source: Path) -> bytes:
        folder = write_header_folder(self.cache, header(isa))
        return self.toolchain.compile(source, (_includes(), folder), self.shift_code_bytes, self.cache)

    def _link(self, sources: list[Path], main: str, keep: tuple[str, ...]) -> Image:
        kernels = data_root() / "kernels"
        runtime = [kernels / "runtime" / name for name in _RUNTIME]
        with tempfile.TemporaryDirectory(prefix="bnnsim-") as folder:
            generated = Path(folder) / "main.s"
            generated.write_text(main)
            paths = [*runtime, generated, *sources]
            with ThreadPoolExecutor() as pool:
                objects = list(pool.map(self._compile, paths))
        script = kernels / "runtime" / "link.ld"
        memory = self._memory_script()
        key = digest(self.toolchain.version, script.read_bytes(), memory, *keep, *objects)
        elf = self.cache.get("elf", key)
        if elf is None:
            elf = self.toolchain.link(objects, script, memory, keep)
            self.cache.put("elf", key, elf)
        return load_image(elf, self.isa)

    def _memory_script(self) -> str:
        """The linker's MEMORY, a region for each address, and which of them each part goes to.

        Lengths are no limit here: whether an image fits its board is told with the board's name, after linking.
        """
        code, variables = self.flash_address, self.ram_address
        weights = code if self.weights_address is None else self.weights_address
        stack = variables if self.stack_address is None else self.stack_address
        parts = {"CODE": code, "WEIGHTS": weights, "VARIABLES": variables, "STACK": stack}
        names = {address: f"memory{n}" for n, address in enumerate(dict.fromkeys(parts.values()))}
        lines = [f"    {name} (rwx) : ORIGIN = {address:#x}, LENGTH = 64M" for address, name in names.items()]
        aliases = [f'REGION_ALIAS("{part}", {names[address]})' for part, address in parts.items()]
        return "\n".join(["MEMORY", "{", *lines, "}", *aliases, f"__stack_bytes = {STACK_BYTES:#x};", ""])


def isa_of(isa: Isa, source: Path) -> Isa:
    """The part of an ISA that a kernel's file names."""
    return isa_used_by(isa, with_includes(source, (_includes(),)))


def _includes() -> Path:
    return data_root() / "kernels" / "include"


@functools.cache
def kernel_image(builder: Builder, kernel: Kernel) -> Image:
    """A kernel's own image, read once however many layers try the kernel."""
    return builder.build_kernel(kernel)


@functools.cache
def _empty_image(builder: Builder) -> Image:
    return builder.build_empty()


def kernel_code_bytes(builder: Builder, kernel: Kernel) -> int:
    """Bytes of a kernel's code and tables and of the runtime functions that it calls."""

    def flash_bytes(image: Image) -> int:
        return sum(size for name, size in image.section_bytes.items() if name.startswith((".text", ".rodata", ".data")))

    return flash_bytes(kernel_image(builder, kernel)) - flash_bytes(_empty_image(builder))


def _kernels(layers: Iterable[LoweredLayer]) -> list[Kernel]:
    """The kernels once each, those for an extended ISA last: the emulator hooks the code between its instructions."""
    found = list({layer.kernel.function: layer.kernel for layer in layers}.values())
    return sorted(found, key=lambda kernel: bool(kernel.needs))


def _activations(
    layers: tuple[LoweredLayer, ...], sources: tuple[tuple[str, ...], ...], input_bytes: int
) -> tuple[dict[str, int], int]:
    """Lifetimes: a tensor lives until its last reader has run, the result to the end; scratch only meanwhile."""
    last = {name: number for number, names in enumerate(sources) for name in names}
    end = len(layers)
    buffers = [Buffer("input", input_bytes, -1, last["input"])]
    for number, layer in enumerate(layers):
        buffers.append(Buffer(layer.name, layer.output_bytes, number, last.get(layer.name, end)))
        if layer.scratch_bytes:
            buffers.append(Buffer(f"{layer.name} scratch", layer.scratch_bytes, number, number))
    return plan_arena(buffers)


def call_mark(number: int) -> str:
    """Label where layer `number` starts."""
    return f"bnnsim_layer_{number}"


def return_mark(number: int) -> str:
    """Label where layer `number` has returned to."""
    return f"bnnsim_layer_{number}_end"


_HEAD = """\
    .syntax unified
    .thumb
    .section .text.bnn_infer, "ax", %progbits
    .p2align 4
    .global bnn_infer
    .type bnn_infer, %function
    .thumb_func
bnn_infer:
"""
_EMPTY_MAIN = _HEAD + "    bx lr\n    .size bnn_infer, . - bnn_infer\n"


# How a layer's stub goes on to its kernel. Armv6-M's only far branches are bl and bx.
_JUMP = """\
    b.w {kernel}
    .p2align 2"""
_JUMP_ARMV6M = """\
    ldr r1, 2f
    bx r1
    .p2align 2
2:  .long {kernel}"""


def _main(
    layers: tuple[LoweredLayer, ...],
    sources: tuple[tuple[str, ...], ...],
    offsets: dict[str, int],
    arena_bytes: int,
    jump: str,
) -> str:
    lines = [_HEAD + "    push {r4, lr}\n    nop  @ so that every bl is word-aligned"]
    for number in range(len(layers)):
        lines.append(f"    bl {call_mark(number)}\n    .global {return_mark(number)}\n{return_mark(number)}:")
    lines.append("    pop {r4, pc}\n    .size bnn_infer, . - bnn_infer")
    for number, (layer, source) in enumerate(zip(layers, sources, strict=True)):
        lines.append(_stub(number, layer, offsets, source, jump))
    lines.append(f"""\
    .section .noinit, "aw", %nobits
    .p2align 3
    .global {ARENA}
{ARENA}:
    .space {arena_bytes}""")
    return "\n".join(lines) + "\n"


def _stub(number: int, layer: LoweredLayer, offsets: dict[str, int], sources: tuple[str, ...], jump: str) -> str:
    mark = call_mark(number)
    inputs = [f"{ARENA} + {offsets[source]}" for source in sources]
    pointers = {"input": inputs[0], "output": f"{ARENA} + {offsets[layer.name]}"}
    if layer.scratch_bytes:
        pointers["scratch"] = f"{ARENA} + {offsets[f'{layer.name} scratch']}"
    pointers |= {name: f"{mark}_{name}" for name in layer.constants}
    if len(inputs) > 1:
        pointers["inputs"] = f"{mark}_inputs"
    words = [str(layer.fields.get(f, pointers.get(f, 0))) for f in layer_struct_fields()]
    lines = [
        f"""\
    .section .text.{mark}, "ax", %progbits
    .p2align 4
    .global {mark}
    .type {mark}, %function
    .thumb_func
{mark}:
    ldr r0, 1f
{jump.format(kernel=layer.kernel.function)}
1:  .long {mark}_struct
    .size {mark}, . - {mark}
    .section .rodata.{mark}_struct, "a", %progbits
    .p2align 2
{mark}_struct:
    .long {", ".join(words)}"""
    ]
    if len(inputs) > 1:
        lines.append(f'    .section .rodata.{mark}_inputs, "a", %progbits\n    .p2align 2\n{mark}_inputs:')
        lines.append(f"    .long {', '.join(inputs)}")
    for name, data in layer.constants.items():
        lines.append(f'    .section .rodata.{mark}_{name}, "a", %progbits\n    .p2align 3\n{mark}_{name}:')
        lines += [f"    .byte {', '.join(map(str, data[i : i + 32]))}" for i in range(0, len(data), 32)]
    return "\n".join(lines)
