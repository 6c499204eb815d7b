/* Softmax in TFLite's fixed-point arithmetic; "n integer bits" means raw * 2^(n - 31).
 *
 * Constants are those of gemmlowp's fixedpoint.h, as the reference (model/reference/softmax.py) explains.
 */
#ifndef SOFTMAX_INT8_SOFTMAX_H
#define SOFTMAX_INT8_SOFTMAX_H
#include "int8.h"

enum { SUM_BITS = 12 }; /* integer bits of a sum of exponentials */

/* Leading zeros of x > 0, without a branch. */
static inline int32_t leading_zeros(uint32_t x)
{
#ifdef __thumb2__
    return __builtin_clz(x);
#else
    int32_t zeros = 0;

    for (int32_t step = 16; step > 0; step >>= 1) {
        int32_t none = (int32_t)((x >> (32 - step)) - 1) >> 31;

        BNN_KEEP(none);
        zeros += step & none;
        x <<= step & none;
    }
    return zeros;
#endif
}

/* 1 / (1 + a), no integer bits, a in 0 .. 1: three Newton steps for 1 / half with two integer bits. */
static inline int32_t reciprocal_of_one_plus(int32_t a)
{
    int32_t half = (int32_t)(((uint32_t)a + (1u << 31)) >> 1);
    int32_t x = 1515870810 + bnn_high_multiply(half, -1010580540), over;

    for (int32_t n = 0; n < 3; n++)
        x += 4 * bnn_high_multiply(x, (1 << 29) - bnn_high_multiply(half, x));
    over = ((1 << 30) - 1 - x) >> 31; /* instead of 1 the greatest number below it */
    BNN_KEEP(over);
    return (int32_t)((uint32_t)x << 1 & ~(uint32_t)over) | (INT32_MAX & over);
}

/* What one pixel's outputs share. */
typedef struct {
    int32_t factor;         /* 1 / sum, no integer bits, but for a power of two */
    int32_t shift, present; /* to the right, to steps of 1/256; 0 if more than 31 bits, which leaves nothing */
} probability_scale;

static inline probability_scale scale_of_sum(uint32_t sum)
{
    int32_t zeros = leading_zeros(sum), shift = SUM_BITS - zeros + 31 - 8, over = (31 - shift) >> 31;

    BNN_KEEP(over);
    return (probability_scale){reciprocal_of_one_plus((int32_t)((sum << zeros) - (1u << 31))),
                               (31 & over) | (shift & ~over), ~over};
}

static inline int8_t probability(probability_scale scale, int32_t exponential)
{
    int32_t y = bnn_divide_by_power_of_two(bnn_high_multiply(scale.factor, exponential), scale.shift);

    y &= scale.present;
    return (int8_t)(y - (y >> 8) - 128); /* 256 becomes 255 */
}

static inline int32_t greatest(const int8_t *x, int32_t count)
{
    int32_t most = -128;

    for (; count > 0; count--) {
        int32_t difference = most - *x++, below = difference >> 31;

        BNN_KEEP(below);
        most -= difference & below;
    }
    return most;
}
#endif
