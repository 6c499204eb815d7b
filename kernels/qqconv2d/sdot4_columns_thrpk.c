/* ---
operator: QQConv2D
variant: sdot4_columns_thrpk
idea: sdot4_columns where one instruction compares a sum and packs the bit
registers: six sums, three words of activations, two of weights, two pointers, the thresholds' address; all fourteen
needs: [sdot4, push_threshold, thumb2]
fixed_time: true
weights: int8 O/2 XC/4 Y O%2 XC%4
scratch_bytes: 8 + 16 * ((out_c + 1) // 2) + out_w * 64 * ((kernel_w * in_c + 3) // 4)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
supports: stride_h == 1 and (kernel_h == 3 or kernel_h == 5) and kernel_w * in_c <= 32
--- */
#define BNN_PUSH BNN_PUSH_BY_THRPK
#define BNN_PUSH_OUT BNN_PUSH_OUT_BY_THRPK
#include "bnn_layer.h"
#include "sdot4_columns.h"

void qqconv2d_sdot4_columns_thrpk(const bnn_layer *layer)
{
    sdot4_columns(layer);
}
