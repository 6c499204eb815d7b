"""vxpopa: two words of a binary dot product per instruction, on the 64-bit registers of the FPU."""

from bnnsim.isa import VCX3A, Extension, Source, u32

extension = Extension(
    "vxpopa",
    "Add the numbers of differing bits of two 64-bit registers to a third, apart for either 32-bit half.",
    origin="xpopa in the vector form of CDE (DDI 0553, VCX3A on D registers); A64 has the parts: EOR, CNT and UADALP",
)


@extension.instruction(
    VCX3A(op=0),
    latency=1,
    source=Source.assumed("two of xpopa's chains side by side, no carry between them: as deep as one, twice its area"),
    vectors=[
        ((0, 0, 0, 0, 0, 0), (0, 0)),
        ((5, 7, 0xFFFFFFFF, 0, 0, 0), (37, 7)),
        ((5, 7, 0, 0, 0, 0xFFFFFFFF), (5, 39)),
        ((1, 2, 6, 0x12345678, 3, 0x12345678), (3, 2)),
        ((100, 200, 0xAAAAAAAA, 0x80000001, 0x55555555, 1), (132, 201)),
        ((0xFFFFFFFF, 0xFFFFFFF0, 1, 0, 0, 0xFFFFFFFF), (0, 0x10)),
    ],
)
def vxpopa(d: u32, d_hi: u32, n: u32, n_hi: u32, m: u32, m_hi: u32):
    """Add to either half of d the number of bits in which the same halves of n and m differ."""
    low, high = n ^ m, n_hi ^ m_hi
    low = low - ((low >> 1) & 0x55555555)
    high = high - ((high >> 1) & 0x55555555)
    low = (low & 0x33333333) + ((low >> 2) & 0x33333333)
    high = (high & 0x33333333) + ((high >> 2) & 0x33333333)
    low = (low + (low >> 4)) & 0x0F0F0F0F
    high = (high + (high >> 4)) & 0x0F0F0F0F
    return d + (((low * 0x01010101) >> 24) & 0x3F), d_hi + (((high * 0x01010101) >> 24) & 0x3F)
