/* float32 arithmetic for cores without FPU, under the names of the run-time ABI (Arm IHI 0043, floating-point
 * helper functions): correctly rounded (nearest, ties to even), with subnormals, infinities and NaNs.
 *
 * Masks or conditional instructions instead of branches: every function takes the same time for all finite operands,
 * subnormals and zeros included, but a division by zero. Infinities and NaNs leave fadd, fmul and fdiv early. A NaN
 * among the operands gives a quiet NaN, an invalid operation Arm's default NaN. The linker drops what nothing calls.
 */
#ifndef SOFTFLOAT_H
#define SOFTFLOAT_H
#include <stdint.h>

#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#define QUIET 0x00400000u
#define DEFAULT_NAN (INFINITE | QUIET)
#define INLINE static inline __attribute__((always_inline))

/* All ones if a < b, else 0. In assembly, so that no compiler makes a branch of it. */
INLINE uint32_t below(uint32_t a, uint32_t b)
{
    uint32_t mask;
    __asm__("subs %0, %1, %2\n\tsbcs %0, %0, %0" : "=&l"(mask) : "l"(a), "l"(b) : "cc");
    return mask;
}

INLINE uint32_t if_negative(int32_t x)
{
    uint32_t mask;
    __asm__("asrs %0, %1, #31" : "=l"(mask) : "l"(x) : "cc");
    return mask;
}

/* The smaller of two numbers less than 2^31 apart. */
INLINE uint32_t smaller(uint32_t a, uint32_t b)
{
    return b + ((a - b) & if_negative((int32_t)(a - b)));
}

#ifndef __thumb2__
/* By the top five bits of LEADING_ZEROS_FACTOR times a number whose ones below its leading one are all set. */
static const uint8_t leading_zeros_table[32] __attribute__((used)) = {
    31, 22, 30, 21, 18, 10, 29, 2, 20, 17, 15, 13, 9, 6, 28, 1,
    23, 19, 11, 3, 16, 14, 7, 24, 12, 4, 8, 25, 5, 26, 27, 0};
#define LEADING_ZEROS_FACTOR 0x07c4acdd
#endif

/* Leading zeros of x | 1. */
INLINE uint32_t leading_zeros(uint32_t x)
{
#ifdef __thumb2__
    uint32_t zeros;
    __asm__("clz %0, %1" : "=r"(zeros) : "r"(x | 1));
    return zeros;
#else
    x |= 1;
    x |= x >> 1;
    x |= x >> 2;
    x |= x >> 4;
    x |= x >> 8;
    x |= x >> 16;
    return leading_zeros_table[(x * LEADING_ZEROS_FACTOR) >> 27];
#endif
}

/* x >> n for n of 0 to 31; the last bit also tells whether ones were lost. */
INLINE uint32_t shift_sticky(uint32_t x, uint32_t n)
{
    const uint32_t y = x >> n;
    return y | below(y << n, x) >> 31;
}

INLINE uint32_t exponent_of(uint32_t a)
{
    return a << 1 >> 24;
}

/* 1 if the exponent is not 0: the fraction's leading one. */
INLINE uint32_t leading_one(uint32_t exponent)
{
    return (exponent + 255) >> 8;
}

/* Magnitude from a fraction with its leading one in bit 31 (in a lower bit only if the exponent is 1) and the
 * exponent minus 1. Bits 7 to 0 are rounded off; what is too large becomes infinite. */
INLINE uint32_t round_and_pack(uint32_t fraction, uint32_t exponent)
{
    const uint32_t kept = fraction >> 8, rest = fraction & 0xff;
    return smaller((exponent << 23) + kept + ((rest + 0x7f + (kept & 1)) >> 8), INFINITE);
}
#endif
