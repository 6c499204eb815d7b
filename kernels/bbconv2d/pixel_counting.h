/* pixel_planes: numbers of 32 lanes, and adding the planes of a list to them. */
#ifndef PIXEL_COUNTING_H
#define PIXEL_COUNTING_H
#include <stdint.h>
#include "bitsliced.h"
#include "inline.h"
#include "planes.h"

enum {
    PLANES = 16,     /* room for a number's planes */
    FEW_PLANES = 11, /* planes of numbers modulo 2^m, for up to 1022 synapses */
};

#define OFFSET(r, at) "ldrh.w " #r ", [r0, #" #at "]\n\t"
#define PLANE(r) "ldr.w " #r ", [r1, " #r ", lsl #2]\n\t"
/* Eight planes; out: their eights. Eight adjacent loads take nine cycles. */
#define ADD_EIGHT(at, out)                                                            \
    OFFSET(r2, at) OFFSET(r3, at + 2) OFFSET(r10, at + 4) OFFSET(r11, at + 6)         \
    PLANE(r2) PLANE(r3) PLANE(r10) PLANE(r11)                                         \
    P_ADD_FOUR(r4, r2, r3, r10, r11)                                                  \
    OFFSET(r10, at + 8) OFFSET(r11, at + 10) OFFSET(r12, at + 12) OFFSET(lr, at + 14) \
    PLANE(r10) PLANE(r11) PLANE(r12) PLANE(lr)                                        \
    P_ADD_FOUR(r4, r10, r11, r12, lr)                                                 \
    P_ADD_TWO_PAIRS(r5, r3, r2, r11, r10) P_ADD_PAIR(out, r6, r2, r3)

/* z[0 ..] += the sum of the listed planes; `more`: of z[9 ..]. The list's length is a positive multiple of eight;
 * the loop takes 32 at a time and is entered so that the first turn takes what is left over. */
#define COUNT_BODY(more)                                                                                     \
    __asm__ volatile(                                                                                        \
        "push.w {r1, r3-r11, lr}\n\t" /* 0: end, 4: z */                                                     \
        "sub.w r12, r1, r0\n\t"                                                                              \
        "ubfx r12, r12, #4, #2\n\t"                                                                          \
        "rsb.w r10, r12, #4\n\t"                                                                             \
        "and.w r10, r10, #3\n\t"                                                                             \
        "sub.w r0, r0, r10, lsl #4\n\t"                                                                      \
        "mov.w r1, r2\n\t"                                                                                   \
        "ldm.w r3, {r4-r7}\n\t"                                                                              \
        "mov.w r8, #0\n\t"                                                                                   \
        "mov.w r9, #0\n\t"                                                                                   \
        "cmp.w r10, #1\n\t"                                                                                  \
        "beq.w 2f\n\t"                                                                                       \
        "cmp.w r10, #2\n\t"                                                                                  \
        "beq.w 3f\n\t"                                                                                       \
        "bhi.w 4f\n\t"                                                                                       \
        ".p2align 3\n"                                                                                       \
        "1:\n\t"                                                                                             \
        ADD_EIGHT(0, r8)                                                                                     \
        "2:\n\t"                                                                                             \
        ADD_EIGHT(16, r9)                                                                                    \
        P_FULL_ADD(r7, r9, r8)                                                                               \
        "3:\n\t"                                                                                             \
        ADD_EIGHT(32, r8)                                                                                    \
        "4:\n\t"                                                                                             \
        ADD_EIGHT(48, r10)                                                                                   \
        P_LOAD(r11, sp, 4)                                                                                   \
        P_FULL_ADD(r7, r10, r8)                                                                              \
        P_LOAD(r2, r11, 16) P_LOAD(r3, r11, 20) P_LOAD(r8, r11, 24) P_LOAD(r12, r11, 28) P_LOAD(lr, r11, 32) \
        P_FULL_ADD(r2, r9, r10) P_HALF_ADD(r10, r3, r9) P_HALF_ADD(r9, r8, r10) P_HALF_ADD(r10, r12, r9)     \
        more                                                                                                 \
        P_STORE(r2, r11, 16) P_STORE(r3, r11, 20) P_STORE(r8, r11, 24) P_STORE(r12, r11, 28)                 \
        P_STORE(lr, r11, 32)                                                                                 \
        "add.w r0, r0, #64\n\t"                                                                              \
        P_LOAD(r2, sp, 0)                                                                                    \
        "cmp.w r0, r2\n\t"                                                                                   \
        "bne.w 1b\n\t"                                                                                       \
        "stm.w r11, {r4-r7}\n\t"                                                                             \
        "pop.w {r1, r3-r11, pc}")
#define RIPPLE(carry_out, carry, at) P_LOAD(r8, r11, at) P_HALF_ADD(carry_out, r8, carry) P_STORE(r8, r11, at)

static __attribute__((naked, noinline)) void count_few(const uint16_t *list __attribute__((unused)),
                                                       const uint16_t *end __attribute__((unused)),
                                                       const uint32_t *planes __attribute__((unused)),
                                                       uint32_t *z __attribute__((unused)))
{
    COUNT_BODY("eor.w lr, lr, r10\n\t");
}

static __attribute__((naked, noinline)) void count_many(const uint16_t *list __attribute__((unused)),
                                                        const uint16_t *end __attribute__((unused)),
                                                        const uint32_t *planes __attribute__((unused)),
                                                        uint32_t *z __attribute__((unused)))
{
    COUNT_BODY(P_HALF_ADD(r9, lr, r10) P_STORE(r8, r11, 24) RIPPLE(r10, r9, 36) RIPPLE(r9, r10, 40) RIPPLE(r10, r9, 44)
                   RIPPLE(r9, r10, 48) RIPPLE(r10, r9, 52) P_LOAD(r8, r11, 24));
}

/* Planes 0 .. 10 are written out, for bit numbers that the compiler knows. */
#define FEW_TIMES(step) \
    step(0), step(1), step(2), step(3), step(4), step(5), step(6), step(7), step(8), step(9), step(10)

/* Set the numbers of some lanes, which are 0. */
BNN_NOINLINE void set_lanes(uint32_t *planes, uint32_t lanes, uint32_t value, int32_t m)
{
#define SET_PLANE(i) planes[i] |= lanes & (uint32_t)((int32_t)(value << (31 - (i))) >> 31)
    FEW_TIMES(SET_PLANE);
    for (int32_t i = FEW_PLANES; i < m; i++)
        planes[i] |= lanes & bnn_broadcast_bit(value, i);
}
#endif
