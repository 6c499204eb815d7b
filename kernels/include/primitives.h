/* What a binary kernel is made of: population counts, DSP instructions, thresholds.
 *
 * A primitive that a selected extension claims becomes its instruction, any other one plain C or the
 * core's own instructions, so that one source serves every ISA. The generated isa.h says which.
 */
#ifndef BNN_PRIMITIVES_H
#define BNN_PRIMITIVES_H
#include <stdint.h>
#include "isa.h"

#define BNN_INLINE static inline __attribute__((always_inline))
#define BNN_NOINLINE static __attribute__((noinline, unused))

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

/* Keep a value in a register here: stops a compiler from reordering sums until they no longer fit. */
#define BNN_KEEP(x) __asm__ volatile("" : "+r"(x))

/* bits * 2 + (u >= width): called for channels 31 down to 0 it packs one word of outputs in two
 * instructions per bit, because CMP leaves the answer in the carry flag, or in one where there is one for it. */
BNN_INLINE uint32_t bnn_push_threshold(uint32_t bits, uint32_t u, uint32_t width)
{
#if defined(BNNSIM_HAVE_thrpk)
    return thrpk(bits, u, width, 0);
#elif defined(__thumb2__)
    __asm__("cmp %1, %2\n\tadc %0, %0, %0" : "+r"(bits) : "r"(u), "r"(width) : "cc");
    return bits;
#else
    __asm__("cmp %1, %2\n\tadcs %0, %0" : "+l"(bits) : "l"(u), "l"(width) : "cc");
    return bits;
#endif
}

/* u >= width as 0 or 1, without a branch on Armv6-M either. */
BNN_INLINE uint32_t bnn_at_least(uint32_t u, uint32_t width)
{
#ifdef __thumb2__
    return u >= width;
#else
    uint32_t r;
    __asm__("movs %0, #0\n\tcmp %1, %2\n\tadcs %0, %0" : "=&l"(r) : "l"(u), "l"(width) : "cc");
    return r;
#endif
}

#ifdef __ARM_FEATURE_DSP
/* acc + lo16(a) * lo16(b) + hi16(a) * hi16(b), signed halves */
BNN_INLINE int32_t bnn_smlad(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t r;
    __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(acc));
    return r;
}

/* acc + sum over the four bytes of |a - b|; with b = 0 the sum of the bytes of a */
BNN_INLINE uint32_t bnn_usada8(uint32_t a, uint32_t b, uint32_t acc)
{
    uint32_t r;
    __asm__("usada8 %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(acc));
    return r;
}

/* bytes 0 and 2 as two halves, without and with sign */
BNN_INLINE uint32_t bnn_uxtb16(uint32_t x)
{
    uint32_t r;
    __asm__("uxtb16 %0, %1" : "=r"(r) : "r"(x));
    return r;
}

BNN_INLINE uint32_t bnn_sxtb16(uint32_t x)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(x));
    return r;
}

/* bytes 1 and 3 as two halves, without and with sign */
BNN_INLINE uint32_t bnn_uxtb16_ror8(uint32_t x)
{
    uint32_t r;
    __asm__("uxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
    return r;
}

BNN_INLINE uint32_t bnn_sxtb16_ror8(uint32_t x)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
    return r;
}

/* halves of a + bytes 0 and 2 (1 and 3) of x, with sign */
BNN_INLINE uint32_t bnn_sxtab16(uint32_t a, uint32_t x)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(x));
    return r;
}

BNN_INLINE uint32_t bnn_sxtab16_ror8(uint32_t a, uint32_t x)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(a), "r"(x));
    return r;
}

/* sums and differences of halves */
BNN_INLINE uint32_t bnn_sadd16(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("sadd16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

BNN_INLINE uint32_t bnn_ssub16(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("ssub16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}
#endif
#endif
