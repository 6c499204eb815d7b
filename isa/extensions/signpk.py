"""signpk: the signs of a word's bytes or halves, packed into a word of bits: where int8 turns binary."""

from bnnsim.isa import CX2A, Extension, Source, u32

extension = Extension(
    "signpk",
    "Shift the sign bits of four bytes or two halves of a register into another.",
    origin="XMOS XS3's VDEPTH1 (signs of 8-, 16- or 32-bit lanes to bits) and x86's PMOVMSKB, for one register",
)


@extension.instruction(
    CX2A(op=0, immediate_bits=3),
    latency=1,
    source=Source.assumed("wires, an inverter per bit and a few multiplexers, less than 100 gates"),
    vectors=[
        ((0, 0x80000000, 0), 8),
        ((0x12345678, 0x007F80FF, 0), 0x23456783),
        ((0x12345678, 0x007F80FF, 1), 0x31234567),
        ((0xFFFFFFFF, 0xFFFFFFFF, 2), 0xFFFFFFF0),
        ((0, 0x80FF7F00, 3), 0x30000000),
        ((0, 0x7FFF8000, 4), 1),
        ((0xFFFFFFFF, 0x7FFFFFFF, 5), 0x7FFFFFFF),
        ((0x40000001, 0xFFFF0000, 6), 5),
        ((3, 0, 7), 0xC0000000),
    ],
)
def signpk(d: u32, n: u32, imm: u32) -> u32:
    """Shift into d the sign bits of n's four bytes, in their order.

    imm bit 0: 0 shifts left and they become d's lowest bits, 1 shifts right and they become the highest; bit 1: 1
    takes their opposites, set for lanes of 0 or more; bit 2: 1 takes two halves in place of four bytes.
    """
    if imm & 4:
        count = 2
        signs = ((n >> 15) & 1) | ((n >> 30) & 2)
    else:
        count = 4
        signs = ((n >> 7) & 1) | ((n >> 14) & 2) | ((n >> 21) & 4) | ((n >> 28) & 8)
    if imm & 2:
        signs = signs ^ ((1 << count) - 1)
    if imm & 1:
        return (d >> count) | (signs << (32 - count))
    return (d << count) | signs
