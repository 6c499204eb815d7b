/* ---
operator: QBConv2D
variant: subset_sums
idea: >-
  tables of signed sums, as subset_sums_dsp, in Armv6-M's instructions: a look-up is the load of an offset, one addition
  to it, LDM of four words, each two pixels' sums, and four additions, 12 cycles on a Cortex-M0+ for up to 48
  multiply-accumulates. Halves of words are exact because sums start where they cannot end below 0.
registers: >-
  four words of sums and the tables' address in high registers; offset, four loaded words, pointer to the list, its
  end, and pointer to the bits
needs: []
fixed_time: true
weights: bit OYXC
scratch_bytes: 32 * out_words + 32 * out_words + 7 * stride_w * in_c + kernel_w * in_c
  + kernel_h * out_c * (12 + 4 * ((kernel_h * ((kernel_w * in_c + 5) // 6) + 1) // 2))
  + kernel_h * 128
  * (1 + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 4))
  * (1 + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 5))
  * (1 + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 6))
  * (((kernel_w * in_c + 5) // 6) + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 3)
  * (kernel_w * in_c % ((kernel_w * in_c + 5) // 6)))
supports: kernel_h * kernel_w * in_c <= 256
--- */
enum { MOST_TAPS = 6 }; /* of a group */
#define SUBSET_HALVES 1
#include "subset_sums_thumb.h"

void qbconv2d_subset_sums(const bnn_layer *layer)
{
    subset_sums(layer);
}
