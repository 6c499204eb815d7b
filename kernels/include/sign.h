/* The output bit of one sum, as kernels that set bits one at a time make it. */
#ifndef BNN_SIGN_H
#define BNN_SIGN_H
#include <stdint.h>
#include "at_least.h"
#include "bnn_layer.h"
#include "inline.h"

/* The bit of output channel o whose dot product is `sum`, without a branch. */
BNN_INLINE uint32_t bnn_sign(const bnn_layer *layer, int32_t o, int32_t sum)
{
    uint32_t outside = bnn_at_least((uint32_t)sum + (uint32_t)layer->bias[o], layer->width[o]);

    return outside ^ (layer->polarity[o >> 5] >> (o & 31) & 1);
}

/* All outputs 0: those of channels that exist are set later, pad bits stay 0. */
BNN_INLINE void bnn_clear_output(const bnn_layer *layer)
{
    uint32_t *output = layer->output;

    for (int32_t i = 0; i < layer->out_h * layer->out_w * layer->out_words; i++)
        output[i] = 0;
}

/* Write the bit of channel o into its pixel's words, by read-modify-write of a word that holds 0 there. */
BNN_INLINE void bnn_set_bit(uint32_t *pixel, int32_t o, uint32_t bit)
{
    pixel[o >> 5] |= bit << (o & 31);
}
#endif
