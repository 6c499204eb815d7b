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

/* Push the bits for both halves of x, which count differing synapses, onto bits0 and bits1. b - 2 * count >= width
 * is the test. A shift by 15 doubles the upper half, as the lower one is below 32768. */
#define PUSH(bits, x, half, w)    \
    half                          \
    "cmp.w lr, " #w "\n\t"        \
    "rrx " #bits ", " #bits "\n\t"
#define LOWER(x, b)               \
    "uxth.w lr, " #x "\n\t"       \
    "sub.w lr, " #b ", lr, lsl #1\n\t"
#define UPPER(x, b) "sub.w lr, " #b ", " #x ", lsr #15\n\t"
#define THRESHOLD_TWO(x, b, w)          \
    PUSH(r2, x, LOWER(x, b), w)         \
    PUSH(r3, x, UPPER(x, b), w)
#define THRESHOLDS_ONE(x)               \
    PUSH(r2, x, LOWER(x, r4), r5)       \
    PUSH(r2, x, UPPER(x, r6), r7)

#define LOAD_TWO_THRESHOLDS   \
    "ldr.n r5, [r0, #4]\n\t"  \
    "ldr.n r6, [r0, #8]\n\t"  \
    "ldr.w r7, [r0, #12]\n\t" \
    "ldr.w r4, [r0], #16\n\t"

BNN_DEFINE_ROUTINE(bbconv2d_popcount_two)
{
    BNN_ROUTINE("bbconv2d_popcount_two_top", "bbconv2d_popcount_two_change_row",
                BNN_SIXTEEN_STEPS(STEP_TWO) BNN_SIXTEEN_STEPS(STEP_TWO),
                "mov.w r12, #65536\n\tmov.n r8, r7\n\tmov.n r9, r7\n\tmov.n r10, r7\n\tmov.n r11, r7\n\t",
                BNN_BEGIN_THRESHOLDS
                LOAD_TWO_THRESHOLDS THRESHOLD_TWO(r8, r4, r5) THRESHOLD_TWO(r9, r6, r7)
                LOAD_TWO_THRESHOLDS THRESHOLD_TWO(r10, r4, r5) THRESHOLD_TWO(r11, r6, r7),
                BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_popcount_one)
{
    BNN_ROUTINE("bbconv2d_popcount_one_top", "bbconv2d_popcount_one_change_row", BNN_SIXTEEN_STEPS(STEP_ONE),
                "mov.w r12, #65536\n\tmov.n r8, r7\n\tmov.n r9, r7\n\t",
                BNN_BEGIN_THRESHOLDS
                LOAD_TWO_THRESHOLDS THRESHOLDS_ONE(r8)
                LOAD_TWO_THRESHOLDS THRESHOLDS_ONE(r9),
                BNN_STORE_ONE);
}

void bbconv2d_popcount_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = BNN_ROUTINE_NAMED(bbconv2d_popcount_two, 32, TWO_BYTES, 65537);
    static const bnn_routine one = BNN_ROUTINE_NAMED(bbconv2d_popcount_one, 16, ONE_BYTES, 65537);
    bnn_convolve_blocks(layer, &two, &one);
}
