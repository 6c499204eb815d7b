/* ---
operator: BBConv2D
variant: xpopa_thrpk
idea: xpopa_spans where one instruction compares a sum and packs the bit
registers: as xpopa_blocked's
needs: [xor_popcount_accumulate, push_threshold, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
--- */
#define BNN_PUSH BNN_PUSH_BY_THRPK
#define BNN_PUSH_OUT BNN_PUSH_OUT_BY_THRPK
#include "xpopa_spans.h"

void bbconv2d_xpopa_thrpk(const bnn_layer *layer)
{
    bbconv2d_convolve_spans(layer);
}
