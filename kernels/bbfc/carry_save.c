/* ---
operator: BBFC
variant: carry_save
idea: >-
  one output at a time, in assembly; carry-save adders fold sixteen words into counters of ones, twos, fours and eights,
  so that only one word in sixteen needs a population count, which USADA8 adds up. Four words of input and weights take
  eight adjacent loads, nine cycles. No patch is gathered and no table of thresholds made, since each is used once.
registers: four counters, two pointers, four words of input and four of weights; pending carries are on the stack
needs: [dsp, thumb2]
fixed_time: true
weights: bit O Y X C/32 C%32
--- */
#include "bnn_layer.h"
#include "dense_dsp.h"
#include "primitives.h"

void bbfc_carry_save(const bnn_layer *layer)
{
    const int32_t words = layer->in_h * layer->in_w * layer->in_words;
    const uint32_t synapses = (uint32_t)(layer->in_h * layer->in_w * layer->in_c);
    uint32_t *output = layer->output;
    for (int32_t word = 0, first = 0; word < layer->out_words; word++, first += 32) {
        int32_t o = layer->out_c < first + 32 ? layer->out_c : first + 32;
        const uint32_t *weights = (const uint32_t *)layer->weights + o * words;
        uint32_t bits = 0;
        while (o-- > first) {
            weights -= words;
            const uint32_t count = bnn_count_differences(layer->input, weights, (uint32_t)words);
            bits = bnn_push_threshold(bits, synapses + (uint32_t)layer->bias[o] - 2 * count, layer->width[o]);
        }
        output[word] = bits ^ layer->polarity[word];
    }
}
