"""xpop: how many bits of two registers differ; a population count that has the exclusive or in front of it."""

from bnnsim.isa import CX3, Extension, Source, u32

extension = Extension(
    "xpop",
    "Number of bits in which two registers differ.",
    origin="population count instructions (A64 CNT, RISC-V cpop, x86 POPCNT) with the XNOR of binarized networks fused",
)


@extension.instruction(
    CX3(op=0),
    latency=1,
    source=Source.assumed("popcnt's tree of 26-31 full adders behind 32 exclusive or gates: one gate more in its path"),
    vectors=[
        ((0, 0), 0),
        ((0xFFFFFFFF, 0), 32),
        ((0xFFFFFFFF, 0xFFFFFFFF), 0),
        ((0xAAAAAAAA, 0x55555555), 32),
        ((0x80000001, 0x00000001), 1),
        ((0x12345678, 0), 13),
    ],
)
def xpop(n: u32, m: u32) -> u32:
    """Count the bits in which n and m differ."""
    x = n ^ m
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    return ((x * 0x01010101) >> 24) & 0x3F
