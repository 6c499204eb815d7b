/* ---
operator: BBQFC
variant: faithful
idea: the loops of CBin-NN's BBQFC_Optimized, one word at a time, one call of a population count per word
registers: pointers and the sum; the count is a call that clobbers the scratch registers
needs: []
fixed_time: true
weights: bit O Y X C/32 C%32
--- */
#include "bnn_layer.h"
#include "primitives.h"
#include "requantize.h"

static __attribute__((noinline)) int32_t popcount(uint32_t n)
{
    return (int32_t)bnn_popcount32(n);
}

void bbqfc_faithful(const bnn_layer *layer)
{
    const uint32_t *input = layer->input;
    const uint32_t *weights = layer->weights;
    int32_t words = layer->in_h * layer->in_w * layer->in_words;
    int32_t synapses = layer->in_h * layer->in_w * layer->in_c;

    for (int32_t o = 0; o < layer->out_c; o++) {
        int32_t sum = synapses;

        for (int32_t i = 0; i < words; i++)
            sum -= 2 * popcount(input[i] ^ weights[o * words + i]);
        bnn_store_requantized(layer, o, sum);
    }
}
