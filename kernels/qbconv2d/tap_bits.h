/* Exchanges between words whose bytes are taken apart into digits, and weights put to the same places. */
#ifndef TAP_BITS_H
#define TAP_BITS_H
#include "bnn_layer.h"
#include "inline.h"
#include "subset_sums.h"

/* Exchanges bits: those of a at the places of `mask`, `by` to the left of them, for those of b there. */
#define EXCHANGE(a, b, by, mask)                   \
    do {                                           \
        const uint32_t t = ((a >> by) ^ b) & mask; \
        b ^= t;                                    \
        a ^= t << by;                              \
    } while (0)

/* Bit b of four to bit 8 * b. */
BNN_INLINE uint32_t spread_bits(uint32_t bits)
{
    return bits * 0x00204081u & 0x01010101u;
}

/* Calls put(context, output, i, taps, signs) for word i of output's window: a one in byte b of `taps` if that is a tap,
 * in `signs` if its weight is +1. Kernel rows start on words. */
BNN_INLINE void for_each_word(const bnn_layer *layer, void *context,
                              void (*put)(void *context, int32_t output, int32_t i, uint32_t taps, uint32_t signs))
{
    const int32_t run_taps = layer->kernel_w * layer->in_c;
    int32_t at = 0;

    for (int32_t o = 0; o < layer->out_c; o++)
        for (int32_t ky = 0, i = 0; ky < layer->kernel_h; ky++)
            for (int32_t tap = 0; tap < run_taps; tap += 4, i++) {
                const int32_t taps = run_taps - tap < 4 ? run_taps - tap : 4;

                put(context, o, i, spread_bits((1u << taps) - 1), spread_bits(weight_bits(layer->weights, at, taps)));
                at += taps;
            }
}
#endif
