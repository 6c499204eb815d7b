"""bdot8: four bytes added or subtracted as four weight bits say, for first layers with 8-bit inputs and ±1 weights.

Lanes are unsigned, as the inputs of QBConv2D are. Signed ones x are served as well: x + 128 is the byte with its top
bit turned, and 128 times the sum of the weights, known before, makes up for it.
"""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "bdot8",
    "Add or subtract four unsigned bytes, each by the sign that a bit of a weight word gives it.",
    origin="ours: a dot product of 8-bit lanes whose multipliers shrink to conditional complements",
)


@extension.instruction(
    CX3A(op=5, immediate_bits=3),
    latency=1,
    source=Source.assumed(
        "complements chosen by four bits, then a sum of four bytes and a word: two levels of carry-save adders before "
        "the adder of the ALU, less than SMLAD's path; about 0.6 thousand gates"
    ),
    vectors=[
        ((0, 0, 0, 0), 0),
        ((100, 0x04030201, 0xF, 0), 110),
        ((100, 0x04030201, 0x0, 0), 90),
        ((0, 0x04030201, 0x5, 0), 1 - 2 + 3 - 4),
        ((0, 0x04030201, 0x50, 1), 1 - 2 + 3 - 4),
        ((0, 0xFFFFFFFF, 0xF0000000, 7), 4 * 255),
        ((0, 0xFFFFFFFF, 0x0FFFFFFF, 7), -4 * 255),
        ((0xFFFFFFFF, 0x00000001, 0x1, 0), 0),
        ((0, 0x80000000, 0x80000, 4), 128),
        ((0, 0x00000001, 0xF00, 2), 1),
        ((0, 0x00000001, 0x0FFF, 3), -1),
        ((0, 0x00000001, 0xF00000, 5), 1),
        ((0, 0x00000001, 0xF000000, 6), 1),
    ],
)
def bdot8(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Add to d each byte of n whose bit in nibble imm of m is set, subtract the others; bit 0 belongs to byte 0."""
    signs = m >> 4 * imm
    total = 0
    for lane in range(4):
        total += (n >> 8 * lane & 0xFF) * (2 * (signs >> lane & 1) - 1)
    return d + total
