"""sdot4: four products of 8-bit lanes and their sum, for first layers and int8 layers, which popcounts do not reach."""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "sdot4",
    "Add the dot product of four 8-bit lanes, signed or unsigned, to a register.",
    origin=(
        "SDOT, UDOT (Armv8.2) and USDOT (Armv8.6) of Arm's Advanced SIMD do this in each 32-bit lane of a vector; "
        "pv.sdotsp.b of the RISC-V extension Xpulp is the scalar form"
    ),
)


@extension.instruction(
    CX3A(op=4, immediate_bits=2),
    latency=1,
    source=Source.assumed(
        "four multipliers of 9 by 9 bits stand side by side where SMLAD has two of 17 by 17, so that path and time are "
        "those of a multiply-accumulate of one cycle; 3-4 thousand gates where the core's own multiplier is not shared"
    ),
    vectors=[
        ((0, 0, 0, 3), 0),
        ((10, 0x04030201, 0x01010101, 0), 20),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 0), 4 * 255 * 255),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 1), -4 * 255),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 2), -4 * 255),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 3), 4),
        ((0, 0x80808080, 0x80808080, 3), 4 * 128 * 128),
        ((5, 0xFFFFFFFF, 0x80808080, 2), 5 - 4 * 255 * 128),
        ((0xFFFFFFFF, 0x00000001, 0x00000001, 0), 0),
        ((0x7FFFFFFF, 0x7F000000, 0x7F000000, 3), 0x7FFFFFFF + 127 * 127),
    ],
)
def sdot4(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Add to d the products of the bytes of n and m; imm: bit 0 says that those of n are signed, bit 1 those of m."""
    n_signs = 0x80 if imm & 1 else 0
    m_signs = 0x80 if imm & 2 else 0
    total = 0
    for shift in range(0, 32, 8):
        x = n >> shift & 0xFF
        y = m >> shift & 0xFF
        total += (x - 2 * (x & n_signs)) * (y - 2 * (y & m_signs))
    return d + total
