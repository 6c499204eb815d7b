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
#include "primitives.h"
#include "region.h"

/* x += t + u * 65536 (r12); t and u are used up. */
#ifdef __ARM_FEATURE_DSP
#define ADD_PAIR(x, t, u) "umaal " #x ", " #t ", " #u ", r12\n\t"
enum { PAIR_BYTES = 20, ONE_BYTES = 48 };
#else
#define ADD_PAIR(x, t, u)              \
    "add.w " #x ", " #x ", " #t "\n\t" \
    "add.w " #x ", " #x ", " #u ", lsl #16\n\t"
enum { PAIR_BYTES = 24, ONE_BYTES = 56 };
#endif

/* Two pixels by one output. All 32 bits wide at multiples of four, which fetch likes best. */
#define PAIR(x, w)                        \
    "eor.w lr, " #w ", r2\n\t"            \
    "eor.w " #w ", " #w ", r3\n\t"        \
    "bnnsim_popcount lr, lr\n\t"          \
    "bnnsim_popcount " #w ", " #w "\n\t"  \
    ADD_PAIR(x, lr, w)
#define STEP_TWO              \
    "ldr.n r3, [r0, #4]\n\t"  \
    "ldr.n r5, [r1, #4]\n\t"  \
    "ldr.n r6, [r1, #8]\n\t"  \
    "ldr.n r7, [r1, #12]\n\t" \
    "ldr.w r2, [r0], #8\n\t"  \
    "ldr.w r4, [r1], #16\n\t" \
    PAIR(r8, r4) PAIR(r9, r5) PAIR(r10, r6) PAIR(r11, r7)
enum { TWO_BYTES = 16 + 4 * PAIR_BYTES };

/* One pixel by four outputs. */
#define STEP_ONE                  \
    "ldr.w r5, [r1, #4]\n\t"      \
    "ldr.n r6, [r1, #8]\n\t"      \
    "ldr.n r7, [r1, #12]\n\t"     \
    "ldr.w r2, [r0], #4\n\t"      \
    "ldr.w r4, [r1], #16\n\t"     \
    "eors.n r5, r2\n\t"           \
    "eors.n r6, r2\n\t"           \
    "eors.n r7, r2\n\t"           \
    "eors.n r4, r2\n\t"           \
    "bnnsim_popcount r5, r5\n\t"  \
    "bnnsim_popcount r6, r6\n\t"  \
    "bnnsim_popcount r7, r7\n\t"  \
    "bnnsim_popcount r4, r4\n\t"  \
    ADD_PAIR(r8, r4, r5) ADD_PAIR(r9, r6, r7)

BNN_DEFINE_ROUTINE(lcebconv2d_popcount_two)
{
    BNN_ROUTINE("lcebconv2d_popcount_two_top", "lcebconv2d_popcount_two_change_row",
                BNN_SIXTEEN_STEPS(STEP_TWO) BNN_SIXTEEN_STEPS(STEP_TWO),
                "mov.w r12, #65536\n\tmov.n r8, r7\n\tmov.n r9, r7\n\tmov.n r10, r7\n\tmov.n r11, r7\n\t",
                BNN_BEGIN_DISTANCES
                BNN_DISTANCE(r8) BNN_DISTANCE(r9) BNN_DISTANCE(r10) BNN_DISTANCE(r11)
                "stm.w r0!, {r8-r11}\n\t",
                "");
}

BNN_DEFINE_ROUTINE(lcebconv2d_popcount_one)
{
    BNN_ROUTINE("lcebconv2d_popcount_one_top", "lcebconv2d_popcount_one_change_row", BNN_SIXTEEN_STEPS(STEP_ONE),
                "mov.w r12, #65536\n\tmov.n r8, r7\n\tmov.n r9, r7\n\t",
                BNN_BEGIN_DISTANCES
                BNN_DISTANCE(r8) BNN_DISTANCE(r9)
                "lsr.w r10, r8, #16\n\tlsr.w r12, r9, #16\n\tuxth.w r8, r8\n\tuxth.w r11, r9\n\t"
                "stm.w r0!, {r8, r10-r12}\n\t",
                "");
}

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

void lcebconv2d_popcount_blocked(const bnn_layer *layer)
{
    static const bnn_routine two = BNN_ROUTINE_NAMED(lcebconv2d_popcount_two, 32, TWO_BYTES, 65537);
    static const bnn_routine one = BNN_ROUTINE_NAMED(lcebconv2d_popcount_one, 16, ONE_BYTES, 65537);
    bnn_lce_convolve_blocks(layer, &two, &one);
}
