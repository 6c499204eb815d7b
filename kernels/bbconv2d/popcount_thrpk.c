/* ---
operator: BBConv2D
variant: popcount_thrpk
idea: popcount_tops where one instruction compares a sum and packs the bit
registers: as popcount_blocked's
needs: [popcount, push_threshold, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
supports: kernel_h * kernel_w * in_c <= 32767
--- */
#define BNN_PUSH BNN_PUSH_BY_THRPK
#define BNN_PUSH_OUT BNN_PUSH_OUT_BY_THRPK
#include "popcount_tops.h"

void bbconv2d_popcount_thrpk(const bnn_layer *layer)
{
    bbconv2d_convolve_tops(layer);
}
