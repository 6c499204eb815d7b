"""bsdot: one step of a bit-serial dot product, the count of two bit planes' common or differing bits at their place.

Numbers of several bits lie in planes, bit k of 32 of them in one word; a product of numbers is the sum over all pairs
of planes. It is meant for networks of two to four bits. An 8-bit input takes eight of them for each word of ±1 weights.
"""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "bsdot",
    "Add or subtract the number of common or differing bits of two registers, shifted to the left.",
    origin="bit-serial convolutions of 1 to 3 bits in software: Fromm et al., Riptide, MLSys 2020",
)


@extension.instruction(
    CX3A(op=0, coprocessor=2, immediate_bits=5),
    latency=1,
    source=Source.assumed(
        "xpopa's tree with a choice of gates before it, eight places of a 6-bit number and a complement behind it: "
        "about 0.15 thousand gates more, two of their delays longer"
    ),
    vectors=[
        ((0, 0, 0, 0), 0),
        ((5, 0xFFFFFFFF, 0xFFFFFFFF, 0), 37),
        ((5, 0xFFFFFFFF, 0xFFFFFFFF, 16), 5),
        ((0, 0xFFFFFFFF, 0, 16 + 7), 32 << 7),
        ((0, 0x0000000F, 0x00000035, 2), 2 << 2),
        ((0, 0x0000000F, 0x00000035, 16 + 2), 4 << 2),
        ((0, 0x0000000F, 0x00000035, 8 + 2), -(2 << 2)),
        ((4096, 0xFFFFFFFF, 0, 16 + 8 + 7), 0),
        ((0xFFFFFFFF, 1, 1, 0), 0),
        ((0, 0x80000001, 0x80000000, 8), -1),
    ],
)
def bsdot(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Add to d the count of bits of n & m times 2 to the power of imm's low three bits; imm's bit 3: subtract it;
    bit 4: count the bits of n ^ m."""
    x = n ^ m if imm & 16 else n & m
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    count = (((x * 0x01010101) >> 24) & 0x3F) << (imm & 7)
    return d - count if imm & 8 else d + count
