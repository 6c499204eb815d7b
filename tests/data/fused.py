"""fused: exclusive or, population count and accumulation in one instruction."""

from bnnsim.isa import CX3A, Extension, Source, u32

fused = Extension("fused", "Fused xor-popcount-accumulate.")


@fused.instruction(
    CX3A(op=0),  # Custom Datapath Extension, coprocessor 0: Rd is read and written, Rn and Rm are read
    latency=1,
    source=Source.assumed("popcount tree and adder within one cycle at this clock"),
    vectors=[((0, 0, 0), 0), ((5, 0xFFFFFFFF, 0), 37), ((1, 6, 3), 3)],
    primitive="xor_popcount_accumulate",  # kernels written against this primitive now use it
)
def xpa(d: u32, n: u32, m: u32) -> u32:
    """Add to d the number of bits in which n and m differ."""
    x = n ^ m
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    return d + (((x * 0x01010101) >> 24) & 0x3F)
