/* ---
operator: BBQFC
variant: faithful
idea: the loops of CBin-NN's BBQFC_Optimized, one word at a time, one call of a population count per word
  (or the claimed instruction)
registers: pointers and the sum; the count is a call that clobbers the scratch registers
needs: []
fixed_time: true
weights: bit O Y X C/32 C%32
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "requantize.h"

void bbqfc_faithful(const bnn_layer *layer)
{
    const uint32_t *input = layer->input;
    const uint32_t *weights = layer->weights;
    int32_t words = layer->in_h * layer->in_w * layer->in_words;
    int32_t synapses = layer->in_h * layer->in_w * layer->in_c;

    for (int32_t o = 0; o < layer->out_c; o++) {
        int32_t sum = synapses;

        for (int32_t i = 0; i < words; i++)
            sum -= 2 * (int32_t)BNN_PUBLISHED_POPCOUNT(input[i] ^ weights[o * words + i]);
        bnn_store_requantized(layer, o, sum);
    }
}
