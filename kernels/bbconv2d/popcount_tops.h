/* Binary convolutions whose sums share registers as halves and meet thresholds there, as popcount_tops explains. */
#ifndef BBCONV2D_POPCOUNT_TOPS_H
#define BBCONV2D_POPCOUNT_TOPS_H
#include "bnn_layer.h"
#include "inline.h"
#include "pad.h"
#include "patch_popcount.h"
#include "patches.h"
#include "push.h"

/* Bodies of the routines. A kernel that counts otherwise names its own before it includes this. */
#ifndef TOPS_TWO
#define TOPS_TWO BNN_POPCOUNT_TWO
#define TOPS_ONE BNN_POPCOUNT_ONE
#define TOPS_TWO_NAMED BNN_POPCOUNT_TWO_NAMED
#define TOPS_ONE_NAMED BNN_POPCOUNT_ONE_NAMED
#endif

/* With b and w from BNN_TOPS, what is left below the upper half of lr is 0 or more and decides nothing: twice the lower
 * half of x is at most 65534, the ones below b are 65535. */
#define LOWER(x, b) "sub.w lr, " #b ", " #x ", lsl #17\n\t"
#define UPPER(x, b) "sub.w lr, " #b ", " #x ", lsl #1\n\t"
/* One output of two pixels; two outputs of one. */
#define PUSH_TWO(x, b, w) LOWER(x, b) BNN_PUSH(r2, lr, w) UPPER(x, b) BNN_PUSH(r3, lr, w)
#define PUSH_ONE(x) LOWER(x, r4) BNN_PUSH(r2, lr, r5) UPPER(x, r6) BNN_PUSH(r2, lr, r7)
#define LOAD_TWO              \
    "ldr.n r5, [r0, #4]\n\t"  \
    "ldr.n r6, [r0, #8]\n\t"  \
    "ldr.w r7, [r0, #12]\n\t" \
    "ldr.w r4, [r0], #16\n\t"

BNN_DEFINE_ROUTINE(bbconv2d_tops_two)
{
    BNN_ROUTINE("bbconv2d_tops_two_top", "bbconv2d_tops_two_change_row", TOPS_TWO, BNN_POPCOUNT_START_TWO,
                BNN_BEGIN_THRESHOLDS
                LOAD_TWO PUSH_TWO(r8, r4, r5) PUSH_TWO(r9, r6, r7)
                LOAD_TWO PUSH_TWO(r10, r4, r5) PUSH_TWO(r11, r6, r7),
                BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_tops_one)
{
    BNN_ROUTINE("bbconv2d_tops_one_top", "bbconv2d_tops_one_change_row", TOPS_ONE, BNN_POPCOUNT_START_ONE,
                BNN_BEGIN_THRESHOLDS LOAD_TWO PUSH_ONE(r8) LOAD_TWO PUSH_ONE(r9), BNN_STORE_ONE);
}

BNN_INLINE void bbconv2d_convolve_tops(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = TOPS_TWO_NAMED(bbconv2d_tops_two);
    static const bnn_routine one = TOPS_ONE_NAMED(bbconv2d_tops_one);
    bnn_convolve_blocks_by(layer, &two, &one, BNN_TOPS);
}
#endif
