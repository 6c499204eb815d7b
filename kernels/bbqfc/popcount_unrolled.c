/* ---
operator: BBQFC
variant: popcount_unrolled
idea: >-
  for a population count instruction, in assembly: a word of the input meets four outputs' weights, which lie side by
  side; five adjacent loads take six cycles. Eight words are unrolled, the first turn enters so that none is left. Where
  only popcount is claimed, UMAAL adds two counts at once, to halves of a sum.
registers: four sums, four weights, an activation, two pointers, the end, 65536
needs: [any_popcount, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: 16 * ((out_c + 3) // 4)
supports: in_h * in_w * in_words <= 2047
--- */
#include "bnn_layer.h"
#include "dense.h"
#include "requantize_counts.h"

void bbqfc_popcount_unrolled(const bnn_layer *layer)
{
    bnn_count_layer(layer, layer->scratch);
    bnn_requantize_counts(layer, layer->in_h * layer->in_w * layer->in_c, layer->scratch);
}
