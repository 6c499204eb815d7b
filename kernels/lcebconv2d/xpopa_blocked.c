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
#include "primitives.h"
#include "region.h"

#define XPOPA(x, a, w) "bnnsim_xor_popcount_accumulate " #x ", " #a ", " #w "\n\t"

/* Two pixels by four outputs. The two loads of weights stand last, where nothing waits for the moved pointer. */
#define STEP_TWO                                                          \
    "ldr.w r3, [r0, #4]\n\t"                                              \
    "ldr.w lr, [r1, #4]\n\t"                                              \
    "ldr.w r2, [r0], #8\n\t"                                              \
    "ldr.w r12, [r1], #8\n\t"                                             \
    XPOPA(r4, r2, r12) XPOPA(r5, r3, r12) XPOPA(r6, r2, lr) XPOPA(r7, r3, lr) \
    "ldr.w lr, [r1, #4]\n\t"                                              \
    "ldr.w r12, [r1], #8\n\t"                                             \
    XPOPA(r8, r2, r12) XPOPA(r9, r3, r12) XPOPA(r10, r2, lr) XPOPA(r11, r3, lr)
enum { TWO_BYTES = 56 };

/* One pixel by four outputs. */
#define STEP_ONE                  \
    "ldr.w r5, [r1, #4]\n\t"      \
    "ldr.n r6, [r1, #8]\n\t"      \
    "ldr.n r7, [r1, #12]\n\t"     \
    "ldr.w r2, [r0], #4\n\t"      \
    "ldr.w r4, [r1], #16\n\t"     \
    XPOPA(r8, r2, r4) XPOPA(r9, r2, r5) XPOPA(r10, r2, r6) XPOPA(r11, r2, r7)
enum { ONE_BYTES = 32 };

/* The distances of two pixels for one output, in x. */
#define PAIR(x, y) "orr.w " #x ", " #x ", " #y ", lsl #16\n\t" BNN_DISTANCE(x)

BNN_DEFINE_ROUTINE(lcebconv2d_xpopa_two)
{
    BNN_ROUTINE("lcebconv2d_xpopa_two_top", "lcebconv2d_xpopa_two_change_row",
                BNN_SIXTEEN_STEPS(STEP_TWO) BNN_SIXTEEN_STEPS(STEP_TWO),
                "mov.n r4, r7\n\tmov.n r5, r7\n\tmov.n r6, r7\n\tmov.n r8, r7\n\t"
                "mov.n r9, r7\n\tmov.n r10, r7\n\tmov.n r11, r7\n\t",
                BNN_BEGIN_DISTANCES PAIR(r4, r5) PAIR(r6, r7) PAIR(r8, r9) PAIR(r10, r11)
                "stm.w r0!, {r4, r6, r8, r10}\n\t",
                "");
}

BNN_DEFINE_ROUTINE(lcebconv2d_xpopa_one)
{
    BNN_ROUTINE("lcebconv2d_xpopa_one_top", "lcebconv2d_xpopa_one_change_row", BNN_SIXTEEN_STEPS(STEP_ONE),
                "mov.n r8, r7\n\tmov.n r9, r7\n\tmov.n r10, r7\n\tmov.n r11, r7\n\t",
                BNN_BEGIN_DISTANCES "uxth.w r2, r2\n\t"
                BNN_DISTANCE(r8) BNN_DISTANCE(r9) BNN_DISTANCE(r10) BNN_DISTANCE(r11)
                "stm.w r0!, {r8-r11}\n\t",
                "");
}

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

void lcebconv2d_xpopa_blocked(const bnn_layer *layer)
{
    static const bnn_routine two = BNN_ROUTINE_NAMED(lcebconv2d_xpopa_two, 32, TWO_BYTES, 1);
    static const bnn_routine one = BNN_ROUTINE_NAMED(lcebconv2d_xpopa_one, 16, ONE_BYTES, 1);
    bnn_lce_convolve_blocks(layer, &two, &one);
}
