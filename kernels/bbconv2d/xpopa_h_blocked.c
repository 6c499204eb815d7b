/* ---
operator: BBConv2D
variant: xpopa_h_blocked
idea: >-
  for an instruction that adds the number of differing bits of two words to a half of a register, in assembly. Three
  pixels that see the same taps by four outputs: twelve sums take six registers, so that six adjacent loads and one
  more (nine cycles) feed twelve words of one operation each. Four pixels by four outputs would leave four
  registers for words and load some twice: 30 cycles for 16 words. Everything else is as in xpopa_blocked; sums
  start where one comparison makes a bit, of whichever half. What is left of a region goes alone by four outputs.
registers: six pairs of sums, three activation words, three weight words, two pointers
needs: [xpopa_h, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 336 * out_words + 12 * kernel_h * kernel_w * in_words
supports: kernel_h * kernel_w * in_c <= 65534
--- */
#include "bnn_layer.h"
#include "isa.h"
#include "pad.h"
#include "patch_routine.h"
#include "patch_threes.h"

#define LOWER(x, a, w) "bnnsim_xpopa_h " #x ", " #a ", " #w ", 0\n\t"
#define UPPER(x, a, w) "bnnsim_xpopa_h " #x ", " #a ", " #w ", 1\n\t"

/* No two operations in a row have the same sums, where their result takes two cycles. */
#define STEP_THREE                                              \
    "ldr.w r3, [r0, #4]\n\t"                                    \
    "ldr.w r10, [r0, #8]\n\t"                                   \
    "ldr.w r12, [r1, #4]\n\t"                                   \
    "ldr.w lr, [r1, #8]\n\t"                                    \
    "ldr.w r2, [r0], #12\n\t"                                   \
    "ldr.w r11, [r1], #16\n\t"                                  \
    LOWER(r4, r2, r11) LOWER(r5, r2, r12) LOWER(r6, r2, lr)     \
    LOWER(r8, r10, r11) LOWER(r9, r10, lr) UPPER(r4, r3, r11)   \
    UPPER(r8, r10, r12) UPPER(r5, r3, r12) UPPER(r6, r3, lr)    \
    "ldr r11, [r1, #-4]\n\t"                                    \
    LOWER(r7, r2, r11) UPPER(r9, r10, r11) UPPER(r7, r3, r11)
#define STEP_ONE                                                \
    "ldr.w r5, [r1, #4]\n\t"                                    \
    "ldr.w r6, [r1, #8]\n\t"                                    \
    "ldr.w r7, [r1, #12]\n\t"                                   \
    "ldr.w r2, [r0], #4\n\t"                                    \
    "ldr.w r4, [r1], #16\n\t"                                   \
    LOWER(r8, r2, r4) LOWER(r9, r2, r6) UPPER(r8, r2, r5) UPPER(r9, r2, r7)
enum { THREE_BYTES = 76, ONE_BYTES = 36 };

BNN_DEFINE_ROUTINE(bbconv2d_xpopa_h_three)
{
    BNN_ROUTINE("bbconv2d_xpopa_h_three_top", "bbconv2d_xpopa_h_three_change_row",
                BNN_SIXTEEN_STEPS(STEP_THREE) BNN_SIXTEEN_STEPS(STEP_THREE),
                BNN_START_THREE, BNN_THRESHOLDS_THREE, BNN_STORE_THREE);
}

BNN_DEFINE_ROUTINE(bbconv2d_xpopa_h_one)
{
    BNN_ROUTINE("bbconv2d_xpopa_h_one_top", "bbconv2d_xpopa_h_one_change_row",
                BNN_SIXTEEN_STEPS(STEP_ONE), BNN_START_HALVES_ONE, BNN_THRESHOLDS_HALVES_ONE, BNN_STORE_ONE);
}

void bbconv2d_xpopa_h_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine three = BNN_ROUTINE_NAMED(bbconv2d_xpopa_h_three, 32, THREE_BYTES, 65537);
    static const bnn_routine one = BNN_ROUTINE_NAMED(bbconv2d_xpopa_h_one, 16, ONE_BYTES, 65537);
    bnn_convolve_threes(layer, &three, &one);
}
