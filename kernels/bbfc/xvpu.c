/* ---
operator: BBFC
variant: xvpu
idea: >-
  for a vector unit that loads its operands: 256 synapses of the input stay in the unit while sixteen outputs' weights
  stream past, one instruction each. Each threshold is used once, so that sums are compared one at a time.
registers: input, weights, sums and the loops' bounds; sums are in the unit
needs: [vlmaccr1, thumb2]
fixed_time: true
weights: bit O/16 YXC32/256 O%16- YXC32%256
scratch_bytes: (out_c + 15) // 16 * 32 + (in_h * in_w * in_words + 7) // 8 * 32
supports: in_h * in_w * in_words <= 2040
--- */
#include "bnn_layer.h"
#include "threshold.h"
#include "vector_dense.h"

void bbfc_xvpu(const bnn_layer *layer)
{
    const uint32_t pad_bits = (uint32_t)bnn_vector_dense(layer);
    const int16_t *sums = layer->scratch;
    uint32_t *output = layer->output;

    for (int32_t word = 0, first = 0; word < layer->out_words; word++, first += 32) {
        uint32_t bits = 0;
        for (int32_t o = (layer->out_c < first + 32 ? layer->out_c : first + 32) - 1; o >= first; o--)
            bits = bnn_push_threshold(bits, (uint32_t)(2 * sums[o] + layer->bias[o]) - pad_bits, layer->width[o]);
        output[word] = bits ^ layer->polarity[word];
    }
}
