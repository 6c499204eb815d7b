/* Sums, products and quotients of floats by integer instructions; see softfloat.h. */
#include "softfloat.h"
#ifndef __thumb2__
#include "softfloat_armv6m.h"
#endif

uint32_t __aeabi_fadd(uint32_t a, uint32_t b);
uint32_t __aeabi_fsub(uint32_t a, uint32_t b);
uint32_t __aeabi_frsub(uint32_t a, uint32_t b);
uint32_t __aeabi_fmul(uint32_t a, uint32_t b);
uint32_t __aeabi_fdiv(uint32_t a, uint32_t b);

#define RARE static __attribute__((noinline, cold, used)) /* assembly calls them */

/* ---- addition ---- */

/* |a| >= |b|, and a is infinite or a NaN. */
RARE uint32_t add_special(uint32_t a, uint32_t b)
{
    if (a << 1 > INFINITE << 1)
        return a | QUIET;
    return (a ^ b) == SIGN ? DEFAULT_NAN : a;
}

#ifdef __thumb2__
/* Shifts of 32 or more give 0. */
__attribute__((naked)) uint32_t __aeabi_fadd(uint32_t a __attribute__((unused)), uint32_t b __attribute__((unused)))
{
    __asm__ volatile(
        "lsls.n r2, r0, #1\n\t"
        "cmp.w r2, r1, lsl #1\n\t"
        "ittt lo\n\t" /* r0: the larger magnitude */
        "eorlo.w r0, r0, r1\n\t"
        "eorlo.w r1, r1, r0\n\t"
        "eorlo.w r0, r0, r1\n\t"
        "ubfx r2, r0, #23, #8\n\t"
        "ubfx r3, r1, #23, #8\n\t"
        "cmp.n r2, #255\n\t"
        "beq.w add_special\n\t"
        "push.n {r4, r5}\n\t"
        "eor.w r12, r0, r1\n\t"
        "lsls.n r4, r0, #8\n\t" /* fractions, their leading ones in bit 31 */
        "lsls.n r5, r1, #8\n\t"
        "cmp.n r2, #0\n\t"
        "ite ne\n\t"
        "orrne.w r4, r4, #0x80000000\n\t"
        "moveq.n r2, #1\n\t"
        "cmp.n r3, #0\n\t"
        "ite ne\n\t"
        "orrne.w r5, r5, #0x80000000\n\t"
        "moveq.n r3, #1\n\t"
        "lsrs.n r4, r4, #1\n\t" /* room for a carry */
        "lsrs.n r5, r5, #1\n\t"
        "subs.n r3, r2, r3\n\t"
        "lsr.w r1, r5, r3\n\t"
        "lsl.w r3, r1, r3\n\t"
        "cmp.n r3, r5\n\t"
        "it ne\n\t" /* ones were lost */
        "orrne.w r1, r1, #1\n\t"
        "cmp.w r12, #0\n\t"
        "ite mi\n\t" /* signs differ */
        "submi.w r4, r4, r1\n\t"
        "addpl.w r4, r4, r1\n\t"
        "cmp.n r4, #0\n\t"
        "itt eq\n\t" /* zero is negative if both operands are */
        "biceq.w r0, r0, r12\n\t"
        "moveq.n r2, #0\n\t"
        "clz r3, r4\n\t"
        "cmp.n r3, r2\n\t"
        "it hi\n\t" /* subnormal */
        "movhi.n r3, r2\n\t"
        "lsl.w r4, r4, r3\n\t"
        "subs.n r2, r2, r3\n\t"
        "lsrs.n r1, r4, #8\n\t" /* the carry is the bit below the last one: round up … */
        "adc.w r1, r1, r2, lsl #23\n\t"
        "lsls.n r4, r4, #24\n\t"
        "cmp.w r4, #0x80000000\n\t"
        "it eq\n\t" /* … a tie to even */
        "biceq.w r1, r1, #1\n\t"
        "cmp.w r1, #0x7f800000\n\t"
        "it hs\n\t"
        "movhs.w r1, #0x7f800000\n\t"
        "bfi r0, r1, #0, #31\n\t"
        "pop.n {r4, r5}\n\t"
        "bx lr");
}
#endif

uint32_t __aeabi_fsub(uint32_t a, uint32_t b)
{
    return __aeabi_fadd(a, b ^ SIGN);
}

uint32_t __aeabi_frsub(uint32_t a, uint32_t b)
{
    return __aeabi_fadd(a ^ SIGN, b);
}

/* ---- multiplication and division ---- */

/* A number from a fraction whose leading one is in bit 31 or 30, 0 for zero, and the exponent that bit 30 stands for;
 * numbers too small for it become subnormal. */
INLINE uint32_t normalize(uint32_t fraction, int32_t exponent, uint32_t sign)
{
    const uint32_t not_zero = below(0, fraction), high = fraction >> 31;
    fraction <<= 1 - high;
    exponent += (int32_t)high - 1;
    const uint32_t subnormal = if_negative(exponent);
    fraction = shift_sticky(fraction, smaller((uint32_t)-exponent & subnormal, 31));
    return (round_and_pack(fraction, (uint32_t)exponent & ~subnormal) & not_zero) | sign;
}

/* One of them is infinite or a NaN. */
RARE uint32_t multiply_special(uint32_t a, uint32_t b)
{
    if (a << 1 > INFINITE << 1)
        return a | QUIET;
    if (b << 1 > INFINITE << 1)
        return b | QUIET;
    return a << 1 == 0 || b << 1 == 0 ? DEFAULT_NAN : INFINITE | ((a ^ b) & SIGN);
}

#ifdef __thumb2__
#ifdef __ARM_FEATURE_DSP /* cores with it have a long multiply of fixed time */
#define MULTIPLY_FRACTIONS         \
    "umull r3, r0, r0, r1\n\t"     \
    "cmp.n r3, #0\n\t"
#else
#define MULTIPLY_FRACTIONS         \
    "push.n {r4, r5}\n\t"          \
    "lsrs.n r4, r0, #24\n\t"       \
    "ubfx r0, r0, #8, #16\n\t"   \
    "lsrs.n r5, r1, #24\n\t"       \
    "ubfx r1, r1, #8, #16\n\t"   \
    "mul r3, r0, r1\n\t"         \
    "mul r0, r0, r5\n\t"         \
    "mul r1, r1, r4\n\t"         \
    "mul r4, r4, r5\n\t"         \
    "adds.n r0, r0, r1\n\t"        \
    "add.w r0, r0, r4, lsl #16\n\t" \
    "add.w r0, r0, r3, lsr #16\n\t" \
    "pop.n {r4, r5}\n\t"           \
    "lsls.n r3, r3, #16\n\t"
#endif

__attribute__((naked)) uint32_t __aeabi_fmul(uint32_t a __attribute__((unused)), uint32_t b __attribute__((unused)))
{
    __asm__ volatile(
        "ubfx r2, r0, #23, #8\n\t"
        "ubfx r3, r1, #23, #8\n\t"
        "cmp.n r2, #255\n\t"
        "it ne\n\t"
        "cmpne.n r3, #255\n\t"
        "beq.w multiply_special\n\t"
        "eor.w r12, r0, r1\n\t"
        "lsls.n r0, r0, #8\n\t" /* fractions, their leading ones in bit 31 */
        "lsls.n r1, r1, #8\n\t"
        "cmp.n r2, #0\n\t"
        "ite ne\n\t"
        "orrne.w r0, r0, #0x80000000\n\t"
        "moveq.n r2, #1\n\t"
        "cmp.n r3, #0\n\t"
        "ite ne\n\t"
        "orrne.w r1, r1, #0x80000000\n\t"
        "moveq.n r3, #1\n\t"
        "adds.n r2, r2, r3\n\t"
        "clz r3, r0\n\t" /* subnormal numbers are normalized */
        "lsl.w r0, r0, r3\n\t"
        "subs.n r2, r2, r3\n\t"
        "clz r3, r1\n\t"
        "lsl.w r1, r1, r3\n\t"
        "subs.n r2, r2, r3\n\t"
        MULTIPLY_FRACTIONS
        "it ne\n\t" /* ones below the word that is kept */
        "orrne.w r0, r0, #1\n\t"
        "subs.n r2, r2, #127\n\t"
        "cmp.n r0, #0\n\t"
        "itt pl\n\t"
        "lslpl.n r0, r0, #1\n\t"
        "subpl.n r2, r2, #1\n\t"
        "cmp.n r0, #0\n\t"
        "it eq\n\t"
        "moveq.n r2, #0\n\t"
        "rsbs.n r3, r2, #0\n\t" /* how far subnormal results move down */
        "it lt\n\t"
        "movlt.n r3, #0\n\t"
        "bic.w r2, r2, r2, asr #31\n\t"
        "lsr.w r1, r0, r3\n\t"
        "lsl.w r3, r1, r3\n\t"
        "cmp.n r3, r0\n\t"
        "it ne\n\t" /* ones were lost */
        "orrne.w r1, r1, #1\n\t"
        "lsrs.n r0, r1, #8\n\t" /* the carry is the bit below the last one: round up … */
        "adc.w r0, r0, r2, lsl #23\n\t"
        "lsls.n r1, r1, #24\n\t"
        "cmp.w r1, #0x80000000\n\t"
        "it eq\n\t" /* … a tie to even */
        "biceq.w r0, r0, #1\n\t"
        "cmp.w r0, #0x7f800000\n\t"
        "it hs\n\t"
        "movhs.w r0, #0x7f800000\n\t"
        "bfi r12, r0, #0, #31\n\t"
        "mov.n r0, r12\n\t"
        "bx lr");
}
#endif

/* One of them is infinite or a NaN, or b is zero. */
RARE uint32_t divide_special(uint32_t a, uint32_t b)
{
    const uint32_t sign = (a ^ b) & SIGN;
    if (a << 1 > INFINITE << 1)
        return a | QUIET;
    if (b << 1 > INFINITE << 1)
        return b | QUIET;
    if (a << 1 == INFINITE << 1)
        return b << 1 == INFINITE << 1 ? DEFAULT_NAN : INFINITE | sign;
    if (b << 1 == INFINITE << 1)
        return sign;
    return a << 1 == 0 ? DEFAULT_NAN : INFINITE | sign;
}

uint32_t __aeabi_fdiv(uint32_t a, uint32_t b)
{
    const uint32_t ea = exponent_of(a), eb = exponent_of(b);
    if (__builtin_expect(((ea + 1) | (eb + 1)) >> 8 || b << 1 == 0, 0))
        return divide_special(a, b);
    const uint32_t one_a = leading_one(ea), one_b = leading_one(eb);
    uint32_t fa = a << 9 >> 9 | one_a << 23, fb = b << 9 >> 9 | one_b << 23;
    const uint32_t zeros_a = leading_zeros(fa) - 8, zeros_b = leading_zeros(fb) - 8;
    fa <<= zeros_a;
    fb <<= zeros_b;
    const int32_t exponent = (int32_t)((ea - one_a - zeros_a) - (eb - one_b - zeros_b)) + 126;
    uint32_t quotient = 0;
    for (int32_t bit = 0; bit < 27; bit++) { /* 24 to keep, one to round, one for a first bit of 0, one spare */
        const uint32_t negative = if_negative((int32_t)(fa - fb));
        fa = (fa - fb + (fb & negative)) << 1;
        quotient = 2 * quotient + 1 + negative;
    }
    return normalize(quotient << 5 | below(0, fa) >> 31, exponent, (a ^ b) & SIGN);
}
