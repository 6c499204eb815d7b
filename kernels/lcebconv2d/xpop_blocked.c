/* ---
operator: LceBconv2d
variant: xpop_blocked
idea: >-
  for an instruction that counts the bits in which two words differ, in assembly: BBConv2D's xpop_blocked, two pixels
  by four outputs in 19 cycles per eight words. Converting is as in popcount_blocked
registers: >-
  four pairs of sums, four weight words, two activation words, two pointers, one temporary and 65536: all
  fourteen; converting takes s0 to s15
needs: [xpop, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 4 * (out_c + 7) + 8 * kernel_h * kernel_w * in_words
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "lce_blocks.h"
#include "patch_xpop.h"

BNN_DEFINE_ROUTINE(lcebconv2d_xpop_two)
{
    BNN_ROUTINE("lcebconv2d_xpop_two_top", "lcebconv2d_xpop_two_change_row",
                BNN_XPOP_TWO, BNN_POPCOUNT_START_TWO, BNN_HALVES_DISTANCES_TWO, "");
}

BNN_DEFINE_ROUTINE(lcebconv2d_xpop_one)
{
    BNN_ROUTINE("lcebconv2d_xpop_one_top", "lcebconv2d_xpop_one_change_row",
                BNN_XPOP_ONE, BNN_POPCOUNT_START_ONE, BNN_HALVES_DISTANCES_ONE, "");
}

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

void lcebconv2d_xpop_blocked(const bnn_layer *layer)
{
    static const bnn_routine two = BNN_XPOP_TWO_NAMED(lcebconv2d_xpop_two);
    static const bnn_routine one = BNN_XPOP_ONE_NAMED(lcebconv2d_xpop_one);
    bnn_lce_convolve_blocks(layer, &two, &one);
}
