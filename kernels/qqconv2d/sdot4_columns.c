/* ---
operator: QQConv2D
variant: sdot4_columns
idea: >-
  for a dot product of four bytes. Three output pixels below each other by two outputs. A word of activations stays in
  its register for all three pixels, which meet it in different kernel rows, so that a kernel row takes one word of
  activations and two of weights, ten cycles for 24 products. A kernel row is rounded up to words; the words of an image
  row are copied for every column of outputs, into memory where the words below each other are neighbours. Unrolled for
  kernels of three and of five rows and up to eight words, entered in the middle.
registers: six sums, three words of activations, two of weights, two pointers, the thresholds' address; all fourteen
needs: [sdot4, thumb2]
fixed_time: true
weights: int8 O/2 XC/4 Y O%2 XC%4
scratch_bytes: 8 + 16 * ((out_c + 1) // 2) + out_w * 64 * ((kernel_w * in_c + 3) // 4)
  + (((out_w - 1) * stride_w + kernel_w) * in_c + 6) // 4 * 4
supports: stride_h == 1 and (kernel_h == 3 or kernel_h == 5) and kernel_w * in_c <= 32
--- */
#include "bnn_layer.h"
#include "sdot4_columns.h"

void qqconv2d_sdot4_columns(const bnn_layer *layer)
{
    sdot4_columns(layer);
}
