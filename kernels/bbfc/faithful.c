/* ---
operator: BBFC
variant: faithful
idea: >-
  the loops of CBin-NN's BBFC_Optimized_PReLU, one word at a time, one call of a population count per word (or the
  claimed instruction); each output bit is set by read-modify-write. Departures: real channels are counted, and folded
  integer thresholds stand in place of float PReLU and batch normalisation.
registers: pointers and the sum; the count is a call that clobbers the scratch registers
needs: []
fixed_time: true
weights: bit O Y X C/32 C%32
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "sign.h"

void bbfc_faithful(const bnn_layer *layer)
{
    const uint32_t *input = layer->input, *weights = layer->weights;
    int32_t words = layer->in_h * layer->in_w * layer->in_words;
    int32_t synapses = layer->in_h * layer->in_w * layer->in_c;

    bnn_clear_output(layer);
    for (int32_t o = 0; o < layer->out_c; o++) {
        int32_t sum = synapses;

        for (int32_t i = 0; i < words; i++)
            sum -= 2 * (int32_t)BNN_PUBLISHED_POPCOUNT(input[i] ^ weights[o * words + i]);
        bnn_set_bit(layer->output, o, bnn_sign(layer, o, sum));
    }
}
