/* ---
operator: BBConv2D
variant: popcount_tops
idea: >-
  popcount_blocked with less to do per output: two sums share a register, and biases and widths are given in upper
  halves, where either sum comes by the subtraction's own shift
registers: as popcount_blocked's
needs: [popcount, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
supports: kernel_h * kernel_w * in_c <= 32767
--- */
#include "popcount_tops.h"

void bbconv2d_popcount_tops(const bnn_layer *layer)
{
    bbconv2d_convolve_tops(layer);
}
