/* Requantization of int32 sums as TFLite and CMSIS-NN round it, in fixed time on every core. */
#ifndef BNN_INT8_H
#define BNN_INT8_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

/* A product of 64 bits: high * 2^32 + low. */
typedef struct {
    int32_t high;
    uint32_t low;
} bnn_product;

/* a * b. Long multiplication takes the same time for all operands on cores with DSP instructions; the others
 * multiply halves. */
BNN_INLINE bnn_product bnn_multiply(int32_t a, int32_t b)
{
#ifdef __ARM_FEATURE_DSP
    int64_t whole = (int64_t)a * b;

    return (bnn_product){(int32_t)(whole >> 32), (uint32_t)whole};
#else
    int32_t a1 = a >> 16, b1 = b >> 16;
    uint32_t a0 = (uint32_t)a & 0xffffu, b0 = (uint32_t)b & 0xffffu;
    uint32_t low = a0 * b0;
    /* a1 * b0 + (low >> 16) lies within int32, and so does each half of what is added to it */
    int32_t first = a1 * (int32_t)b0 + (int32_t)(low >> 16);
    int32_t second = (int32_t)a0 * b1 + (first & 0xffff);
    int32_t high = a1 * b1 + (first >> 16) + (second >> 16);

    return (bnn_product){high, (uint32_t)second << 16 | (low & 0xffffu)};
#endif
}

/* (a * b + 2^30) >> 31, that is half up; not for a = b = -2^31. */
BNN_INLINE int32_t bnn_high_multiply(int32_t a, int32_t b)
{
    bnn_product p = bnn_multiply(a, b);
    uint32_t rounded = (p.low >> 30) + 1; /* quarters of 2^32, half of 2^31 added: carries */

    return (int32_t)((uint32_t)p.high * 2 + (rounded >> 1));
}

/* x / 2^exponent, to the nearest, halves away from zero; 0 <= exponent <= 31. */
BNN_INLINE int32_t bnn_divide_by_power_of_two(int32_t x, int32_t exponent)
{
    int32_t mask = (int32_t)((1u << exponent) - 1);
    int32_t threshold = (mask >> 1) + (int32_t)((uint32_t)x >> 31);

    /* remainder > threshold without a branch (Clang makes one for Armv6-M): both are not negative */
    threshold -= x & mask;
    BNN_KEEP(threshold);
    return (x >> exponent) + (int32_t)((uint32_t)threshold >> 31);
}

/* acc times multiplier * 2^(exponent - 31), rounded twice (CMSIS-NN's default). */
BNN_INLINE int32_t bnn_requantize_twice(int32_t acc, int32_t multiplier, int32_t exponent)
{
    int32_t left = exponent & ~(exponent >> 31), right = -(exponent & (exponent >> 31));

    return bnn_divide_by_power_of_two(bnn_high_multiply((int32_t)((uint32_t)acc << left), multiplier), right);
}

/* The same, rounded once, half up. */
BNN_INLINE int32_t bnn_requantize_once(int32_t acc, int32_t multiplier, int32_t exponent)
{
    int32_t left = exponent & ~(exponent >> 31), right = -(exponent & (exponent >> 31));
    bnn_product p = bnn_multiply((int32_t)((uint32_t)acc << left), multiplier);
    uint32_t floored = (uint32_t)p.high * 2 + (p.low >> 31); /* of the product / 2^31, */
    uint32_t below = floored * 2 + (p.low >> 30 & 1);        /* and one bit more at its end */

    return ((int32_t)floored >> right) + (int32_t)(below >> right & 1);
}

/* y within low .. high, without a branch; |y| and the limits below 2^30 */
BNN_INLINE int32_t bnn_clamp(int32_t y, int32_t low, int32_t high)
{
    int32_t below = y - low, above = high - y;

    BNN_KEEP(below); /* else Clang makes branches of the signs for Armv6-M */
    BNN_KEEP(above);
    below >>= 31;
    above >>= 31;
    BNN_KEEP(below);
    BNN_KEEP(above);
    y = (low & below) | (y & ~below);
    return (high & above) | (y & ~above);
}

/* What follows the sums of one output channel; kept in registers where many pixels follow each other. */
typedef struct {
    int32_t multiplier, exponent, single, offset, low, high;
} bnn_channel;

BNN_INLINE bnn_channel bnn_channel_of(const bnn_layer *layer, int32_t o)
{
    return (bnn_channel){layer->multiplier[o],  layer->exponent[o], layer->single_rounding,
                         layer->output_offset, layer->out_min,     layer->out_max};
}

/* An output from its sum, bias included. */
BNN_INLINE int8_t bnn_channel_output(const bnn_channel *c, int32_t acc)
{
    int32_t y = c->single ? bnn_requantize_once(acc, c->multiplier, c->exponent)
                          : bnn_requantize_twice(acc, c->multiplier, c->exponent);

    return (int8_t)bnn_clamp(y + c->offset, c->low, c->high);
}

/* Output channel o of a layer from its sum, bias included. */
BNN_INLINE int8_t bnn_int8_output(const bnn_layer *layer, int32_t o, int32_t acc)
{
    bnn_channel c = bnn_channel_of(layer, o);

    return bnn_channel_output(&c, acc);
}
#endif
