/* ---
operator: LceBconv2d
variant: popcount_blocked
idea: >-
  for a population count instruction, in assembly: BBConv2D's popcount_blocked, which counts for two pixels by four
  outputs in 27 cycles per eight words. In place of thresholds, the distances of two pixels, side by side in words, go
  to a buffer, and a pixel pair's outputs are converted together: about 9 cycles per float32 output with an FPU, 8 per
  int8 output with SMLAWB, where integer lines give the same numbers
registers: >-
  four pairs of sums, four weight words, two activation words, two pointers, one temporary and 65536: all
  fourteen; converting takes s0 to s15
needs: [popcount, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 4 * (out_c + 7) + 8 * kernel_h * kernel_w * in_words
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "lce_blocks.h"
#include "patch_popcount.h"

BNN_DEFINE_ROUTINE(lcebconv2d_popcount_two)
{
    BNN_ROUTINE("lcebconv2d_popcount_two_top", "lcebconv2d_popcount_two_change_row",
                BNN_POPCOUNT_TWO, BNN_POPCOUNT_START_TWO, BNN_HALVES_DISTANCES_TWO, "");
}

BNN_DEFINE_ROUTINE(lcebconv2d_popcount_one)
{
    BNN_ROUTINE("lcebconv2d_popcount_one_top", "lcebconv2d_popcount_one_change_row",
                BNN_POPCOUNT_ONE, BNN_POPCOUNT_START_ONE, BNN_HALVES_DISTANCES_ONE, "");
}

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

void lcebconv2d_popcount_blocked(const bnn_layer *layer)
{
    static const bnn_routine two = BNN_POPCOUNT_TWO_NAMED(lcebconv2d_popcount_two);
    static const bnn_routine one = BNN_POPCOUNT_ONE_NAMED(lcebconv2d_popcount_one);
    bnn_lce_convolve_blocks(layer, &two, &one);
}
