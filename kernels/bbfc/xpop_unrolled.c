/* ---
operator: BBFC
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
#include "dense_bits.h"
#include "dense_xpop.h"

void bbfc_xpop_unrolled(const bnn_layer *layer)
{
    BNN_STORE_BITS_OF_COUNTS(layer, bnn_count_layer);
}
