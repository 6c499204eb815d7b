"""sdot4b: eight products of 4-bit lanes and their sum (SDOTN, for nibbles).

It is meant for networks whose weights and activations have four bits, as XpulpNN runs them. The operators here have no
such data. On first layers with ±1 weights an 8-bit input is two digits of four bits, so that it does what four 8-bit
lanes do, and a shift.
"""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "sdot4b",
    "Add the dot product of eight 4-bit lanes, signed or unsigned, to a register.",
    origin="Garofalo et al., XpulpNN, arXiv:2011.14325: nibble dot products on a RISC-V core",
)


@extension.instruction(
    CX3A(op=6, modifier=4, immediate_bits=2),
    latency=1,
    source=Source.assumed(
        "eight products of 5 by 5 bits and a tree of adders three levels deep, no longer than an 8-bit product and its "
        "sum; 3-4 thousand gates, less where multipliers of wider lanes are shared"
    ),
    vectors=[
        ((0, 0, 0, 3), 0),
        ((7, 0x11111111, 0x11111111, 0), 7 + 8),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 0), 8 * 225),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 1), -8 * 15),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 2), -8 * 15),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 3), 8),
        ((0, 0x88888888, 0x88888888, 3), 8 * 64),
        ((0, 0xF000000F, 0x7000000F, 2), 15 * 7 - 15),
        ((0xFFFFFFFF, 1, 1, 0), 0),
    ],
)
def sdot4b(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Add to d the products of the nibbles of n and m.

    imm: bit 0 says that those of n are signed, bit 1 those of m.
    """
    n_signs = 8 if imm & 1 else 0
    m_signs = 8 if imm & 2 else 0
    total = 0
    for shift in range(0, 32, 4):
        x = n >> shift & 0xF
        y = m >> shift & 0xF
        total += (x - 2 * (x & n_signs)) * (y - 2 * (y & m_signs))
    return d + total
