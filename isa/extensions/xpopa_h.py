"""xpopa_h: xpopa with two sums in one register, so that a block of outputs takes half the registers."""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "xpopa_h",
    "Add the number of differing bits of two registers to one half of a third.",
    origin="xpopa with halves for sums, as sums of a binarized layer of less than 65,536 synapses fit 16 bits",
)


@extension.instruction(
    CX3A(op=1, immediate_bits=1),
    latency=1,
    source=Source.assumed("xpopa's tree with an adder of 16 bits, which is shorter, between two selections of a half"),
    vectors=[
        ((0, 0, 0, 0), 0),
        ((5, 0xFFFFFFFF, 0, 0), 37),
        ((5, 0xFFFFFFFF, 0, 1), 0x00200005),
        ((0x0001FFFF, 1, 0, 0), 0x00010000),
        ((0xFFFF0007, 0x80000001, 1, 1), 0x00000007),
        ((0xFFFFFFFF, 0xAAAAAAAA, 0x55555555, 0), 0xFFFF001F),
        ((0xFFFFFFFF, 0xAAAAAAAA, 0x55555555, 1), 0x001FFFFF),
        ((0x12345678, 0x12345678, 0, 1), 0x12415678),
    ],
)
def xpopa_h(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Add the number of bits in which n and m differ to d's upper half if imm is 1, else to its lower half.

    The sum of a half wraps around and never changes the other one.
    """
    x = n ^ m
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    count = ((x * 0x01010101) >> 24) & 0x3F
    if imm:
        return (d + (count << 16)) & 0xFFFFFFFF
    return (d & 0xFFFF0000) | ((d + count) & 0xFFFF)
