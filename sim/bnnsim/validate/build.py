"""Gets the image of a suite's program: an ELF file as it is, or sources built for the core."""

from __future__ import annotations

from pathlib import Path

from bnnsim.build.image import Image, load_image
from bnnsim.build.intrinsics import header
from bnnsim.build.toolchain import load_toolchain, write_header_folder
from bnnsim.cache import Cache, digest
from bnnsim.elf.program import load_program
from bnnsim.errors import UsageError
from bnnsim.isa import load_isa
from bnnsim.paths import data_root
from bnnsim.timing.core import Core
from bnnsim.validate.suite import Program

_SCRIPT = Path(__file__).with_name("call.ld")
# Where microcontrollers have their flash and RAM (Arm DDI 0403E, table B3-1: Code and SRAM regions).
_MEMORY = """\
MEMORY
{
    flash (rx)  : ORIGIN = 0x08000000, LENGTH = 4M
    ram   (rwx) : ORIGIN = 0x20000000, LENGTH = 4M
}
"""


def load_or_build(program: Program, core: Core, folder: Path, toolchain: str, elf: Path | None = None) -> Image:
    """Return a program's image; paths are relative to `folder`, `elf` replaces whatever the suite names.

    Raises UsageError for a missing file, BuildError for an ELF that is none for Cortex-M, ToolchainError.
    """
    isa = load_isa(program.isa)
    if elf is not None or program.program is not None:
        return load_program(elf or folder / str(program.program), isa)
    sources = [folder / name for name in program.sources or ()]
    for source in sources:
        if not source.is_file():
            raise UsageError(f"cannot read source {str(source)!r}: no such file")
    compiler, cache = load_toolchain(toolchain, core.target.get(toolchain, core.unicorn_cpu)), Cache()
    include = data_root() / "kernels" / "include"
    includes = (*{s.parent for s in sources}, include, write_header_folder(cache, header(isa)))
    objects = [compiler.compile(source.resolve(), includes, 0, cache) for source in sources]
    keep = (program.function,) if program.function else ()
    key = digest(compiler.version, _SCRIPT.read_bytes(), _MEMORY, *keep, *objects)
    linked = cache.get("elf", key)
    if linked is None:
        linked = compiler.link(objects, _SCRIPT, _MEMORY, keep)
        cache.put("elf", key, linked)
    return load_image(linked, isa, run_addresses=True)
