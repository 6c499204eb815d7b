/* ---
operator: BBFC
variant: vxpopa_unrolled
idea: >-
  for an instruction that counts the differing bits of two words at once, on the FPU's registers, in assembly: a word of
  the input, which stands there twice, meets two outputs' weights. Two words by eight outputs take 22 cycles of loads
  and 8 of counting. Eight such steps are unrolled, the first turn enters so that none is left.
registers: four D registers of sums, two of the input, eight of weights
needs: [vxpopa, thumb2, fpu]
fixed_time: true
weights: bit O/8 Y X C/32 O%8 C%32
scratch_bytes: 32 * ((out_c + 7) // 8) + 8 * in_h * in_w * in_words
--- */
#include "bnn_layer.h"
#include "dense_bits.h"
#include "dense_vxpopa.h"

void bbfc_vxpopa_unrolled(const bnn_layer *layer)
{
    BNN_STORE_BITS_OF_COUNTS(layer, bnn_count_layer_twice);
}
