/* ---
operator: BBQFC
variant: popcount_blocked
idea: four outputs share each activation load; one exclusive or, one population count instruction and one
  addition per word
registers: four sums, one activation, four weights, two pointers, the end
needs: [popcount]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
--- */
#include "bnn_layer.h"
#include "primitives.h"
#include "requantize.h"

void bbqfc_popcount_blocked(const bnn_layer *layer)
{
    const uint32_t *weights = layer->weights;
    int32_t words = layer->in_h * layer->in_w * layer->in_words;
    int32_t synapses = layer->in_h * layer->in_w * layer->in_c;

    for (int32_t o = 0; o < layer->out_c; o += 4) {
        const uint32_t *input = layer->input, *end = input + words;
        uint32_t differences[4] = {0, 0, 0, 0};

        while (input != end) {
            uint32_t a = *input++, w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];

            weights += 4;
            differences[0] += bnn_popcount32(a ^ w0);
            differences[1] += bnn_popcount32(a ^ w1);
            differences[2] += bnn_popcount32(a ^ w2);
            differences[3] += bnn_popcount32(a ^ w3);
        }
        for (int32_t n = 0; n < 4 && o + n < layer->out_c; n++)
            bnn_store_requantized(layer, o + n, synapses - 2 * (int32_t)differences[n]);
    }
}
