/* ---
operator: QBConv2D
variant: subset_sums_words
idea: >-
  subset_sums with whole words in the tables, four pixels at a time: for windows of more than 256 taps, whose sums
  16 bits do not hold. Groups of at most four taps, so that the tables of many taps fit memory.
registers: >-
  as subset_sums
needs: []
fixed_time: true
weights: bit OYXC
scratch_bytes: 32 * out_words + 16 * out_words + 3 * stride_w * in_c + kernel_w * in_c
  + kernel_h * out_c * (12 + 4 * ((kernel_h * ((kernel_w * in_c + 3) // 4) + 1) // 2))
  + kernel_h * 128
  * (1 + (kernel_w * in_c // ((kernel_w * in_c + 3) // 4) >= 4))
  * (((kernel_w * in_c + 3) // 4) + (kernel_w * in_c // ((kernel_w * in_c + 3) // 4) >= 3)
  * (kernel_w * in_c % ((kernel_w * in_c + 3) // 4)))
supports: kernel_h * 128 * (1 + (kernel_w * in_c // ((kernel_w * in_c + 3) // 4) >= 4))
  * (((kernel_w * in_c + 3) // 4) + (kernel_w * in_c // ((kernel_w * in_c + 3) // 4) >= 3)
  * (kernel_w * in_c % ((kernel_w * in_c + 3) // 4))) <= 65536
--- */
enum { MOST_TAPS = 4 }; /* of a group */
#define SUBSET_HALVES 0
#include "subset_sums_thumb.h"

void qbconv2d_subset_sums_words(const bnn_layer *layer)
{
    subset_sums(layer);
}
