/* ---
operator: QBConv2D
variant: sdot4b_digits
idea: >-
  for a dot product of eight lanes of 4 bits, which is meant for networks of 4 bits. Here an 8-bit input is two
  digits, each of which takes a pass of its own over weights of +1 and -1 in lanes: as many operations as for 8-bit
  lanes. One round of exchanges make two words of a window two words of one digit each. Two neighbouring pixels by
  four outputs: six loads in two groups, eight cycles, and eight operations. Sums move to the left between passes.
registers: eight sums, two words of digits, two of weights, two pointers; the rest on the stack
needs: [sdot4b, thumb2]
fixed_time: true
weights: bit OYXC
scratch_bytes: 32 + 64 * ((out_c + 3) // 4)
  + (16 * ((out_c + 3) // 4) + (out_w + 1) // 2 * 16)
  * ((kernel_h * ((kernel_w * in_c + 3) // 4) + 1) // 2)
  + out_w * 8 * kernel_h * ((kernel_w * in_c + 3) // 4)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
--- */
#include "bnn_layer.h"
#include "digit_pairs.h"

/* unsigned digits by signed weights */
#define DOT(sum, x, w) "bnnsim_sdot4b " #sum ", " #x ", " #w ", 2\n\t"

extern const char qbconv2d_sdot4b_top[];

__attribute__((naked, noinline)) static void pairs(bnn_lane_job *job __attribute__((unused)))
{
    BNN_LANE_ROUTINE("qbconv2d_sdot4b_top", DOT, DIGIT_PASS(4));
}

void qbconv2d_sdot4b_digits(const bnn_layer *layer)
{
    digit_layer(layer, pairs, qbconv2d_sdot4b_top, 2);
}
