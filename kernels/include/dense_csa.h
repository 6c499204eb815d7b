/* Dense binary layers where csa is a full adder: differing bits of two runs of words. */
#ifndef BNN_DENSE_CSA_H
#define BNN_DENSE_CSA_H
#include <stdint.h>
#include "isa.h"

#define D_CSA(d, n, m) "bnnsim_csa " #d ", " #n ", " #m "\n\t"
/* Two words of both runs, five cycles, to x and the register behind it; with the ones in `ones` they leave their sum in
 * x, the new ones, and their twos in y. */
#define D_ADD_TWO(x, y, ones)                                                                  \
    "ldr.w " #y ", [r0, #4]\n\tldr.w lr, [r1, #4]\n\t"                                         \
    "ldr.w " #x ", [r0], #8\n\tldr.w r12, [r1], #8\n\t"                                        \
    "eor.w " #y ", " #y ", lr\n\teor.w " #x ", " #x ", r12\n\t"                                \
    D_CSA(x, ones, y)
/* Counts of set bits per four bits and per byte; r2, r3, r12: masks. */
#define D_NIBBLES(x)                                                                           \
    "and.w r5, r2, " #x ", lsr #1\n\tsub.w " #x ", " #x ", r5\n\t"                             \
    "and.w r5, r3, " #x ", lsr #2\n\tand.w " #x ", " #x ", r3\n\tadd.w " #x ", " #x ", r5\n\t"
#define D_BYTES(x) "and.w r5, r12, " #x ", lsr #4\n\tand.w " #x ", " #x ", r12\n\tadd.w " #x ", " #x ", r5\n\t"

/* popcount(a ^ w) over `words` words. r4, r6, r8, r10: ones, twos, fours, eights; r9, r11: pending fours, eights; on
 * the stack: end of a, count of sixteens. Sixteen words leave one word of sixteens. The first turn takes what is left
 * over: it enters where that many words follow, all that is pending being 0; an odd word is where the ones start. */
static __attribute__((naked, noinline)) uint32_t bnn_count_differences_csa(const uint32_t *a __attribute__((unused)),
                                                                           const uint32_t *w __attribute__((unused)),
                                                                           uint32_t words __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "add.w r12, r0, r2, lsl #2\n\t"
        "sub.w sp, sp, #12\n\t"
        "ubfx r5, r2, #1, #3\n\t"
        "mov.w r4, #0\n\t"
        "str.w r12, [sp]\n\t"
        "str.w r4, [sp, #4]\n\t"
        "tst.w r2, #1\n\t"
        "beq.w 1f\n\t"
        "ldr.w r4, [r0], #4\n\t"
        "ldr.w r3, [r1], #4\n\t"
        "eor.w r4, r4, r3\n"
        "1:\n\t"
        "mov.w r2, r4\n\t"
        "mov.w r3, #0\n\tmov.w r6, #0\n\tmov.w r8, #0\n\tmov.w r9, #0\n\tmov.w r10, #0\n\tmov.w r11, #0\n\t"
        "cmp.w r0, r12\n\t"
        "beq.w 19f\n\t"
        "tbb [pc, r5]\n"
        "2: .byte (11f - 2b) / 2, (18f - 2b) / 2, (17f - 2b) / 2, (16f - 2b) / 2\n\t"
        ".byte (15f - 2b) / 2, (14f - 2b) / 2, (13f - 2b) / 2, (12f - 2b) / 2\n\t"
        ".p2align 3\n"
        "11:\n\t" D_ADD_TWO(r2, r3, r4)
        "12:\n\t" D_ADD_TWO(r4, r5, r2)
        D_CSA(r6, r3, r5)
        "mov.w r9, r7\n"
        "13:\n\t" D_ADD_TWO(r2, r3, r4)
        "14:\n\t" D_ADD_TWO(r4, r5, r2)
        D_CSA(r6, r3, r5) D_CSA(r8, r9, r7)
        "mov.w r11, r9\n"
        "15:\n\t" D_ADD_TWO(r2, r3, r4)
        "16:\n\t" D_ADD_TWO(r4, r5, r2)
        D_CSA(r6, r3, r5)
        "mov.w r9, r7\n"
        "17:\n\t" D_ADD_TWO(r2, r3, r4)
        "18:\n\t" D_ADD_TWO(r4, r5, r2)
        "ldr.w r12, [sp]\n\t"
        "ldr.w lr, [sp, #4]\n\t"
        D_CSA(r6, r3, r5) D_CSA(r8, r9, r7) D_CSA(r10, r11, r9)
        "lsr.w r5, r11, #1\n\tand.w r5, r5, #0x55555555\n\tsub.w r11, r11, r5\n\t"
        "and.w r5, r11, #0x33333333\n\tbic.w r11, r11, #0x33333333\n\tadd.w r11, r5, r11, lsr #2\n\t"
        "add.w r11, r11, r11, lsr #4\n\tand.w r11, r11, #0x0f0f0f0f\n\t"
        "mov.w r5, #0x01010101\n\tmul r11, r11, r5\n\t"
        "add.w lr, lr, r11, lsr #24\n\t"
        "str.w lr, [sp, #4]\n\t"
        "cmp.w r0, r12\n\t"
        "bne.w 11b\n"
        "19:\n\t"
        "ldr.w r9, [sp, #4]\n\t"
        "mov.w r2, #0x55555555\n\tmov.w r3, #0x33333333\n\tmov.w r12, #0x0f0f0f0f\n\t"
        D_NIBBLES(r4) D_NIBBLES(r6) D_NIBBLES(r8) D_NIBBLES(r10)
        "add.w r4, r4, r6, lsl #1\n\t" /* at most 12 in four bits */
        "add.w r8, r8, r10, lsl #1\n\t"
        D_BYTES(r4) D_BYTES(r8)
        "add.w r4, r4, r8, lsl #2\n\t" /* at most 120 in a byte */
        "and.w r5, r4, #0x00ff00ff\n\tbic.w r4, r4, #0x00ff00ff\n\tadd.w r4, r5, r4, lsr #8\n\t"
        "add.w r4, r4, r4, lsr #16\n\t"
        "uxth.w r4, r4\n\t"
        "add.w r0, r4, r9, lsl #4\n\t"
        "add.w sp, sp, #12\n\t"
        "pop.w {r4-r11, pc}");
}
#endif
