"""csa: a full adder in each of 32 lanes, which carry-save counting spells with five logical operations."""

from bnnsim.isa import CX3DA, Extension, Source, u32

extension = Extension(
    "csa",
    "Add three words bit by bit: sums to a register, carries to the next one.",
    origin="carry-save adders; two of x86's VPTERNLOG (functions 0x96 and 0xE8) in one instruction",
)


@extension.instruction(
    CX3DA(op=0),
    latency=1,
    source=Source.assumed("32 full adders, two gates deep, about 0.2 kGE; a second write port, as 64-bit loads have"),
    vectors=[
        ((0, 0, 0, 0), (0, 0)),
        ((0xFFFFFFFF, 0, 0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF)),
        ((0xFFFFFFFF, 0x12345678, 0, 0xFFFFFFFF), (0, 0xFFFFFFFF)),
        ((0, 0xFFFFFFFF, 0, 0), (0, 0)),
        ((0b11110000, 0, 0b11001100, 0b10101010), (0b10010110, 0b11101000)),
        ((0x80000001, 0, 0x80000000, 0x00000001), (0, 0x80000001)),
    ],
)
def csa(d: u32, d_hi: u32, n: u32, m: u32):
    """Add d, n and m in each bit: the sum replaces d, the carry d_hi, whose old value does not count."""
    return d ^ n ^ m, (d & n) | (d & m) | (n & m)
