"""bmax: maximum or minimum of packed binary values, a null control: two ORRs do as much, so it should gain nothing."""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "bmax",
    "OR or AND of three registers.",
    origin="our null control: a proposal of binary max pooling in hardware, reduced to what ORR does not do already",
    note="null control: its gain should be about zero",
)


@extension.instruction(
    CX3A(op=7, immediate_bits=1),
    latency=1,
    source=Source.assumed("a gate of three inputs per bit beside the ALU's of two"),
    vectors=[
        ((0, 0, 0, 0), 0),
        ((1, 2, 4, 0), 7),
        ((0x80000000, 0, 1, 0), 0x80000001),
        ((0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 1), 0xFFFFFFFF),
        ((0xF0F0F0F0, 0xFF00FF00, 0x0FFFFFF0, 1), 0x0000F000),
        ((0xFFFFFFFF, 0x12345678, 0, 1), 0),
    ],
)
def bmax(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Put d OR n OR m into d, of packed binary values the maximum; with imm 1 AND, the minimum."""
    if imm & 1:
        return d & n & m
    return d | n | m
