/* Parts of the steps of dense_count.h. */
#ifndef BNN_DENSE_STEPS_H
#define BNN_DENSE_STEPS_H

/* A word of the input by four outputs; five loads in a row take six cycles. */
#define BNN_DENSE_LOADS         \
    "ldr.w r5, [r1, #4]\n\t"    \
    "ldr.w r6, [r1, #8]\n\t"    \
    "ldr.w r7, [r1, #12]\n\t"   \
    "ldr.w r3, [r0], #4\n\t"    \
    "ldr.w r4, [r1], #16\n\t"

/* Four counts of the halves in r8 and r9. */
#define BNN_DENSE_SPLIT_HALVES                             \
    "lsr.w r11, r9, #16\n\t"                               \
    "uxth.w r10, r9\n\t"                                   \
    "lsr.w r9, r8, #16\n\t"                                \
    "uxth.w r8, r8\n\t"

/* Add the counts in r4 to r7 to their sums. */
#ifdef __ARM_FEATURE_DSP
/* r8 += r4 + 65536 r5: one instruction adds two counts, to halves of a word. */
#define BNN_DENSE_ADD "umaal r8, r4, r5, r12\n\tumaal r9, r6, r7, r12\n\t"
#define BNN_DENSE_SPLIT_ADDED BNN_DENSE_SPLIT_HALVES
enum { BNN_DENSE_ADD_BYTES = 8 };
#else
#define BNN_DENSE_ADD                                      \
    "add.w r8, r8, r4\n\t"                                 \
    "add.w r9, r9, r5\n\t"                                 \
    "add.w r10, r10, r6\n\t"                               \
    "add.w r11, r11, r7\n\t"
#define BNN_DENSE_SPLIT_ADDED ""
enum { BNN_DENSE_ADD_BYTES = 16 };
#endif
#endif
