/* Thresholds of the routines of patch_routine.h where two sums of differing synapses share a register as halves. */
#ifndef BNN_PATCH_HALVES_H
#define BNN_PATCH_HALVES_H
#include "patch_routine.h"
#include "push.h"

/* Push the bits for both halves of x, which count differing synapses, onto bits0 and bits1. b - 2 * count >= width
 * is the test. A shift by 15 doubles the upper half, as the lower one is below 32768. */
#define BNN_PUSH_HALF(bits, x, half, w) \
    half                                \
    BNN_PUSH(bits, lr, w)
#define BNN_LOWER_HALF(x, b) \
    "uxth.w lr, " #x "\n\t"  \
    "sub.w lr, " #b ", lr, lsl #1\n\t"
#define BNN_UPPER_HALF(x, b) "sub.w lr, " #b ", " #x ", lsr #15\n\t"
/* One output of two pixels; two outputs of one. */
#define BNN_PUSH_TWO(x, b, w)                     \
    BNN_PUSH_HALF(r2, x, BNN_LOWER_HALF(x, b), w) \
    BNN_PUSH_HALF(r3, x, BNN_UPPER_HALF(x, b), w)
#define BNN_PUSH_ONE(x)                             \
    BNN_PUSH_HALF(r2, x, BNN_LOWER_HALF(x, r4), r5) \
    BNN_PUSH_HALF(r2, x, BNN_UPPER_HALF(x, r6), r7)

#define BNN_LOAD_TWO_THRESHOLDS \
    "ldr.n r5, [r0, #4]\n\t"    \
    "ldr.n r6, [r0, #8]\n\t"    \
    "ldr.w r7, [r0, #12]\n\t"   \
    "ldr.w r4, [r0], #16\n\t"

/* Of the sums in r8 to r11: four outputs of two pixels; of those in r8 and r9: four outputs of one. */
#define BNN_HALVES_TWO                                                         \
    BNN_BEGIN_THRESHOLDS                                                       \
    BNN_LOAD_TWO_THRESHOLDS BNN_PUSH_TWO(r8, r4, r5) BNN_PUSH_TWO(r9, r6, r7)  \
    BNN_LOAD_TWO_THRESHOLDS BNN_PUSH_TWO(r10, r4, r5) BNN_PUSH_TWO(r11, r6, r7)
#define BNN_HALVES_ONE                       \
    BNN_BEGIN_THRESHOLDS                     \
    BNN_LOAD_TWO_THRESHOLDS BNN_PUSH_ONE(r8) \
    BNN_LOAD_TWO_THRESHOLDS BNN_PUSH_ONE(r9)
#endif
