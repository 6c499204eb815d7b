/* ---
operator: BBConv2D
variant: xpopa_spans
idea: >-
  xpopa_blocked with less to do per output. The counts for which an output's bit is 0 before polarity follow
  each other; its sums start at minus the first one, so that a sum is compared as it is, with how many they are. CMP
  leaves the bit in the carry flag and RRX packs it
registers: as xpopa_blocked's
needs: [xor_popcount_accumulate, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
--- */
#include "xpopa_spans.h"

void bbconv2d_xpopa_spans(const bnn_layer *layer)
{
    bbconv2d_convolve_spans(layer);
}
