/* Dense binary layers on cores with DSP instructions: differing bits of two runs of words, by carry-save adders. */
#ifndef BNN_DENSE_DSP_H
#define BNN_DENSE_DSP_H
#include <stdint.h>
#include "planes.h"

/* Four words of both runs, nine cycles; to ones and twos. Their fours are left in r2. */
#define BNN_DSP_ADD_FOUR                                                               \
    "ldr.w r3, [r0, #4]\n\tldr.w r4, [r0, #8]\n\tldr.w r5, [r0, #12]\n\t"              \
    "ldr.w r7, [r1, #4]\n\tldr.w r8, [r1, #8]\n\tldr.w r9, [r1, #12]\n\t"              \
    "ldr.w r2, [r0], #16\n\tldr.w r6, [r1], #16\n\t"                                   \
    "eor.w r3, r3, r7\n\teor.w r4, r4, r8\n\teor.w r5, r5, r9\n\teor.w r2, r2, r6\n\t" \
    P_FULL_ADD(r10, r2, r3) P_FULL_ADD(r10, r4, r5) P_FULL_ADD(r11, r2, r4)
/* Counts of set bits per two and per four bits. */
#define BNN_DSP_NIBBLES(x)                                         \
    "and.w r5, r2, " #x ", lsr #1\n\tsub.w " #x ", " #x ", r5\n\t" \
    "and.w r5, r3, " #x ", lsr #2\n\tand.w " #x ", " #x ", r3\n\tadd.w " #x ", " #x ", r5\n\t"
#define BNN_DSP_BYTES(x) "and.w r5, r4, " #x ", lsr #4\n\tand.w " #x ", " #x ", r4\n\tadd.w " #x ", " #x ", r5\n\t"
#define BNN_DSP_MASKS \
    "mov.w r2, #0x55555555\n\tmov.w r3, #0x33333333\n\tmov.w r4, #0x0f0f0f0f\n\t"

/* popcount(a ^ w) over `words` words, at least one. r10 to r12, lr: ones, twos, fours, eights. What sixteen words leave
 * comes first; then each sixteen leave one word of sixteens, whose count USADA8 adds up. On the stack: two pending
 * carries, blocks, sixteens. */
static __attribute__((naked, noinline)) uint32_t bnn_count_differences(const uint32_t *a __attribute__((unused)),
                                                                       const uint32_t *w __attribute__((unused)),
                                                                       uint32_t words __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "sub.w sp, sp, #20\n\t"
        "mov.w r10, #0\n\tmov.w r11, #0\n\tmov.w r12, #0\n\tmov.w lr, #0\n\t"
        "str.w r12, [sp, #12]\n\t"
        "str.w r2, [sp, #8]\n\t"
        "ands.w r7, r2, #3\n\t"
        "beq.w 2f\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldr.w r4, [r0], #4\n\t"
        "ldr.w r3, [r1], #4\n\t"
        "eor.w r4, r4, r3\n\t"
        P_HALF_ADD(r3, r10, r4)
        "eor.w r11, r11, r3\n\t"
        "subs.w r7, r7, #1\n\t"
        "bne.w 1b\n"
        "2:\n\t"
        "tst.w r2, #4\n\t"
        "beq.w 3f\n\t"
        BNN_DSP_ADD_FOUR
        "mov.w r12, r2\n"
        "3:\n\t"
        "ldr.w r2, [sp, #8]\n\t"
        "tst.w r2, #8\n\t"
        "beq.w 4f\n\t"
        BNN_DSP_ADD_FOUR
        "str.w r2, [sp]\n\t"
        BNN_DSP_ADD_FOUR
        "ldr.w r3, [sp]\n\t"
        P_FULL_ADD(r12, r2, r3)
        "mov.w lr, r2\n"
        "4:\n\t"
        "ldr.w r2, [sp, #8]\n\t"
        "lsrs.w r2, r2, #4\n\t"
        "beq.w 6f\n\t"
        ".p2align 3\n"
        "5:\n\t"
        "str.w r2, [sp, #8]\n\t"
        BNN_DSP_ADD_FOUR
        "str.w r2, [sp]\n\t"
        BNN_DSP_ADD_FOUR
        "ldr.w r3, [sp]\n\t"
        P_FULL_ADD(r12, r2, r3)
        "str.w r2, [sp, #4]\n\t"
        BNN_DSP_ADD_FOUR
        "str.w r2, [sp]\n\t"
        BNN_DSP_ADD_FOUR
        "ldr.w r3, [sp]\n\t"
        "ldr.w r6, [sp, #4]\n\t"
        "ldr.w r7, [sp, #12]\n\t"
        "ldr.w r8, [sp, #8]\n\t"
        P_FULL_ADD(r12, r2, r3) P_FULL_ADD(lr, r2, r6)
        "mov.w r6, r2\n\t"
        BNN_DSP_MASKS
        BNN_DSP_NIBBLES(r6) BNN_DSP_BYTES(r6)
        "mov.w r5, #0\n\t"
        "usada8 r7, r6, r5, r7\n\t"
        "str.w r7, [sp, #12]\n\t"
        "subs.w r2, r8, #1\n\t"
        "bne.w 5b\n"
        "6:\n\t"
        "ldr.w r8, [sp, #12]\n\t"
        BNN_DSP_MASKS
        BNN_DSP_NIBBLES(r10) BNN_DSP_NIBBLES(r11) BNN_DSP_NIBBLES(r12) BNN_DSP_NIBBLES(lr)
        "add.w r10, r10, r11, lsl #1\n\t" /* at most 12 in four bits */
        "add.w r12, r12, lr, lsl #1\n\t"
        BNN_DSP_BYTES(r10) BNN_DSP_BYTES(r12)
        "add.w r10, r10, r12, lsl #2\n\t" /* at most 120 in a byte */
        "mov.w r5, #0\n\t"
        "lsl.w r8, r8, #4\n\t"
        "usada8 r0, r10, r5, r8\n\t"
        "add.w sp, sp, #20\n\t"
        "pop.w {r4-r11, pc}");
}
#endif
