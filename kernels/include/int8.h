/* Requantization of int32 sums as TFLite and CMSIS-NN round it, in fixed time on every core. */
#ifndef BNN_INT8_H
#define BNN_INT8_H
#include <stdint.h>
#include "bnn_layer.h"
#include "primitives.h"

/* (a * b + 2^30) >> 31, that is half up; not for a = b = -2^31. Long multiplication takes the same time for all
 * operands on cores with DSP instructions; the others multiply halves. */
BNN_INLINE int32_t bnn_high_multiply(int32_t a, int32_t b)
{
#ifdef __ARM_FEATURE_DSP
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
#else
    int32_t a1 = a >> 16, b1 = b >> 16;
    uint32_t a0 = (uint32_t)a & 0xffffu, b0 = (uint32_t)b & 0xffffu;
    uint32_t low = a0 * b0;
    /* a1 * b0 + (low >> 16) lies within int32, and so does each half of what is added to it */
    int32_t first = a1 * (int32_t)b0 + (int32_t)(low >> 16);
    int32_t second = (int32_t)a0 * b1 + (first & 0xffff);
    int32_t high = a1 * b1 + (first >> 16) + (second >> 16);
    uint32_t rest = (uint32_t)second << 16 | (low & 0xffffu); /* the product is high * 2^32 + rest */
    uint32_t rounded = (rest >> 30) + 1;                      /* quarters of 2^32, half of 2^31 added: carries */

    return (int32_t)((uint32_t)high * 2 + (rounded >> 1));
#endif
}

/* x / 2^exponent, to the nearest, halves away from zero; 0 <= exponent < 31. */
BNN_INLINE int32_t bnn_divide_by_power_of_two(int32_t x, int32_t exponent)
{
    int32_t mask = (int32_t)((1u << exponent) - 1);
    int32_t threshold = (mask >> 1) + (int32_t)((uint32_t)x >> 31);

    /* remainder > threshold without a branch: both are small and not negative */
    return (x >> exponent) + (int32_t)((uint32_t)(threshold - (x & mask)) >> 31);
}

/* acc times multiplier * 2^(exponent - 31), rounded twice (CMSIS-NN's default). */
BNN_INLINE int32_t bnn_requantize_twice(int32_t acc, int32_t multiplier, int32_t exponent)
{
    int32_t left = exponent & ~(exponent >> 31), right = -(exponent & (exponent >> 31));

    return bnn_divide_by_power_of_two(bnn_high_multiply((int32_t)((uint32_t)acc << left), multiplier), right);
}

/* y within low .. high, without a branch; |y| and the limits below 2^30 */
BNN_INLINE int32_t bnn_clamp(int32_t y, int32_t low, int32_t high)
{
    int32_t below = (y - low) >> 31, above = (high - y) >> 31;

    y = (low & below) | (y & ~below);
    return (high & above) | (y & ~above);
}
#endif
