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
#include "patch_xpopa.h"
#include "patches.h"
#include "primitives.h"

/* b - 2 * count >= width, for both pixels. Registers of sums are free once their bits are pushed. */
#define TESTED(x, b) "sub.w " #x ", " #b ", " #x ", lsl #1\n\t"
#define PUSH(bits, x, w)       \
    "cmp.w " #x ", " #w "\n\t" \
    "rrx " #bits ", " #bits "\n\t"
#define OUTPUT_TWO(x0, x1, b, w) TESTED(x0, b) TESTED(x1, b) PUSH(r2, x0, w) PUSH(r3, x1, w)
#define OUTPUT_ONE(x, b, w) TESTED(x, b) PUSH(r2, x, w)
#define LOAD(r, at) "ldr.w " #r ", [r0, #" #at "]\n\t"
#define THRESHOLDS_TWO                                     \
    LOAD(r12, 0) LOAD(lr, 4)                               \
    OUTPUT_TWO(r4, r5, r12, lr)                            \
    LOAD(r4, 8) LOAD(r5, 12) LOAD(r12, 16) LOAD(lr, 20)    \
    OUTPUT_TWO(r6, r7, r4, r5) OUTPUT_TWO(r8, r9, r12, lr) \
    LOAD(r4, 24) LOAD(r5, 28)                              \
    OUTPUT_TWO(r10, r11, r4, r5)                           \
    "add.w r0, r0, #32\n\t"

#define THRESHOLDS_ONE(x, y)  \
    "ldr.n r5, [r0, #4]\n\t"  \
    "ldr.n r6, [r0, #8]\n\t"  \
    "ldr.w r7, [r0, #12]\n\t" \
    "ldr.w r4, [r0], #16\n\t" \
    OUTPUT_ONE(x, r4, r5) OUTPUT_ONE(y, r6, r7)

BNN_DEFINE_ROUTINE(bbconv2d_xpopa_two)
{
    BNN_ROUTINE("bbconv2d_xpopa_two_top", "bbconv2d_xpopa_two_change_row",
                BNN_XPOPA_TWO, BNN_XPOPA_START_TWO,
                BNN_BEGIN_THRESHOLDS THRESHOLDS_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_xpopa_one)
{
    BNN_ROUTINE("bbconv2d_xpopa_one_top", "bbconv2d_xpopa_one_change_row",
                BNN_XPOPA_ONE, BNN_XPOPA_START_ONE,
                BNN_BEGIN_THRESHOLDS THRESHOLDS_ONE(r8, r9) THRESHOLDS_ONE(r10, r11), BNN_STORE_ONE);
}

void bbconv2d_xpopa_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = BNN_XPOPA_TWO_NAMED(bbconv2d_xpopa_two);
    static const bnn_routine one = BNN_XPOPA_ONE_NAMED(bbconv2d_xpopa_one);
    bnn_convolve_blocks(layer, &two, &one);
}
