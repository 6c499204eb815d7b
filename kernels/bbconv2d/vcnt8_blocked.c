/* ---
operator: BBConv2D
variant: vcnt8_blocked
idea: >-
  for an instruction that counts differing bits per byte, on a core with USADA8, in assembly. Two pixels that see the
  same taps by four outputs: each word takes two operations, a count and an addition of four bytes at once; sums of
  bytes last for 31 words. Eight sums leave three registers for words, so that three of four weights are loaded alone:
  26 cycles per eight words. Longer patches add up the bytes of 31 words in memory. Sums become words from where one
  comparison makes an output's bit, as in xpopa_spans.
registers: eight sums of bytes, two activation words, a weight word, a count, two pointers
needs: [vcnt8x, dsp, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 32 + 272 * out_words + 8 * kernel_h * kernel_w * in_words
--- */
#include "bnn_layer.h"
#include "pad.h"
#include "patch_spans.h"
#include "patch_vcnt8.h"
#include "patches.h"

BNN_DEFINE_ROUTINE(bbconv2d_vcnt8_two)
{
    BNN_ROUTINE("bbconv2d_vcnt8_two_top", "bbconv2d_vcnt8_two_change_row",
                BNN_VCNT8_TWO, BNN_VCNT8_ZERO, BNN_VCNT8_SUMS_TWO BNN_SPANS_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_vcnt8_one)
{
    BNN_ROUTINE("bbconv2d_vcnt8_one_top", "bbconv2d_vcnt8_one_change_row",
                BNN_VCNT8_ONE, BNN_VCNT8_START_ONE, BNN_SPANS_ONE, BNN_STORE_ONE);
}

void bbconv2d_vcnt8_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    bnn_layer own = *layer;
    uint32_t *sums = own.scratch;
    for (int32_t i = 0; i < 8; i++)
        sums[i] = 0;
    own.scratch = sums + 8;
    static const bnn_routine two = BNN_ROUTINE_NAMED(bbconv2d_vcnt8_two, 31, BNN_VCNT8_TWO_BYTES, 1);
    static const bnn_routine one = BNN_ROUTINE_NAMED(bbconv2d_vcnt8_one, 16, BNN_VCNT8_ONE_BYTES, 1);
    bnn_convolve_blocks_by(&own, &two, &one, BNN_SPANS);
}
