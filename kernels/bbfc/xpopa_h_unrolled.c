/* ---
operator: BBFC
variant: xpopa_h_unrolled
idea: >-
  popcount_unrolled for an instruction that adds the number of differing bits to a half of a register: a word of the
  input meets eight outputs' weights, as their sums take four registers. Seven adjacent loads and two more take 11
  cycles of 19.
registers: four pairs of sums, six weights, an activation, two pointers, the end
needs: [xpopa_h, thumb2]
fixed_time: true
weights: bit O/8 Y X C/32 O%8 C%32
scratch_bytes: 32 * ((out_c + 7) // 8)
supports: in_h * in_w * in_words <= 2047
--- */
#include "bnn_layer.h"
#include "dense_bits.h"
#include "dense_xpopa_h.h"

void bbfc_xpopa_h_unrolled(const bnn_layer *layer)
{
    BNN_STORE_BITS_OF_COUNTS(layer, bnn_count_layer);
}
