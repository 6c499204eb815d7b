/* ---
operator: QQConv2D
variant: sdot4_blocked
idea: >-
  for a dot product of four bytes. Two neighbouring pixels by four outputs: six loads in two groups, eight cycles, and
  eight operations for 32 products, in assembly that does a row of pixels with their thresholds. The bytes that a kernel
  row meets are rounded up to words; they are copied once per image row for every column of outputs, into strips in
  which the windows of the following rows of outputs are neighbouring words, too. Kernel rows outside the image are
  skipped.
registers: eight sums, two words of activations, two of weights, two pointers; the rest on the stack
needs: [sdot4, thumb2]
fixed_time: true
weights: int8 O/4 Y XC/4 O%4 XC%4
scratch_bytes: 16 + 32 * ((out_c + 3) // 4)
  + (out_w + 1) // 2 * 16 * kernel_h * ((kernel_w * in_c + 3) // 4)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
--- */
#include "bnn_layer.h"
#include "lane_pairs.h"

/* unsigned bytes by signed ones */
#define DOT(sum, x, w) "bnnsim_sdot4 " #sum ", " #x ", " #w ", 2\n\t"

extern const char qqconv2d_sdot4_top[];

__attribute__((naked, noinline)) static void pairs(bnn_lane_job *job __attribute__((unused)))
{
    BNN_LANE_ROUTINE("qqconv2d_sdot4_top", DOT, "");
}

void qqconv2d_sdot4_blocked(const bnn_layer *layer)
{
    bnn_lane_layer(layer, pairs, qqconv2d_sdot4_top);
}
