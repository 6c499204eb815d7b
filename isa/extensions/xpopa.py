"""xpopa: a binary dot product's whole step for one word, exclusive or, population count and sum, in one instruction."""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "xpopa",
    "Add the number of differing bits of two registers to a third.",
    origin="the chain that custom function units for binarized networks on RISC-V fuse, with operands as CDE has them",
)


@extension.instruction(
    CX3A(op=0),
    latency=1,
    source=Source.assumed("popcnt's tree of adders, one exclusive or before it and one 32-bit adder behind it"),
    vectors=[
        ((0, 0, 0), 0),
        ((5, 0xFFFFFFFF, 0), 37),
        ((1, 6, 3), 3),
        ((7, 0x12345678, 0x12345678), 7),
        ((100, 0xAAAAAAAA, 0x55555555), 132),
        ((0, 0x80000001, 0x00000001), 1),
        ((0xFFFFFFF0, 0, 0xFFFFFFFF), 0x10),
    ],
    primitive="xor_popcount_accumulate",
)
def xpopa(d: u32, n: u32, m: u32) -> u32:
    """Add to d the number of bits in which n and m differ."""
    x = n ^ m
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    return d + (((x * 0x01010101) >> 24) & 0x3F)
