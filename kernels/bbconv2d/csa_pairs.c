/* ---
operator: BBConv2D
variant: csa_pairs
idea: >-
  bitsliced_pairs for an instruction that is a full adder of 32 lanes: tables give twos and fours of counts for 32
  output channels, two activation words are looked up in one go, and a full adder is one operation in place of five
  (or of four, where two come in a row). 129 instructions, 25 of them full adders and 59 loads and stores, take 142
  cycles for 64 x 32 binary multiply-accumulates, where bitsliced_pairs takes 236.
registers: >-
  input, counter and table pointers, an activation word, counter planes of twos, fours and eights, two groups'
  addresses and then their four planes, pending carries: all fourteen; two sixteens, end and steps wait on the stack
needs: [csa, thumb2]
fixed_time: true
looks_up_in: activations
weights: bit O/32 X Y C/32 C%32 O%32
scratch_bytes: >-
  frame_bytes + 8192 + 256 + max(in_h * in_w * in_words, frame_bytes // 4)
  + min(512, out_h * out_w) * 4 * (11 + 3 * (kernel_h * kernel_w * in_c > 1022))
supports: kernel_h * kernel_w * in_c <= 8190
--- */
#include "bnn_layer.h"
#include "pairs.h"
#include "table_pairs_csa.h"

void bbconv2d_csa_pairs(const bnn_layer *layer)
{
    CONVOLVE_BY_PAIRS(layer, bnn_begin_pairs_csa, bnn_threshold_counters_csa);
}
