"""xndota: a word's step of a dot product of ±1 values, as a signed number, over the lowest n of its 32 bits."""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "xndota",
    "Add the dot product of the lowest n bits of two registers, read as ±1, to a third.",
    origin="the dot product as binarized networks define it (XNOR-Net: n - 2 * popcount(a ^ w)), in one instruction",
)


@extension.instruction(
    CX3A(op=0, coprocessor=1, immediate_bits=5),  # imm is n - 1
    latency=1,
    source=Source.assumed("xpopa with a mask before its tree of adders and a subtraction from n behind it"),
    vectors=[
        ((0, 0, 0, 31), 32),
        ((5, 0xFFFFFFFF, 0, 31), 5 - 32),
        ((0, 0xFFFFFFFF, 0, 0), -1),
        ((0, 0xFFFFFFFE, 0, 0), 1),
        ((0, 0xFFFFFFFF, 0x0000FFFF, 15), 16),
        ((100, 0xAAAAAAAA, 0x55555555, 30), 100 - 31),
        ((-16, 0x12345678, 0, 31), -10),
        ((0xFFFFFFFF, 0x80000001, 0x80000001, 31), 31),
        ((0x7FFFFFFF, 0, 0, 0), 0x80000000),
        *(((0, 0xFFFFFFFF, 0, imm), -imm - 1) for imm in range(32)),
    ],
)
def xndota(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Add to d the lowest imm + 1 bits in which n and m agree, less those in which they differ."""
    count = imm + 1
    x = (n ^ m) & ((1 << count) - 1)
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    return d + count - 2 * (((x * 0x01010101) >> 24) & 0x3F)
