/* ---
operator: BBConv2D
variant: xndota_blocked
idea: >-
  for an instruction that adds the dot product of two words of ±1 to a sum, in assembly: xpopa_blocked, two pixels by
  four outputs in sixteen cycles per eight words. Sums start at their output's bias and are compared with its width as
  they are. Only whole words are multiplied: an instruction's tail of n bits is part of its word, but channels are a
  number that a layer brings. What pad bits add, which agree, is taken off where sums start.
registers: as xpopa_blocked's
needs: [xndota, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
--- */
#define BNN_XPOPA(x, a, w) "bnnsim_xndota " #x ", " #a ", " #w ", 31\n\t"
#include "bnn_layer.h"
#include "isa.h"
#include "pad.h"
#include "patch_spans.h"
#include "patch_xpopa.h"
#include "patches.h"

/* A table's entry is bias and width. */
#define START_ONE BNN_START_FOUR(r8, r9, r10, r11, 0, 8, 16, 24)
#define START_TWO BNN_START_FOUR(r4, r6, r8, r10, 0, 8, 16, 24) BNN_START_SECOND

#define THRESHOLDS_TWO                         \
    "ldr.w r12, [r0, #4]\n\t"                  \
    "ldr.w lr, [r0, #12]\n\t"                  \
    BNN_SPANS_PUSH_TWO(r4, r5, r12) BNN_SPANS_PUSH_TWO(r6, r7, lr) \
    "ldr.n r4, [r0, #20]\n\t"                  \
    "ldr.n r5, [r0, #28]\n\t"                  \
    "add.w r0, r0, #32\n\t"                    \
    BNN_SPANS_PUSH_TWO(r8, r9, r4) BNN_SPANS_PUSH_TWO(r10, r11, r5)
#define THRESHOLDS_ONE                         \
    "ldr.n r4, [r0, #4]\n\t"                   \
    "ldr.n r5, [r0, #12]\n\t"                  \
    "ldr.n r6, [r0, #20]\n\t"                  \
    "ldr.n r7, [r0, #28]\n\t"                  \
    "add.w r0, r0, #32\n\t"                    \
    BNN_PUSH(r2, r8, r4) BNN_PUSH(r2, r9, r5) BNN_PUSH(r2, r10, r6) BNN_PUSH(r2, r11, r7)

BNN_DEFINE_ROUTINE(bbconv2d_xndota_two)
{
    BNN_ROUTINE("bbconv2d_xndota_two_top", "bbconv2d_xndota_two_change_row",
                BNN_XPOPA_TWO, START_TWO, BNN_BEGIN_THRESHOLDS THRESHOLDS_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_xndota_one)
{
    BNN_ROUTINE("bbconv2d_xndota_one_top", "bbconv2d_xndota_one_change_row",
                BNN_XPOPA_ONE, START_ONE, BNN_BEGIN_THRESHOLDS THRESHOLDS_ONE, BNN_STORE_ONE);
}

/* Where others count c differing bits from S, these routines have sums of 32 W - 2 (S + c) for the W words of a patch.
 * With minus the pad bits of a pixel as its channels, starts and table add up to bias + synapses - 2 c. */
void bbconv2d_xndota_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    bnn_layer own = *layer;
    own.in_c = layer->in_c - 32 * layer->in_words;
    static const bnn_routine two = BNN_ROUTINE_NAMED(bbconv2d_xndota_two, 32, BNN_XPOPA_TWO_BYTES, (uint32_t)-2);
    static const bnn_routine one = BNN_ROUTINE_NAMED(bbconv2d_xndota_one, 16, BNN_XPOPA_ONE_BYTES, (uint32_t)-2);
    bnn_convolve_blocks(&own, &two, &one);
}
