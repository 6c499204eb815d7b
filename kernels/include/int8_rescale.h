/* Requantization in five instructions, and clamping four bytes at a time. Only for cores with DSP instructions. */
#ifndef BNN_INT8_RESCALE_H
#define BNN_INT8_RESCALE_H
#include <stdint.h>
#include "bnn_layer.h"
#include "int8.h"

/* y = (h + add - (h < 0)) >> right with h = (2 * acc * multiplier + 2^31) >> 32; add holds half of 2^right and the
 * zero point, times 2^right. Assembly knows the order. */
typedef struct {
    int32_t multiplier, add, right;
} bnn_rescale;

/* In assembly; sum: the sum, then y within -128 .. 127. The sign of the sum serves as that of h: they differ only for
 * h = 0, where half of 2^right less one is shifted out as well. */
#define BNN_RESCALE(sum, multiplier, add, right, temporary)                  \
    "add.w " temporary ", " add ", " sum ", asr #31\n\t"                     \
    "lsl.w " sum ", " sum ", #1\n\t"                                         \
    "smmlar " sum ", " sum ", " multiplier ", " temporary "\n\t"             \
    "asr.w " sum ", " sum ", " right "\n\t"                                  \
    "ssat " sum ", #8, " sum "\n\t"

/* Of output o, or one that gives the zero point if there is none. Returns whether it fits: sums rounded twice,
 * exponents -22 .. -1. Lowering keeps |acc| below 2^30, so that twice a sum is a word, and h + add as well. */
BNN_INLINE int32_t bnn_rescale_of(const bnn_layer *layer, int32_t o, bnn_rescale *to)
{
    int32_t real = o < layer->out_c, right = real ? -layer->exponent[o] : 1;
    int32_t fits = !layer->single_rounding && right >= 1 && right <= 22;

    if (!fits)
        right = 1;
    to->multiplier = real ? layer->multiplier[o] : 0;
    to->add = (1 << (right - 1)) + layer->output_offset * (1 << right);
    to->right = right;
    return fits;
}

/* Bytes within low .. high, four at a time. */
BNN_INLINE void bnn_clamp_bytes(int8_t *bytes, int32_t count, int32_t low, int32_t high)
{
    uint32_t lows = ((uint32_t)low & 0xffu) * 0x01010101u, highs = ((uint32_t)high & 0xffu) * 0x01010101u;

    for (; count >= 4; count -= 4, bytes += 4) {
        uint32_t x, t;

        __asm__ volatile("ldr %0, [%4]\n\t"
                         "ssub8 %1, %0, %2\n\tsel %0, %0, %2\n\t"
                         "ssub8 %1, %3, %0\n\tsel %0, %0, %3\n\t"
                         "str %0, [%4]"
                         : "=&r"(x), "=&r"(t)
                         : "r"(lows), "r"(highs), "r"(bytes)
                         : "memory");
    }
    for (; count > 0; count--, bytes++)
        *bytes = (int8_t)bnn_clamp(*bytes, low, high);
}

/* A layer's outputs, which are within -128 .. 127, within its limits. */
BNN_INLINE void bnn_clamp_output(const bnn_layer *layer)
{
    if (layer->out_min > -128 || layer->out_max < 127)
        bnn_clamp_bytes(layer->output, layer->out_h * layer->out_w * layer->out_c, layer->out_min, layer->out_max);
}
#endif
