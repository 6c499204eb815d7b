"""sdot2b: sixteen products of 2-bit lanes and their sum (SDOTC, for crumbs).

It is meant for networks whose weights and activations have two bits, as XpulpNN runs them. The operators here have no
such data. On first layers with ±1 weights an 8-bit input is four digits of two bits, so that it does what four 8-bit
lanes do, and more shifting.
"""

from bnnsim.isa import CX3A, Extension, Source, u32

extension = Extension(
    "sdot2b",
    "Add the dot product of sixteen 2-bit lanes, signed or unsigned, to a register.",
    origin="Garofalo et al., XpulpNN, arXiv:2011.14325: crumb dot products on a RISC-V core",
)


@extension.instruction(
    CX3A(op=6, modifier=0, immediate_bits=2),
    latency=1,
    source=Source.assumed(
        "sixteen products of 3 by 3 bits and a tree of adders four levels deep, no longer than an 8-bit product and "
        "its sum; 3-4 thousand gates, less where multipliers of wider lanes are shared"
    ),
    vectors=[
        ((0, 0, 0, 3), 0),
        ((7, 0x55555555, 0x55555555, 0), 7 + 16),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 0), 16 * 9),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 1), -16 * 3),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 2), -16 * 3),
        ((0, 0xFFFFFFFF, 0xFFFFFFFF, 3), 16),
        ((0, 0xAAAAAAAA, 0xAAAAAAAA, 3), 16 * 4),
        ((0, 0xC0000003, 0x40000003, 2), 3 - 3),
        ((0xFFFFFFFF, 1, 1, 0), 0),
    ],
)
def sdot2b(d: u32, n: u32, m: u32, imm: u32) -> u32:
    """Add to d the products of the bit pairs of n and m.

    imm: bit 0 says that those of n are signed, bit 1 those of m.
    """
    n_signs = 2 if imm & 1 else 0
    m_signs = 2 if imm & 2 else 0
    total = 0
    for shift in range(0, 32, 2):
        x = n >> shift & 3
        y = m >> shift & 3
        total += (x - 2 * (x & n_signs)) * (y - 2 * (y & m_signs))
    return d + total
