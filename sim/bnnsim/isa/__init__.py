"""What an extension file imports, and how extensions are loaded."""

from bnnsim.isa.cost import FORMULAS, Cost, Source
from bnnsim.isa.encoding import (
    CDP,
    CX1,
    CX1A,
    CX1D,
    CX1DA,
    CX2,
    CX2A,
    CX2D,
    CX2DA,
    CX3,
    CX3A,
    CX3D,
    CX3DA,
    LDC,
    MCR,
    MCRR,
    MRC,
    MRRC,
    STC,
    VCX2,
    VCX2A,
    VCX3,
    VCX3A,
    Encoding,
    Pattern,
)
from bnnsim.isa.extension import Extension
from bnnsim.isa.instruction import Effect, Instruction, s32, u32
from bnnsim.isa.loader import BASE, Isa, load_extension, load_isa, loadable
from bnnsim.isa.primitive import PRIMITIVES

__all__ = [
    "BASE", "CDP", "CX1", "CX1A", "CX1D", "CX1DA", "CX2", "CX2A", "CX2D", "CX2DA", "CX3", "CX3A", "CX3D", "CX3DA",
    "FORMULAS", "LDC", "MCR", "MCRR", "MRC", "MRRC", "PRIMITIVES", "STC", "VCX2", "VCX2A", "VCX3", "VCX3A",
    "Cost", "Effect", "Encoding", "Extension", "Instruction", "Isa", "Pattern", "Source", "load_extension", "load_isa",
    "loadable", "s32", "u32",
]  # fmt: skip
