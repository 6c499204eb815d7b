/* ---
operator: BBFC
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
#include "dense_bits.h"
#include "dense_vcnt8.h"

void bbfc_vcnt8_unrolled(const bnn_layer *layer)
{
    BNN_STORE_BITS_OF_COUNTS(layer, bnn_count_layer);
}
