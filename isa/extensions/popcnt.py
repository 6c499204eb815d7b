"""popcnt: the one instruction that standard Cortex-M lacks for binarized networks."""

from bnnsim.isa import CX2, Extension, Source, u32

popcnt = Extension(
    "popcnt",
    "Population count of one register.",
    origin="what other instruction sets have: A64 CNT (per byte), RISC-V Zbb cpop, x86 POPCNT",
)


@popcnt.instruction(
    CX2(op=0),
    latency=1,
    source=Source.assumed("26-31 full adders, depth 5: fits the execute stage beside the ALU; same as A64 CNT's class"),
    vectors=[((0,), 0), ((1,), 1), ((0xFFFFFFFF,), 32), ((0x80000001,), 2), ((0x12345678,), 13)],
    primitive="popcount",
)
def popc(n: u32) -> u32:
    """Count the set bits of n."""
    n = n - ((n >> 1) & 0x55555555)
    n = (n & 0x33333333) + ((n >> 2) & 0x33333333)
    n = (n + (n >> 4)) & 0x0F0F0F0F
    return ((n * 0x01010101) >> 24) & 0x3F
