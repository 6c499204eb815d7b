/* ---
operator: BBFC
variant: xndota_unrolled
idea: >-
  popcount_unrolled for an instruction that adds the dot product of two words of ±1 to a sum: 10 cycles for a word of
  the input by four outputs, whose sums are dot products at once. What pad bits add is taken off at the end.
registers: four sums, four weights, an activation, two pointers, the end
needs: [xndota, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: 16 * ((out_c + 3) // 4)
--- */
#include "bnn_layer.h"
#include "dense_xndota.h"
#include "threshold.h"

void bbfc_xndota_unrolled(const bnn_layer *layer)
{
    const int32_t *const dots = layer->scratch, pads = bnn_dense_pads(layer);
    uint32_t *output = layer->output;
    bnn_count_layer(layer, layer->scratch);
    for (int32_t word = 0, first = 0; word < layer->out_words; word++, first += 32) {
        uint32_t bits = 0;
        for (int32_t o = (layer->out_c < first + 32 ? layer->out_c : first + 32) - 1; o >= first; o--)
            bits = bnn_push_threshold(bits, (uint32_t)(dots[o] + layer->bias[o] - pads), layer->width[o]);
        output[word] = bits ^ layer->polarity[word];
    }
}
