/* ---
operator: BBConv2D
variant: popcount_blocked
idea: >-
  for a population count instruction, in assembly. Two pixels that see the same taps by four outputs: six adjacent
  loads (seven cycles) feed eight words, and the sums of the two pixels share a register as halves. One
  UMAAL with the factor 65536 adds both counts to it, so that two words take five operations: two exclusive ors,
  two counts, one sum. The words of a patch are gathered once, those of two pixels side by side, weights of four
  outputs are interleaved. A patch that sees all columns of the kernel is one run of words, any other a run per
  kernel row. Outputs are packed through the carry flag. A region's odd pixel goes alone by four outputs.
registers: >-
  four pairs of sums, four weight words, two activation words, two pointers, one temporary and 65536: all
  fourteen; the loop's bounds come from the stack
needs: [popcount, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
supports: kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "pad.h"
#include "patch_halves.h"
#include "patch_popcount.h"
#include "patches.h"

BNN_DEFINE_ROUTINE(bbconv2d_popcount_two)
{
    BNN_ROUTINE("bbconv2d_popcount_two_top", "bbconv2d_popcount_two_change_row",
                BNN_POPCOUNT_TWO, BNN_POPCOUNT_START_TWO, BNN_HALVES_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_popcount_one)
{
    BNN_ROUTINE("bbconv2d_popcount_one_top", "bbconv2d_popcount_one_change_row",
                BNN_POPCOUNT_ONE, BNN_POPCOUNT_START_ONE, BNN_HALVES_ONE, BNN_STORE_ONE);
}

void bbconv2d_popcount_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = BNN_POPCOUNT_TWO_NAMED(bbconv2d_popcount_two);
    static const bnn_routine one = BNN_POPCOUNT_ONE_NAMED(bbconv2d_popcount_one);
    bnn_convolve_blocks(layer, &two, &one);
}
