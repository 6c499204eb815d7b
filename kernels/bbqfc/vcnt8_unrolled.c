/* ---
operator: BBQFC
variant: vcnt8_unrolled
idea: >-
  popcount_unrolled for an instruction that counts differing bits per byte; USADA8 adds up the four bytes of a count.
  14 cycles for a word of the input by four outputs.
registers: four sums, four weights, an activation, two pointers, the end, 0
needs: [vcnt8x, dsp, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: 16 * ((out_c + 3) // 4)
--- */
#include "bnn_layer.h"
#include "dense_vcnt8.h"
#include "requantize_counts.h"

void bbqfc_vcnt8_unrolled(const bnn_layer *layer)
{
    bnn_count_layer(layer, layer->scratch);
    bnn_requantize_counts(layer, layer->in_h * layer->in_w * layer->in_c, layer->scratch);
}
