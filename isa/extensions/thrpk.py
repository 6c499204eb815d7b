"""thrpk: an output bit of a binary layer, made by a comparison and packed into its word, in one instruction."""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "thrpk",
    "Compare two registers and shift the answer, one bit, into a third.",
    origin="our proposal, against CBin-NN's comparison, branch and read-modify-write of a bit per output",
)


@extension.instruction(
    CX3A(op=3, immediate_bits=3),
    latency=1,
    primitive="push_threshold",
    source=Source.assumed(
        "the ALU's subtraction gives the bit, about 150 gates behind it shift the third register by one place, which "
        "needs no shifter"
    ),
    vectors=[
        ((0, 5, 5, 0), 1),
        ((0x80000001, 4, 5, 0), 2),
        ((0x80000001, 5, 4, 1), 0xC0000000),
        ((0x80000001, 4, 5, 1), 0x40000000),
        ((0x7FFFFFFF, 4, 5, 2), 0xFFFFFFFF),
        ((0xFFFFFFFF, 5, 5, 3), 0x7FFFFFFF),
        ((0, 0xFFFFFFFF, 0, 0), 1),
        ((0, 0xFFFFFFFF, 0, 4), 0),
        ((0, 0x7FFFFFFF, 0x80000000, 5), 0x80000000),
        ((0, 0x80000000, 0x7FFFFFFF, 6), 1),
        ((0xFFFFFFFF, 0, 0, 7), 0x7FFFFFFF),
    ],
)
def thrpk(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Shift into d whether n >= m.

    imm bit 0: 0 shifts left and the bit becomes bit 0, 1 shifts right and it becomes bit 31; bit 1: 1 takes the
    opposite, n < m; bit 2: 1 compares signed.
    """
    flip = (imm & 4) << 29  # exchanges the halves of the number line, so that unsigned order is signed order
    bit = 0
    if (n ^ flip) >= (m ^ flip):
        bit = 1
    bit = bit ^ ((imm >> 1) & 1)
    if imm & 1:
        return (d >> 1) | (bit << 31)
    return (d << 1) | bit
