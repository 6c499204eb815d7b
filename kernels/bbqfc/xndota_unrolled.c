/* ---
operator: BBQFC
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
#include "requantize_counts.h"

void bbqfc_xndota_unrolled(const bnn_layer *layer)
{
    bnn_count_layer(layer, layer->scratch);
    bnn_requantize_sums(layer, -bnn_dense_pads(layer), -1, layer->scratch);
}
