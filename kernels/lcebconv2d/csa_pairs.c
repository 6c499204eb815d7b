/* ---
operator: LceBconv2d
variant: csa_pairs
idea: >-
  bitsliced_pairs for an instruction that is a full adder of 32 lanes: its tables, counters and conversion, with
  the counting of BBConv2D's csa_pairs
registers: >-
  as BBConv2D's; transposing holds eight rows at a time; converting takes s0 to s15
needs: [csa, thumb2]
fixed_time: true
looks_up_in: activations
weights: bit O/32 X Y C/32 C%32 O%32
scratch_bytes: >-
  frame_bytes + 8192 + 128 + max(in_h * in_w * in_words, frame_bytes // 4)
  + min(512, out_h * out_w) * 4 * (11 + 3 * (kernel_h * kernel_w * in_c > 1022))
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 8190
--- */
#include "bnn_layer.h"
#include "pairs.h"
#include "table_pairs_csa.h"

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

void lcebconv2d_csa_pairs(const bnn_layer *layer)
{
    CONVOLVE_BY_PAIRS(layer, bnn_begin_pairs_csa);
}
