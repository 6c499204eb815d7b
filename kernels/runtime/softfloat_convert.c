/* Conversions and comparisons of floats by integer instructions; see softfloat.h. */
#include "softfloat.h"

uint32_t __aeabi_i2f(int32_t x);
uint32_t __aeabi_ui2f(uint32_t x);
int32_t __aeabi_f2iz(uint32_t a);
uint32_t __aeabi_f2uiz(uint32_t a);
int __aeabi_fcmpeq(uint32_t a, uint32_t b);
int __aeabi_fcmplt(uint32_t a, uint32_t b);
int __aeabi_fcmple(uint32_t a, uint32_t b);
int __aeabi_fcmpge(uint32_t a, uint32_t b);
int __aeabi_fcmpgt(uint32_t a, uint32_t b);
int __aeabi_fcmpun(uint32_t a, uint32_t b);

/* ---- conversions ---- */

INLINE uint32_t from_magnitude(uint32_t x, uint32_t sign)
{
    const uint32_t zeros = leading_zeros(x);
    return (round_and_pack(x << zeros, 127 + 31 - 1 - zeros) & below(0, x)) | sign;
}

uint32_t __aeabi_i2f(int32_t x)
{
    const uint32_t negative = if_negative(x);
    return from_magnitude(((uint32_t)x ^ negative) - negative, negative & SIGN);
}

uint32_t __aeabi_ui2f(uint32_t x)
{
    return from_magnitude(x, 0);
}

/* The integer part of |a|; large: all ones if it exceeds 32 bits, or a is a NaN. */
INLINE uint32_t integer_part(uint32_t a, uint32_t *large)
{
    const uint32_t shift = 127 + 31 - exponent_of(a); /* negative if large */
    *large = if_negative((int32_t)shift);
    return ((a << 8 | SIGN) >> (shift & 31)) & below(shift, 32);
}

INLINE uint32_t is_nan(uint32_t a)
{
    return below(INFINITE << 1, a << 1);
}

/* Towards zero; what does not fit becomes the nearest integer, a NaN 0. */
int32_t __aeabi_f2iz(uint32_t a)
{
    const uint32_t negative = if_negative((int32_t)a);
    uint32_t large;
    uint32_t x = integer_part(a, &large);
    large |= if_negative((int32_t)x);
    x = ((x ^ negative) - negative) & ~large;
    return (int32_t)((x | ((0x7fffffffu ^ negative) & large)) & ~is_nan(a));
}

uint32_t __aeabi_f2uiz(uint32_t a)
{
    uint32_t large;
    const uint32_t x = integer_part(a, &large);
    return (x | large) & ~if_negative((int32_t)a) & ~is_nan(a);
}

/* ---- comparisons ---- */

INLINE uint32_t unordered(uint32_t a, uint32_t b)
{
    return is_nan(a) | is_nan(b);
}

/* Floats as unsigned numbers of the same order; both zeros are one. */
INLINE uint32_t ordinal(uint32_t a)
{
    const uint32_t negative = if_negative((int32_t)a);
    return (((a << 1 >> 1) ^ negative) - negative) ^ SIGN;
}

int __aeabi_fcmplt(uint32_t a, uint32_t b)
{
    return (int)((below(ordinal(a), ordinal(b)) & ~unordered(a, b)) >> 31);
}

int __aeabi_fcmple(uint32_t a, uint32_t b)
{
    return (int)(~(below(ordinal(b), ordinal(a)) | unordered(a, b)) >> 31);
}

int __aeabi_fcmpgt(uint32_t a, uint32_t b)
{
    return __aeabi_fcmplt(b, a);
}

int __aeabi_fcmpge(uint32_t a, uint32_t b)
{
    return __aeabi_fcmple(b, a);
}

int __aeabi_fcmpeq(uint32_t a, uint32_t b)
{
    return (int)(~(below(0, ordinal(a) ^ ordinal(b)) | unordered(a, b)) >> 31);
}

int __aeabi_fcmpun(uint32_t a, uint32_t b)
{
    return (int)(unordered(a, b) >> 31);
}
