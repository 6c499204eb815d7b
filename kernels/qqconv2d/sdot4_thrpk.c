/* ---
operator: QQConv2D
variant: sdot4_thrpk
idea: sdot4_blocked where one instruction compares a sum and packs the bit
registers: eight sums, two words of activations, two of weights, two pointers; the rest on the stack
needs: [sdot4, push_threshold, thumb2]
fixed_time: true
weights: int8 O/4 Y XC/4 O%4 XC%4
scratch_bytes: 16 + 32 * ((out_c + 3) // 4)
  + (out_w + 1) // 2 * 16 * kernel_h * ((kernel_w * in_c + 3) // 4)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
--- */
#define BNN_PUSH BNN_PUSH_BY_THRPK
#define BNN_PUSH_OUT BNN_PUSH_OUT_BY_THRPK
#include "bnn_layer.h"
#include "lane_pairs.h"

/* unsigned bytes by signed ones */
#define DOT(sum, x, w) "bnnsim_sdot4 " #sum ", " #x ", " #w ", 2\n\t"

extern const char qqconv2d_sdot4_thrpk_top[];

__attribute__((naked, noinline)) static void pairs(bnn_lane_job *job __attribute__((unused)))
{
    BNN_LANE_ROUTINE("qqconv2d_sdot4_thrpk_top", DOT, "");
}

void qqconv2d_sdot4_thrpk(const bnn_layer *layer)
{
    bnn_lane_layer(layer, pairs, qqconv2d_sdot4_thrpk_top);
}
