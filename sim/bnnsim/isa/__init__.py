"""What an extension file imports, and how extensions are loaded."""

from bnnsim.isa.encoding import CX1, CX1A, CX2, CX2A, CX3, CX3A, Encoding
from bnnsim.isa.extension import PRIMITIVES, Extension, Instruction, Source, s32, u32
from bnnsim.isa.loader import BASE, Isa, load_extension, load_isa

__all__ = [
    "BASE", "CX1", "CX1A", "CX2", "CX2A", "CX3", "CX3A", "PRIMITIVES",
    "Encoding", "Extension", "Instruction", "Isa", "Source", "load_extension", "load_isa", "s32", "u32",
]  # fmt: skip
