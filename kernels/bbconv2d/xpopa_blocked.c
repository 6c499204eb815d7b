/* ---
operator: BBConv2D
variant: xpopa_blocked
idea: >-
  for an instruction that adds the number of differing bits of two words to a sum, in assembly. Two pixels that see
  the same taps by four outputs: five adjacent loads and three more (eight cycles) feed eight words of one
  operation each. Everything else is as in popcount_blocked.
registers: >-
  eight sums, two activation words, two weight words, two pointers: all fourteen; the loop's bounds come from
  the stack
needs: [xor_popcount_accumulate, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
--- */
#include "bnn_layer.h"
#include "pad.h"
#include "patch_sums.h"
#include "patch_xpopa.h"
#include "patches.h"

BNN_DEFINE_ROUTINE(bbconv2d_xpopa_two)
{
    BNN_ROUTINE("bbconv2d_xpopa_two_top", "bbconv2d_xpopa_two_change_row",
                BNN_XPOPA_TWO, BNN_XPOPA_START_TWO, BNN_SUMS_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_xpopa_one)
{
    BNN_ROUTINE("bbconv2d_xpopa_one_top", "bbconv2d_xpopa_one_change_row",
                BNN_XPOPA_ONE, BNN_XPOPA_START_ONE, BNN_SUMS_ONE, BNN_STORE_ONE);
}

void bbconv2d_xpopa_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = BNN_XPOPA_TWO_NAMED(bbconv2d_xpopa_two);
    static const bnn_routine one = BNN_XPOPA_ONE_NAMED(bbconv2d_xpopa_one);
    bnn_convolve_blocks(layer, &two, &one);
}
