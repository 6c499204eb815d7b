/* Population counts: the instruction that a selected extension claims for it, else plain C, so that one source serves
 * every ISA. The generated isa.h says which. */
#ifndef BNN_COUNTING_H
#define BNN_COUNTING_H
#include <stdint.h>
#include "inline.h"
#include "isa.h"

/* Population count in twelve operations where no instruction is claimed: the tree of libgcc's
 * __popcountsi2, finished by a multiplication. */
BNN_INLINE uint32_t bnn_popcount32_swar(uint32_t x)
{
    x -= (x >> 1) & 0x55555555u;
    x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    return (x * 0x01010101u) >> 24;
}

/* The same behind a call, as a compiler's library function is. */
BNN_NOINLINE uint32_t bnn_popcount32_call(uint32_t x)
{
    return bnn_popcount32_swar(x);
}

BNN_INLINE uint32_t bnn_popcount32(uint32_t x)
{
#ifdef BNNSIM_POPCOUNT
    return BNNSIM_POPCOUNT(x);
#else
    return bnn_popcount32_swar(x);
#endif
}

/* The population count of published loops: the claimed instruction, else a call. */
#ifdef BNNSIM_POPCOUNT
#define BNN_PUBLISHED_POPCOUNT(x) bnn_popcount32(x)
#else
#define BNN_PUBLISHED_POPCOUNT(x) bnn_popcount32_call(x)
#endif

/* acc + popcount(a ^ w) */
BNN_INLINE uint32_t bnn_xor_popcount_accumulate(uint32_t acc, uint32_t a, uint32_t w)
{
#ifdef BNNSIM_XOR_POPCOUNT_ACCUMULATE
    return BNNSIM_XOR_POPCOUNT_ACCUMULATE(acc, a, w);
#else
    return acc + bnn_popcount32(a ^ w);
#endif
}
#endif
