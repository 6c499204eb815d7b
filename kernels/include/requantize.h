/* Quantized output of a binary layer: two multipliers (PReLU) and an offset, rounded half up, clamped. */
#ifndef REQUANTIZE_H
#define REQUANTIZE_H
#include "bnn_layer.h"

/* All ones if a < b. Armv6-M has no conditional instruction but the branch, so there the borrow makes the mask. */
static inline int32_t bnn_mask_less(int32_t a, int32_t b)
{
#ifdef __thumb2__
    return -(int32_t)(a < b);
#else
    int32_t mask;
    __asm__("cmp %1, %2\n\tsbcs %0, %0"
            : "=l"(mask)
            : "l"((uint32_t)a ^ 0x80000000u), "l"((uint32_t)b ^ 0x80000000u)
            : "cc");
    return mask;
#endif
}

static inline int32_t bnn_mask_positive(int32_t n)
{
#ifdef __thumb2__
    return (int32_t)(0u - (uint32_t)n) >> 31; /* |n| < 2^31 */
#else
    return bnn_mask_less(0, n);
#endif
}

/* Written with masks: compilers turn a conditional expression into a branch when it suits them, and then
 * the time would depend on the data. */
static inline int32_t bnn_requantize(const bnn_layer *layer, int32_t output, int32_t sum)
{
    const int32_t *r = layer->requantize + 4 * output;
    sum += r[3];
    int32_t positive = bnn_mask_positive(sum);
    int32_t multiplier = (r[0] & positive) | (r[1] & ~positive);
    int32_t y = (sum * multiplier + r[2] + (1 << (layer->shift - 1))) >> layer->shift;
    int32_t below = bnn_mask_less(y, layer->out_min), above = bnn_mask_less(layer->out_max, y);

    y = (layer->out_min & below) | (y & ~below);
    return (layer->out_max & above) | (y & ~above);
}

static inline void bnn_store_requantized(const bnn_layer *layer, int32_t output, int32_t sum)
{
    int32_t y = bnn_requantize(layer, output, sum);

    if (layer->out_bytes == 1)
        ((int8_t *)layer->output)[output] = (int8_t)y;
    else if (layer->out_bytes == 2)
        ((int16_t *)layer->output)[output] = (int16_t)y;
    else
        ((int32_t *)layer->output)[output] = y;
}
#endif
