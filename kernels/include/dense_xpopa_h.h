/* Dense binary layers by an instruction that adds the number of differing bits to a half of a register. A word of the
 * input by eight outputs, whose sums take four registers: 19 cycles for eight words on a Cortex-M4. With
 * BNN_DENSE_FEW_OUTPUTS by four outputs: 10 cycles for four words, for layers of so few outputs that eight at a time
 * leave more of them unused. */
#ifndef BNN_DENSE_XPOPA_H_H
#define BNN_DENSE_XPOPA_H_H
#include "dense_steps.h"
#include "isa.h"

#define BNN_DENSE_LOWER(x, w) "bnnsim_xpopa_h " #x ", r3, " #w ", 0\n\t"
#define BNN_DENSE_UPPER(x, w) "bnnsim_xpopa_h " #x ", r3, " #w ", 1\n\t"
#define BNN_DENSE_CONSTANT "0"
#ifdef BNN_DENSE_FEW_OUTPUTS
#define BNN_DENSE_STEP           \
    BNN_DENSE_LOADS              \
    BNN_DENSE_LOWER(r8, r4) BNN_DENSE_LOWER(r9, r6) BNN_DENSE_UPPER(r8, r5) BNN_DENSE_UPPER(r9, r7)
#define BNN_DENSE_SPLIT BNN_DENSE_SPLIT_HALVES
enum { BNN_DENSE_STEP_BYTES = 36, BNN_DENSE_OUTPUTS = 4 };
#else
#define BNN_DENSE_STEP           \
    "ldr.w r5, [r1, #4]\n\t"     \
    "ldr.w r6, [r1, #8]\n\t"     \
    "ldr.w r7, [r1, #12]\n\t"    \
    "ldr.w r12, [r1, #16]\n\t"   \
    "ldr.w lr, [r1, #20]\n\t"    \
    "ldr.w r3, [r0], #4\n\t"     \
    "ldr.w r4, [r1], #32\n\t"    \
    BNN_DENSE_LOWER(r8, r4) BNN_DENSE_LOWER(r9, r6) BNN_DENSE_LOWER(r10, r12)   \
    BNN_DENSE_UPPER(r8, r5) BNN_DENSE_UPPER(r9, r7) BNN_DENSE_UPPER(r10, lr)    \
    "ldr r4, [r1, #-8]\n\t"      \
    "ldr r5, [r1, #-4]\n\t"      \
    BNN_DENSE_LOWER(r11, r4) BNN_DENSE_UPPER(r11, r5)
#define BNN_DENSE_SPLIT                                              \
    "ldr.w r3, [sp, #12]\n\t"                                        \
    "uxth.w r4, r8\n\tlsr.w r5, r8, #16\n\t"                         \
    "uxth.w r6, r9\n\tlsr.w r7, r9, #16\n\t"                         \
    "stm.w r3!, {r4-r7}\n\t"                                         \
    "str.w r3, [sp, #12]\n\t"                                        \
    "uxth.w r8, r10\n\tlsr.w r9, r10, #16\n\t"                       \
    "uxth.w r10, r11\n\tlsr.w r11, r11, #16\n\t"
enum { BNN_DENSE_STEP_BYTES = 68, BNN_DENSE_OUTPUTS = 8 };
#endif
#include "dense_count.h"
#endif
