/* ---
operator: BBConv2D
variant: xpop_blocked
idea: >-
  for an instruction that counts the bits in which two words differ, in assembly: popcount_blocked without its exclusive
  ors. Two pixels that see the same taps by four outputs: six adjacent loads (seven cycles) feed eight counts of one
  operation each, and UMAAL adds two counts at once to halves of a sum: 19 cycles per eight words.
registers: >-
  four pairs of sums, four weight words, two activation words, two pointers, one temporary and 65536: all
  fourteen; the loop's bounds come from the stack
needs: [xpop, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
supports: kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "pad.h"
#include "patch_halves.h"
#include "patch_xpop.h"
#include "patches.h"
#include "primitives.h"

BNN_DEFINE_ROUTINE(bbconv2d_xpop_two)
{
    BNN_ROUTINE("bbconv2d_xpop_two_top", "bbconv2d_xpop_two_change_row",
                BNN_XPOP_TWO, BNN_POPCOUNT_START_TWO, BNN_HALVES_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_xpop_one)
{
    BNN_ROUTINE("bbconv2d_xpop_one_top", "bbconv2d_xpop_one_change_row",
                BNN_XPOP_ONE, BNN_POPCOUNT_START_ONE, BNN_HALVES_ONE, BNN_STORE_ONE);
}

void bbconv2d_xpop_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = BNN_XPOP_TWO_NAMED(bbconv2d_xpop_two);
    static const bnn_routine one = BNN_XPOP_ONE_NAMED(bbconv2d_xpop_one);
    bnn_convolve_blocks(layer, &two, &one);
}
