/* ---
operator: BBQFC
variant: xpopa_h_unrolled
idea: >-
  popcount_unrolled for an instruction that adds the number of differing bits to a half of a register: 10 cycles for a
  word of the input by four outputs. Eight at a time would take 19, but layers with quantized outputs have few.
registers: two pairs of sums, four weights, an activation, two pointers, the end
needs: [xpopa_h, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: 16 * ((out_c + 3) // 4)
supports: in_h * in_w * in_words <= 2047
--- */
#define BNN_DENSE_FEW_OUTPUTS
#include "bnn_layer.h"
#include "dense_xpopa_h.h"
#include "requantize_counts.h"

void bbqfc_xpopa_h_unrolled(const bnn_layer *layer)
{
    bnn_count_layer(layer, layer->scratch);
    bnn_requantize_counts(layer, layer->in_h * layer->in_w * layer->in_c, layer->scratch);
}
