/* ---
operator: BBQFC
variant: plain
idea: >-
  the loops of CBin-NN's BBQFC: output, synapse; one bit of the input is compared with one of the weights, equal ones
  count +1, others -1. Weights are one stream of bits. Departures: pixels of the input start on a fresh word; PReLU,
  batch normalisation with its factor and the output scale in fixed point.
registers: the sum, loop counts and pointers
needs: []
fixed_time: true
weights: bit OYXC
--- */
#include "bnn_layer.h"
#include "inline.h"
#include "requantize.h"

BNN_INLINE uint32_t bit_of(const uint32_t *words, int32_t i)
{
    return words[i >> 5] >> (i & 31) & 1;
}

void bbqfc_plain(const bnn_layer *layer)
{
    const uint32_t *weights = layer->weights;
    int32_t pixels = layer->in_h * layer->in_w, at = 0;

    for (int32_t o = 0; o < layer->out_c; o++) {
        const uint32_t *pixel = layer->input;
        int32_t sum = 0;

        for (int32_t i = 0; i < pixels; i++, pixel += layer->in_words)
            for (int32_t c = 0; c < layer->in_c; c++, at++)
                sum += 1 - 2 * (int32_t)(bit_of(pixel, c) ^ bit_of(weights, at));
        bnn_store_requantized(layer, o, sum);
    }
}
