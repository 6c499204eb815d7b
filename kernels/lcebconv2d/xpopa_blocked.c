/* ---
operator: LceBconv2d
variant: xpopa_blocked
idea: >-
  for an instruction that adds the number of differing bits of two words to a sum, in assembly: BBConv2D's
  xpopa_blocked, two pixels by four outputs in sixteen cycles per eight words. Converting is as in popcount_blocked
registers: >-
  eight sums, two activation words, two weight words, two pointers: all fourteen; converting takes s0 to s15
needs: [xor_popcount_accumulate, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 4 * (out_c + 7) + 8 * kernel_h * kernel_w * in_words
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "lce_blocks.h"
#include "patch_xpopa.h"

/* The distances of two pixels for one output, in x. */
#define PAIR(x, y) "orr.w " #x ", " #x ", " #y ", lsl #16\n\t" BNN_DISTANCE(x)

BNN_DEFINE_ROUTINE(lcebconv2d_xpopa_two)
{
    BNN_ROUTINE("lcebconv2d_xpopa_two_top", "lcebconv2d_xpopa_two_change_row",
                BNN_XPOPA_TWO, BNN_XPOPA_START_TWO,
                BNN_BEGIN_DISTANCES PAIR(r4, r5) PAIR(r6, r7) PAIR(r8, r9) PAIR(r10, r11)
                "stm.w r0!, {r4, r6, r8, r10}\n\t",
                "");
}

BNN_DEFINE_ROUTINE(lcebconv2d_xpopa_one)
{
    BNN_ROUTINE("lcebconv2d_xpopa_one_top", "lcebconv2d_xpopa_one_change_row",
                BNN_XPOPA_ONE, BNN_XPOPA_START_ONE,
                BNN_BEGIN_DISTANCES "uxth.w r2, r2\n\t"
                BNN_DISTANCE(r8) BNN_DISTANCE(r9) BNN_DISTANCE(r10) BNN_DISTANCE(r11)
                "stm.w r0!, {r8-r11}\n\t",
                "");
}

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

void lcebconv2d_xpopa_blocked(const bnn_layer *layer)
{
    static const bnn_routine two = BNN_XPOPA_TWO_NAMED(lcebconv2d_xpopa_two);
    static const bnn_routine one = BNN_XPOPA_ONE_NAMED(lcebconv2d_xpopa_one);
    bnn_lce_convolve_blocks(layer, &two, &one);
}
