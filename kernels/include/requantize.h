/* Quantized output of a binary layer: two multipliers (PReLU) and an offset, rounded half up, clamped. */
#ifndef REQUANTIZE_H
#define REQUANTIZE_H
#include "bnn_layer.h"

/* Written with masks: compilers turn a conditional expression into a branch when it suits them, and then
 * the time would depend on the data. */
static inline int32_t bnn_requantize(const bnn_layer *layer, int32_t output, int32_t sum)
{
    const int32_t *r = layer->requantize + 3 * output;
    int32_t positive = (int32_t)(0u - (uint32_t)sum) >> 31; /* all ones when sum > 0; |sum| < 2^31 */
    int32_t multiplier = (r[0] & positive) | (r[1] & ~positive);
    int32_t y = (sum * multiplier + r[2] + (1 << (layer->shift - 1))) >> layer->shift;
    int32_t below = -(int32_t)(y < layer->out_min), above = -(int32_t)(y > layer->out_max);

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
