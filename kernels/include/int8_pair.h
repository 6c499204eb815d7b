/* Operators of two int8 tensors, the second of which may be one pixel for all. */
#ifndef BNN_INT8_PAIR_H
#define BNN_INT8_PAIR_H
#include <stdint.h>
#include "bnn_layer.h"
#include "int8.h"
#include "int8_lanes.h"

/* One input: a row of layer->operands. */
typedef struct {
    int32_t offset;               /* minus its zero point */
    int32_t multiplier, exponent; /* Add_int8: to the common scale of both inputs */
    int32_t one_pixel;            /* whether all pixels read the same one */
} bnn_operand;

/* What computes output[0 .. count] from a[0 .. count] and b[0 .. count]. */
typedef void (*bnn_pair_run)(const bnn_layer *layer, const int8_t *a, const int8_t *b, int8_t *output, int32_t count);

/* Calls run once for the whole tensor, or for each pixel if all share the second input's pixel. */
BNN_INLINE void bnn_pair(const bnn_layer *layer, int32_t one_pixel, bnn_pair_run run)
{
    const int8_t *a = layer->inputs[0], *b = layer->inputs[1];
    int8_t *output = layer->output;
    int32_t pixels = layer->out_h * layer->out_w, channels = layer->out_c;

    if (!one_pixel) {
        run(layer, a, b, output, pixels * channels);
        return;
    }
    for (; pixels > 0; pixels--, a += channels, output += channels)
        run(layer, a, b, output, channels);
}

/* The last step with double rounding, for -24 < exponent < 0: with r = -exponent the rounded product of u / 2 and the
 * multiplier, divided by 2^r to the nearest, halves away from zero, and the zero point. That rounding adds 2^(r-1),
 * and -1 to negative numbers; as the product is 0 or has the sign of u, the sign of u can stand for it. */
typedef struct {
    int32_t multiplier, shift;
    int32_t addend; /* 2^(r-1) + the zero point * 2^r */
} bnn_output_scale;

BNN_INLINE bnn_output_scale bnn_output_scale_of(const bnn_layer *layer)
{
    int32_t shift = -layer->out_exponent;

    return (bnn_output_scale){layer->out_multiplier, shift,
                              (int32_t)((1u << (shift - 1)) + ((uint32_t)layer->output_offset << shift))};
}

/* u is even and at most 2^29. */
BNN_INLINE int32_t bnn_scaled_output(bnn_output_scale scale, int32_t u)
{
    int32_t y;
#ifdef __ARM_FEATURE_DSP
    __asm__("smmlar %0, %1, %2, %3" : "=r"(y) : "r"(u), "r"(scale.multiplier), "r"(scale.addend));
    y = (y + (u >> 31)) >> scale.shift;
#else
    y = (bnn_high_multiply(u >> 1, scale.multiplier) + scale.addend + (u >> 31)) >> scale.shift;
#endif
#ifdef __thumb2__
    __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(y));
    return y;
#else
    return bnn_clamp(y, -128, 127);
#endif
}

#ifdef __thumb2__
/* word with byte n replaced */
#define BNN_INSERT_BYTE(word, n, byte) __asm__("bfi %0, %1, %2, #8" : "+r"(word) : "r"(byte), "I"(8 * (n)))
#endif
#endif
