/* Binary convolutions that start each output's sums where one comparison makes its bit, as xpopa_spans explains. */
#ifndef BBCONV2D_XPOPA_SPANS_H
#define BBCONV2D_XPOPA_SPANS_H
#include "bnn_layer.h"
#include "pad.h"
#include "patch_xpopa.h"
#include "patches.h"
#include "push.h"

/* Sums start from the region's, in r7, minus the output's first count: the odd words of a table's entries. */
#define START_FOUR(a, b, c, d)                            \
    "ldr.w r12, " BNN_STACK(BNN_TABLE) "\n\t"             \
    "ldr.w " #a ", [r12, #4]\n\t"                         \
    "ldr.w " #b ", [r12, #12]\n\t"                        \
    "ldr.w " #c ", [r12, #20]\n\t"                        \
    "ldr.w " #d ", [r12, #28]\n\t"                        \
    "add.w " #a ", " #a ", r7\n\t"                        \
    "add.w " #b ", " #b ", r7\n\t"                        \
    "add.w " #c ", " #c ", r7\n\t"                        \
    "add.w " #d ", " #d ", r7\n\t"
#define START_ONE START_FOUR(r8, r9, r10, r11)
#define START_TWO START_FOUR(r4, r6, r8, r10) "mov.n r5, r4\n\tmov.n r7, r6\n\tmov.n r9, r8\n\tmov.n r11, r10\n\t"

#define PUSH_TWO(x0, x1, span) BNN_PUSH(r2, x0, span) BNN_PUSH(r3, x1, span)
#define THRESHOLDS_TWO                            \
    "ldr.w lr, [r0, #8]\n\t"                      \
    "ldr.w r12, [r0], #32\n\t"                    \
    PUSH_TWO(r4, r5, r12) PUSH_TWO(r6, r7, lr)    \
    "ldr r4, [r0, #-16]\n\t"                      \
    "ldr r5, [r0, #-8]\n\t"                       \
    PUSH_TWO(r8, r9, r4) PUSH_TWO(r10, r11, r5)
#define THRESHOLDS_ONE                            \
    "ldr.n r5, [r0, #8]\n\t"                      \
    "ldr.n r6, [r0, #16]\n\t"                     \
    "ldr.w r7, [r0, #24]\n\t"                     \
    "ldr.w r4, [r0], #32\n\t"                     \
    BNN_PUSH(r2, r8, r4) BNN_PUSH(r2, r9, r5) BNN_PUSH(r2, r10, r6) BNN_PUSH(r2, r11, r7)

BNN_DEFINE_ROUTINE(bbconv2d_spans_two)
{
    BNN_ROUTINE("bbconv2d_spans_two_top", "bbconv2d_spans_two_change_row",
                BNN_XPOPA_TWO, START_TWO, BNN_BEGIN_THRESHOLDS THRESHOLDS_TWO, BNN_STORE_TWO);
}

BNN_DEFINE_ROUTINE(bbconv2d_spans_one)
{
    BNN_ROUTINE("bbconv2d_spans_one_top", "bbconv2d_spans_one_change_row",
                BNN_XPOPA_ONE, START_ONE, BNN_BEGIN_THRESHOLDS THRESHOLDS_ONE, BNN_STORE_ONE);
}

BNN_INLINE void bbconv2d_convolve_spans(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    static const bnn_routine two = BNN_XPOPA_TWO_NAMED(bbconv2d_spans_two);
    static const bnn_routine one = BNN_XPOPA_ONE_NAMED(bbconv2d_spans_one);
    bnn_convolve_blocks_by(layer, &two, &one, BNN_SPANS);
}
#endif
