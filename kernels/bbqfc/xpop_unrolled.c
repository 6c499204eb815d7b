/* ---
operator: BBQFC
variant: xpop_unrolled
idea: >-
  popcount_unrolled for an instruction that counts the bits in which two words differ: no exclusive ors, and UMAAL adds
  two counts at once, to halves of a sum. 12 cycles for a word of the input by four outputs.
registers: four sums (as halves of two), four weights, an activation, two pointers, the end, 65536
needs: [xpop, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: 16 * ((out_c + 3) // 4)
supports: in_h * in_w * in_words <= 2047
--- */
#include "bnn_layer.h"
#include "dense_xpop.h"
#include "requantize_counts.h"

void bbqfc_xpop_unrolled(const bnn_layer *layer)
{
    bnn_count_layer(layer, layer->scratch);
    bnn_requantize_counts(layer, layer->in_h * layer->in_w * layer->in_c, layer->scratch);
}
