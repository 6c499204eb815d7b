/* Thresholds of the routines of patch_routine.h where each output's sums start so that one comparison makes its bit:
 * from the region's, in r7, minus the output's first count. Tables are BNN_SPANS. */
#ifndef BNN_PATCH_SPANS_H
#define BNN_PATCH_SPANS_H
#include "patch_routine.h"
#include "push.h"

/* What words of the table at offsets i to l add to r7. */
#define BNN_START_FOUR(a, b, c, d, i, j, k, l)            \
    "ldr.w r12, " BNN_STACK(BNN_TABLE) "\n\t"             \
    "ldr.w " #a ", [r12, #" #i "]\n\t"                    \
    "ldr.w " #b ", [r12, #" #j "]\n\t"                    \
    "ldr.w " #c ", [r12, #" #k "]\n\t"                    \
    "ldr.w " #d ", [r12, #" #l "]\n\t"                    \
    "add.w " #a ", " #a ", r7\n\t"                        \
    "add.w " #b ", " #b ", r7\n\t"                        \
    "add.w " #c ", " #c ", r7\n\t"                        \
    "add.w " #d ", " #d ", r7\n\t"
/* Sums of two pixels, in r4 to r11, whose starts are in r4, r6, r8 and r10. */
#define BNN_START_SECOND "mov.n r5, r4\n\tmov.n r7, r6\n\tmov.n r9, r8\n\tmov.n r11, r10\n\t"
#define BNN_SPANS_START_ONE BNN_START_FOUR(r8, r9, r10, r11, 4, 12, 20, 28)
#define BNN_SPANS_START_TWO BNN_START_FOUR(r4, r6, r8, r10, 4, 12, 20, 28) BNN_START_SECOND

#define BNN_SPANS_PUSH_TWO(x0, x1, span) BNN_PUSH(r2, x0, span) BNN_PUSH(r3, x1, span)
#define BNN_SPANS_TWO                             \
    BNN_BEGIN_THRESHOLDS                          \
    "ldr.w lr, [r0, #8]\n\t"                      \
    "ldr.w r12, [r0], #32\n\t"                    \
    BNN_SPANS_PUSH_TWO(r4, r5, r12) BNN_SPANS_PUSH_TWO(r6, r7, lr) \
    "ldr r4, [r0, #-16]\n\t"                      \
    "ldr r5, [r0, #-8]\n\t"                       \
    BNN_SPANS_PUSH_TWO(r8, r9, r4) BNN_SPANS_PUSH_TWO(r10, r11, r5)
#define BNN_SPANS_ONE                             \
    BNN_BEGIN_THRESHOLDS                          \
    "ldr.n r5, [r0, #8]\n\t"                      \
    "ldr.n r6, [r0, #16]\n\t"                     \
    "ldr.w r7, [r0, #24]\n\t"                     \
    "ldr.w r4, [r0], #32\n\t"                     \
    BNN_PUSH(r2, r8, r4) BNN_PUSH(r2, r9, r5) BNN_PUSH(r2, r10, r6) BNN_PUSH(r2, r11, r7)
#endif
