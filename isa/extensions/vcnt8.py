"""vcnt8: population counts of the four bytes of a register: popcnt's tree of adders without its last levels."""

from bnnsim.isa import CX2, CX3, Extension, Source, u32

extension = Extension(
    "vcnt8",
    "Number of set bits of each byte of a register, or of each byte of two registers' exclusive or.",
    origin="VCNT.8 of Arm's Advanced SIMD (A and R profiles), on a core register",
)


@extension.instruction(
    CX2(op=1),
    latency=1,
    source=Source.assumed("four trees of 7 full adders, depth 3 where popcnt's is 5; sums of bytes are left to USADA8"),
    vectors=[
        ((0,), 0),
        ((0xFFFFFFFF,), 0x08080808),
        ((0x80000001,), 0x01000001),
        ((0x00FF0000,), 0x00080000),
        ((0x12345678,), 0x02030404),
    ],
)
def vcnt8(n: u32) -> u32:
    """Count the set bits of each byte of n."""
    x = n - ((n >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    return (x + (x >> 4)) & 0x0F0F0F0F


@extension.instruction(
    CX3(op=1),
    latency=1,
    source=Source.assumed("as vcnt8, behind 32 exclusive or gates: still a shorter path than popcnt's"),
    vectors=[
        ((0, 0), 0),
        ((0xFFFFFFFF, 0), 0x08080808),
        ((0xFFFFFFFF, 0xFFFFFFFF), 0),
        ((0xAAAAAAAA, 0x55555555), 0x08080808),
        ((0x80000001, 0x00000001), 0x01000000),
        ((0xFF345678, 0xFF000000), 0x00030404),
    ],
)
def vcnt8x(n: u32, m: u32) -> u32:
    """Count the bits in which n and m differ, byte by byte."""
    x = n ^ m
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    return (x + (x >> 4)) & 0x0F0F0F0F
