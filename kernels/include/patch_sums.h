/* Thresholds of the routines of patch_routine.h whose sums are words: of two pixels in r4 to r11, of one in r8 to
 * r11. */
#ifndef BNN_PATCH_SUMS_H
#define BNN_PATCH_SUMS_H
#include "patch_routine.h"

/* b - 2 * count >= width, for both pixels. Registers of sums are free once their bits are pushed. */
#define BNN_SUM_TESTED(x, b) "sub.w " #x ", " #b ", " #x ", lsl #1\n\t"
#define BNN_SUM_PUSH(bits, x, w) \
    "cmp.w " #x ", " #w "\n\t"   \
    "rrx " #bits ", " #bits "\n\t"
#define BNN_SUM_OUTPUT_TWO(x0, x1, b, w) \
    BNN_SUM_TESTED(x0, b) BNN_SUM_TESTED(x1, b) BNN_SUM_PUSH(r2, x0, w) BNN_SUM_PUSH(r3, x1, w)
#define BNN_SUM_OUTPUT_ONE(x, b, w) BNN_SUM_TESTED(x, b) BNN_SUM_PUSH(r2, x, w)
#define BNN_SUM_LOAD(r, at) "ldr.w " #r ", [r0, #" #at "]\n\t"
#define BNN_SUMS_TWO                                                                       \
    BNN_BEGIN_THRESHOLDS                                                                   \
    BNN_SUM_LOAD(r12, 0) BNN_SUM_LOAD(lr, 4)                                               \
    BNN_SUM_OUTPUT_TWO(r4, r5, r12, lr)                                                    \
    BNN_SUM_LOAD(r4, 8) BNN_SUM_LOAD(r5, 12) BNN_SUM_LOAD(r12, 16) BNN_SUM_LOAD(lr, 20)    \
    BNN_SUM_OUTPUT_TWO(r6, r7, r4, r5) BNN_SUM_OUTPUT_TWO(r8, r9, r12, lr)                 \
    BNN_SUM_LOAD(r4, 24) BNN_SUM_LOAD(r5, 28)                                              \
    BNN_SUM_OUTPUT_TWO(r10, r11, r4, r5)                                                   \
    "add.w r0, r0, #32\n\t"

#define BNN_SUMS_HALF_ONE(x, y) \
    "ldr.n r5, [r0, #4]\n\t"    \
    "ldr.n r6, [r0, #8]\n\t"    \
    "ldr.w r7, [r0, #12]\n\t"   \
    "ldr.w r4, [r0], #16\n\t"   \
    BNN_SUM_OUTPUT_ONE(x, r4, r5) BNN_SUM_OUTPUT_ONE(y, r6, r7)
#define BNN_SUMS_ONE BNN_BEGIN_THRESHOLDS BNN_SUMS_HALF_ONE(r8, r9) BNN_SUMS_HALF_ONE(r10, r11)
#endif
