/* Adding the looked-up counts of two activation words to a run of pixels, where csa is a full adder: the same tables
 * and the same sums as in table_pairs_count.h, in another order. csa leaves a sum in an even register and its carry in
 * the next one, so operands that are added together are loaded side by side, and the sum stays where they were. */
#ifndef BNN_TABLE_PAIRS_CSA_H
#define BNN_TABLE_PAIRS_CSA_H
#include <stdint.h>
#include "inline.h"
#include "isa.h"
#include "planes.h"
#include "table_pairs_count.h"
#include "table_pairs_tile.h"

/* (the next register, d) = d + n + m */
#define C_FULL_ADD(d, n, m) "bnnsim_csa " #d ", " #n ", " #m "\n\t"
/* (x, s) = s + x */
#define C_HALF_ADD(s, x)               \
    "eor.w " #s ", " #s ", " #x "\n\t" \
    "bic.w " #x ", " #x ", " #s "\n\t"
#define C_INDEX(p, x, first, bits) "ubfx " #p ", " #x ", #" #first ", #" #bits "\n\t"
#define C_ADDRESS(p) "add.w " #p ", r12, " #p ", lsl #3\n\t"
#define C_PARITY_ADDRESS(p) "add.w " #p ", r12, " #p ", lsl #4\n\t"
#define C_TO_SECOND_HALF "add.w r12, r12, #4096\n\t"
#define C_TO_FIRST_HALF "sub.w r12, r12, #4096\n\t"

/* P_COUNT_PAIR with csa: 142 cycles a pixel. Ones are added once; sums of twos, fours and eights move from register to
 * register, of the five sixteens two wait on the stack. */
#define C_COUNT_PAIR(pitch, top)                                                                              \
    __asm__ volatile(                                                                                         \
        "push.w {r4-r11, lr}\n\t"                                                                             \
        "ldm.w r0, {r3-r8}\n\t"                                                                               \
        "mov.w r12, r1\n\t"                                                                                   \
        "mov.w r0, r3\n\t"                                                                                    \
        "mov.w r1, r4\n\t"                                                                                    \
        "push.w {r5-r8}\n\t"                                                                                  \
        "sub.w sp, sp, #8\n\t"                                                                                \
        ".p2align 3\n"                                                                                        \
        "1:\n\t"                                                                                              \
        P_LOAD(lr, r0, 0) P_LOAD(r4, sp, 16) P_LOAD(r8, sp, 20) P_LOAD(r3, r1, 4)                             \
        "add.w r8, r8, r0, lsr #2\n\t"                                                                        \
        "add.w r4, r8, r4, asr #2\n\t"                                                                        \
        "ldrb.w r11, [r8]\n\t"                                                                                \
        "ldrb.w r5, [r4]\n\t"                                                                                 \
        C_PARITY_ADDRESS(r11) C_PARITY_ADDRESS(r5)                                                            \
        P_LOAD(r7, r5, 512) P_LOAD(r9, r5, 516) P_LOAD(r6, r11, 0) P_LOAD(r8, r11, 4) P_LOAD(r5, r5, 520)     \
        P_LOAD(r4, r11, 8) P_LOAD(r11, r1, 8) P_LOAD(r10, r1, 12) P_LOAD(r2, r1, 16)                          \
        C_FULL_ADD(r6, r3, r7)                                                                                \
        P_STORE(r6, r1, 4)                                                                                    \
        C_FULL_ADD(r8, r11, r9)                                                                               \
        C_HALF_ADD(r8, r7)                                                                                    \
        C_FULL_ADD(r10, r9, r7) C_FULL_ADD(r4, r10, r5) C_FULL_ADD(r2, r11, r5)                               \
        P_STORE(r3, sp, 0)                                                                                    \
        /* first word, groups 0 and 1 */                                                                      \
        C_INDEX(r5, lr, 0, 7) C_INDEX(r11, lr, 7, 7)                                                          \
        C_ADDRESS(r5) C_ADDRESS(r11)                                                                          \
        P_LOAD(r6, r5, 1024) P_LOAD(r10, r5, 1028) P_LOAD(r7, r11, 2048) P_LOAD(r11, r11, 2052)               \
        C_FULL_ADD(r6, r8, r7) C_FULL_ADD(r4, r10, r11)                                                       \
        /* groups 2 and 3 */                                                                                  \
        C_INDEX(r9, lr, 14, 6) C_INDEX(r3, lr, 20, 6)                                                         \
        C_ADDRESS(r9) C_ADDRESS(r3)                                                                           \
        P_LOAD(r10, r9, 3072) P_LOAD(r8, r9, 3076) P_LOAD(r11, r3, 3584) P_LOAD(r9, r3, 3588)                 \
        C_FULL_ADD(r10, r6, r11) C_FULL_ADD(r8, r4, r9) C_FULL_ADD(r2, r5, r9)                                \
        P_STORE(r3, sp, 4)                                                                                    \
        C_FULL_ADD(r8, r7, r11)                                                                               \
        /* group 4 and the second word's group 0 */                                                           \
        C_TO_SECOND_HALF                                                                                      \
        C_INDEX(r5, lr, 26, 6)                                                                                \
        P_LOAD(r3, sp, 16)                                                                                    \
        "ldr.w lr, [r0, r3]\n\t"                                                                              \
        C_INDEX(r7, lr, 0, 7)                                                                                 \
        C_ADDRESS(r5) C_ADDRESS(r7)                                                                           \
        P_LOAD(r4, r5, 0) P_LOAD(r6, r5, 4) P_LOAD(r5, r7, 512) P_LOAD(r7, r7, 516)                           \
        C_FULL_ADD(r4, r10, r5) C_FULL_ADD(r6, r8, r7) C_FULL_ADD(r2, r9, r7)                                 \
        /* groups 1 and 2 */                                                                                  \
        C_INDEX(r10, lr, 7, 7) C_INDEX(r11, lr, 14, 6)                                                        \
        C_ADDRESS(r10) C_ADDRESS(r11)                                                                         \
        P_LOAD(r8, r10, 1536) P_LOAD(r10, r10, 1540) P_LOAD(r9, r11, 2560) P_LOAD(r11, r11, 2564)             \
        C_FULL_ADD(r8, r4, r9) C_FULL_ADD(r6, r5, r9) C_FULL_ADD(r10, r6, r11)                                \
        "mov.w r9, r3\n\t"                                                                                    \
        C_FULL_ADD(r2, r11, r7)                                                                               \
        /* groups 3 and 4 */                                                                                  \
        C_INDEX(r11, lr, 20, 6) C_INDEX(r7, lr, 26, 6)                                                        \
        C_ADDRESS(r11) C_ADDRESS(r7)                                                                          \
        P_LOAD(r4, r11, 3072) P_LOAD(r6, r11, 3076) P_LOAD(r5, r7, 3584) P_LOAD(r7, r7, 3588)                 \
        C_FULL_ADD(r4, r8, r5) C_FULL_ADD(r6, r10, r7)                                                        \
        C_HALF_ADD(r6, r5)                                                                                    \
        "mov.w r10, r3\n\t"                                                                                   \
        C_FULL_ADD(r2, r7, r5)                                                                                \
        P_STORE(r4, r1, 8) P_STORE(r6, r1, 12) P_STORE(r2, r1, 16)                                            \
        C_TO_FIRST_HALF                                                                                       \
        /* sixteens; higher planes ripple */                                                                  \
        P_LOAD(r4, sp, 0) P_LOAD(r11, sp, 4) P_LOAD(r5, r1, 20) P_LOAD(r8, r1, 24) P_LOAD(r2, r1, 28)         \
        P_LOAD(r7, r1, 32) P_LOAD(lr, r1, 36) P_LOAD(r6, r1, 40)                                              \
        C_FULL_ADD(r4, r5, r11) C_FULL_ADD(r10, r4, r9)                                                       \
        C_HALF_ADD(r10, r3)                                                                                   \
        C_FULL_ADD(r8, r5, r11)                                                                               \
        C_HALF_ADD(r8, r3)                                                                                    \
        C_FULL_ADD(r2, r9, r3)                                                                                \
        C_HALF_ADD(r7, r3) C_HALF_ADD(lr, r3)                                                                 \
        top                                                                                                   \
        P_LOAD(r5, sp, 8) P_LOAD(r3, sp, 12)                                                                  \
        P_STORE(r10, r1, 20) P_STORE(r8, r1, 24) P_STORE(r2, r1, 28) P_STORE(r7, r1, 32) P_STORE(lr, r1, 36)  \
        P_STORE(r6, r1, 40)                                                                                   \
        "add.w r0, r0, r5\n\t"                                                                                \
        "add.w r1, r1, #" #pitch "\n\t"                                                                       \
        "cmp.w r1, r3\n\t"                                                                                    \
        "bne.w 1b\n\t"                                                                                        \
        "add.w sp, sp, #24\n\t"                                                                               \
        "pop.w {r4-r11, pc}")

/* The last plane of few, and what follows it of many; r3: the carry. */
#define C_LAST_OF_FEW "eor.w r6, r6, r3\n\t"
#define C_LAST_OF_MANY                                       \
    P_LOAD(r4, r1, 44) P_LOAD(r5, r1, 48) P_LOAD(r9, r1, 52) \
    C_HALF_ADD(r6, r3) C_HALF_ADD(r4, r3) C_HALF_ADD(r5, r3) \
    "eor.w r9, r9, r3\n\t"                                   \
    P_STORE(r4, r1, 44) P_STORE(r5, r1, 48) P_STORE(r9, r1, 52)

P_DEFINE_COUNTER(bnn_count_pair_few_csa, C_COUNT_PAIR(44, C_LAST_OF_FEW))
P_DEFINE_COUNTER(bnn_count_pair_many_csa, C_COUNT_PAIR(56, C_LAST_OF_MANY))

/* As bnn_begin_pairs; single words, which only borders have, are counted without csa. */
BNN_INLINE void bnn_begin_pairs_csa(const bnn_layer *layer, bnn_pairs *s, uint32_t *memory)
{
    static const bnn_pair_counter few[] = {bnn_count_first_few, bnn_count_second_few, bnn_count_pair_few_csa};
    static const bnn_pair_counter many[] = {bnn_count_first_many, bnn_count_second_many, bnn_count_pair_many_csa};
    bnn_begin_pairs(layer, s, memory);
    s->count = s->counters.m == BNN_FEW_COUNTERS ? few : many;
}

/* The carry out of the sum of two numbers in eleven planes. */
#define C_TWO(r, s, at) "ldr.w " #r ", [%1, #" #at "]\n\tldr.w " #s ", [%2, #" #at "]\n\t"
BNN_INLINE uint32_t bnn_carry_csa(const uint32_t *z, const uint32_t *widths)
{
    register uint32_t carry __asm__("r5");
    __asm__ volatile(
        ".p2align 2\n\t"
        C_TWO(r2, r3, 0) C_TWO(r4, r5, 4) C_TWO(r6, r7, 8) C_TWO(r8, r9, 12) C_TWO(r10, r11, 16)
        "and.w r3, r3, r2\n\t"
        C_FULL_ADD(r4, r3, r5) C_FULL_ADD(r6, r5, r7) C_FULL_ADD(r8, r7, r9) C_FULL_ADD(r10, r9, r11)
        C_TWO(r2, r3, 20) C_TWO(r4, r5, 24) C_TWO(r6, r7, 28) C_TWO(r8, r9, 32)
        C_FULL_ADD(r2, r11, r3) C_FULL_ADD(r4, r3, r5) C_FULL_ADD(r6, r5, r7) C_FULL_ADD(r8, r7, r9)
        C_TWO(r2, r3, 36) C_TWO(r4, r5, 40)
        C_FULL_ADD(r2, r9, r3) C_FULL_ADD(r4, r3, r5)
        : "=&r"(carry)
        : "r"(z), "r"(widths)
        : "r2", "r3", "r4", "r6", "r7", "r8", "r9", "r10", "r11", "memory");
    return carry;
}

/* As bnn_threshold_counters. */
BNN_NOINLINE void bnn_threshold_counters_csa(const bnn_layer *layer, const bnn_counters *s, int32_t group,
                                             const uint32_t *widths)
{
    const bnn_rectangle *t = &s->tile;
    const uint32_t *z = s->counters;
    const uint32_t polarity = ~layer->polarity[group], real = bnn_real_lanes(layer, group);
    for (int32_t y = t->y0; y < t->y1; y++) {
        uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + t->x0) * layer->out_words + group;
        for (int32_t x = t->x0; x < t->x1; x++) {
            uint32_t carry = bnn_carry_csa(z, widths);
            for (int32_t i = BNN_FEW_COUNTERS; i < s->m; i++) {
                carry = bnn_majority(z[i], widths[i], carry);
                BNN_KEEP(i); /* or it is unrolled */
            }
            z += s->m;
            *out = (carry ^ polarity) & real;
            out += layer->out_words;
        }
    }
}
#endif
