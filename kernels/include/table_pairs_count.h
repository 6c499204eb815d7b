/* Adding the looked-up counts of two activation words, or of either alone, to a run of pixels. */
#ifndef BNN_TABLE_PAIRS_COUNT_H
#define BNN_TABLE_PAIRS_COUNT_H
#include <stdint.h>
#include "planes.h"

/* Assembly knows the offsets. */
typedef struct {
    const uint32_t *input; /* the (first) word of the first pixel of a run */
    uint32_t *counters;    /* that pixel's, plane 0 first */
    uint32_t input_step;   /* bytes from one pixel to the next */
    uint32_t *end;         /* counters behind the run */
    uint32_t apart;        /* bytes from the first word of a pair to the second */
    uint32_t parities;     /* address of the word at address 0: an address shifted right by two is added */
} bnn_pair_run;

#define P_INDEX(p, first, bits) "ubfx " #p ", r3, #" #first ", #" #bits "\n\t"
#define P_ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #3\n\t"
#define P_PARITY_ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #4\n\t"
#define P_TO_SECOND_HALF "add.w r2, r2, #4096\n\t"
#define P_TO_FIRST_HALF "sub.w r2, r2, #4096\n\t"

/* Leaves on the stack, at 0 and 4: room for two carries, 8: input_step, 12: end, 16: apart, 20: parities. */
#define P_BEGIN_RUN           \
    "push.w {r4-r11, lr}\n\t" \
    "ldm.w r0, {r3-r8}\n\t"   \
    "mov.w r2, r1\n\t"        \
    "mov.w r0, r3\n\t"        \
    "mov.w r1, r4\n\t"        \
    "push.w {r5-r8}\n\t"      \
    "sub.w sp, sp, #8\n\t"    \
    ".p2align 3\n"            \
    "1:\n\t"
#define P_END_RUN(pitch)            \
    "add.w r0, r0, r8\n\t"          \
    "add.w r1, r1, #" #pitch "\n\t" \
    "cmp.w r1, r9\n\t"              \
    "bne.w 1b\n\t"                  \
    "add.w sp, sp, #24\n\t"         \
    "pop.w {r4-r11, pc}"

/* For each pixel of a run add the counts of two activation words to its planes 1 .. 10 (or 13). */
#define P_COUNT_PAIR(pitch, top)                                                                              \
    __asm__ volatile(                                                                                         \
        P_BEGIN_RUN                                                                                           \
        P_LOAD(r3, r0, 0) P_LOAD(r11, sp, 16) P_LOAD(r12, sp, 20)                                             \
        P_LOAD(r4, r1, 4) P_LOAD(r5, r1, 8) P_LOAD(r6, r1, 12) P_LOAD(r7, r1, 16)                             \
        "add.w r12, r12, r0, lsr #2\n\t"                                                                      \
        "add.w r11, r12, r11, asr #2\n\t"                                                                     \
        "ldrb.w r8, [r12]\n\t"                                                                                \
        "ldrb.w r9, [r11]\n\t"                                                                                \
        P_PARITY_ADDRESS(r8) P_PARITY_ADDRESS(r9)                                                             \
        P_LOAD(r10, r8, 0) P_LOAD(r11, r8, 4) P_LOAD(r8, r8, 8)                                               \
        P_LOAD(r12, r9, 512) P_LOAD(lr, r9, 516) P_LOAD(r9, r9, 520)                                          \
        P_FULL_ADD(r4, r10, r12) P_FULL_ADD(r5, r11, lr) P_HALF_ADD(r12, r5, r10)                             \
        P_ADD_FOUR(r6, r9, r8, r11, r12) P_ADD_PAIR(r8, r7, r8, r9)                                           \
        P_STORE(r8, sp, 0)                                                                                    \
        /* first word, groups 0 and 1 */                                                                      \
        P_INDEX(r8, 0, 7) P_INDEX(r9, 7, 7) P_ADDRESS(r8) P_ADDRESS(r9)                                       \
        P_LOAD(r10, r8, 1024) P_LOAD(r8, r8, 1028) P_LOAD(r11, r9, 2048) P_LOAD(r9, r9, 2052)                 \
        P_FULL_ADD(r5, r10, r11) P_FULL_ADD(r6, r8, r9)                                                       \
        /* groups 2 and 3; pending: r10 fours, r8 eights */                                                   \
        P_INDEX(r9, 14, 6) P_INDEX(r11, 20, 6) P_ADDRESS(r9) P_ADDRESS(r11)                                   \
        P_LOAD(r12, r9, 3072) P_LOAD(r9, r9, 3076) P_LOAD(lr, r11, 3584) P_LOAD(r11, r11, 3588)               \
        P_FULL_ADD(r5, r12, lr) P_ADD_FOUR(r6, r9, r11, r10, r12) P_ADD_PAIR(r11, r7, r11, r9)                \
        P_STORE(r11, sp, 4)                                                                                   \
        /* group 4 and the second word's group 0; pending: r8 eights */                                       \
        P_TO_SECOND_HALF                                                                                      \
        P_INDEX(r10, 26, 6)                                                                                   \
        P_LOAD(r9, sp, 16)                                                                                    \
        P_ADDRESS(r10)                                                                                        \
        "ldr.w r3, [r0, r9]\n\t"                                                                              \
        P_LOAD(r12, r10, 0) P_LOAD(r10, r10, 4)                                                               \
        P_INDEX(r9, 0, 7) P_ADDRESS(r9)                                                                       \
        P_LOAD(r11, r9, 512) P_LOAD(r9, r9, 516)                                                              \
        P_FULL_ADD(r5, r12, r11) P_FULL_ADD(r6, r10, r9) P_FULL_ADD(r7, r8, r10)                              \
        /* groups 1 and 2; pending: r12 fours, r8 sixteens */                                                 \
        P_INDEX(r9, 7, 7) P_INDEX(r10, 14, 6) P_ADDRESS(r9) P_ADDRESS(r10)                                    \
        P_LOAD(r11, r9, 1536) P_LOAD(r9, r9, 1540) P_LOAD(lr, r10, 2560) P_LOAD(r10, r10, 2564)               \
        P_FULL_ADD(r5, r11, lr) P_ADD_FOUR(r6, r10, r9, r12, r11) P_ADD_PAIR(r9, r7, r9, r10)                 \
        /* groups 3 and 4; pending: r8, r9 sixteens */                                                        \
        P_INDEX(r10, 20, 6) P_INDEX(r3, 26, 6) P_ADDRESS(r10) P_ADDRESS(r3)                                   \
        P_LOAD(r11, r10, 3072) P_LOAD(r10, r10, 3076) P_LOAD(r12, r3, 3584) P_LOAD(r3, r3, 3588)              \
        P_FULL_ADD(r5, r11, r12) P_FULL_ADD(r6, r10, r3) P_HALF_ADD(r12, r6, r11) P_SUM(r7, r10, r12)         \
        P_STORE(r4, r1, 4) P_STORE(r5, r1, 8) P_STORE(r6, r1, 12) P_STORE(r7, r1, 16)                         \
        P_CARRY(r7, r10)                                                                                      \
        P_TO_FIRST_HALF                                                                                       \
        /* sixteens: r8, r9, r10, r3, r4; higher planes ripple */                                             \
        P_LOAD(r3, sp, 0) P_LOAD(r4, sp, 4)                                                                   \
        P_LOAD(r5, r1, 20) P_LOAD(r6, r1, 24) P_LOAD(r7, r1, 28) P_LOAD(r11, r1, 32) P_LOAD(r12, r1, 36)      \
        P_LOAD(lr, r1, 40)                                                                                    \
        P_ADD_FOUR(r5, r9, r8, r10, r3) P_HALF_ADD(r3, r5, r4)                                                \
        P_ADD_PAIR(r8, r6, r8, r9) P_HALF_ADD(r10, r6, r3)                                                    \
        P_FULL_ADD(r7, r8, r10) P_HALF_ADD(r10, r11, r8) P_HALF_ADD(r9, r12, r10)                             \
        top                                                                                                   \
        P_LOAD(r8, sp, 8) P_LOAD(r9, sp, 12)                                                                  \
        P_STORE(r5, r1, 20) P_STORE(r6, r1, 24) P_STORE(r7, r1, 28) P_STORE(r11, r1, 32) P_STORE(r12, r1, 36) \
        P_STORE(lr, r1, 40)                                                                                   \
        P_END_RUN(pitch))

/* The same for one word. Where its tables are, and when the table pointer moves, are arguments. */
#define P_COUNT_ONE(ones, twos, fours, early, g0, g1, g2, g3, late, g4, pitch, top)                           \
    __asm__ volatile(                                                                                         \
        P_BEGIN_RUN                                                                                           \
        P_LOAD(r3, r0, 0) P_LOAD(r12, sp, 20)                                                                 \
        P_LOAD(r4, r1, 4) P_LOAD(r5, r1, 8) P_LOAD(r6, r1, 12) P_LOAD(r7, r1, 16)                             \
        "add.w r12, r12, r0, lsr #2\n\t"                                                                      \
        "ldrb.w r8, [r12]\n\t"                                                                                \
        P_PARITY_ADDRESS(r8)                                                                                  \
        P_LOAD(r10, r8, ones) P_LOAD(r11, r8, twos) P_LOAD(r8, r8, fours)                                     \
        P_HALF_ADD(r12, r4, r10) P_FULL_ADD(r5, r11, r12) P_FULL_ADD(r6, r8, r11)                             \
        early                                                                                                 \
        P_INDEX(r9, 0, 7) P_INDEX(r10, 7, 7) P_ADDRESS(r9) P_ADDRESS(r10)                                     \
        P_LOAD(r11, r9, g0) P_LOAD(r9, r9, g0 + 4) P_LOAD(r12, r10, g1) P_LOAD(r10, r10, g1 + 4)              \
        P_FULL_ADD(r5, r11, r12) P_FULL_ADD(r6, r9, r10) P_FULL_ADD(r7, r8, r9)                               \
        /* pending: r11 fours, r8 sixteens */                                                                 \
        P_INDEX(r9, 14, 6) P_INDEX(r10, 20, 6) P_ADDRESS(r9) P_ADDRESS(r10)                                   \
        P_LOAD(r12, r9, g2) P_LOAD(r9, r9, g2 + 4) P_LOAD(lr, r10, g3) P_LOAD(r10, r10, g3 + 4)               \
        P_FULL_ADD(r5, r12, lr) P_FULL_ADD(r6, r9, r10) P_FULL_ADD(r6, r11, r12) P_FULL_ADD(r7, r9, r11)      \
        /* pending: r8, r9 sixteens */                                                                        \
        late                                                                                                  \
        P_INDEX(r3, 26, 6) P_ADDRESS(r3)                                                                      \
        P_LOAD(r10, r3, g4) P_LOAD(r3, r3, g4 + 4)                                                            \
        P_HALF_ADD(r11, r5, r10) P_FULL_ADD(r6, r3, r11)                                                      \
        "and.w r10, r7, r3\n\t"                                                                               \
        "eor.w r7, r7, r3\n\t"                                                                                \
        P_STORE(r4, r1, 4) P_STORE(r5, r1, 8) P_STORE(r6, r1, 12) P_STORE(r7, r1, 16)                         \
        P_TO_FIRST_HALF                                                                                       \
        P_LOAD(r5, r1, 20) P_LOAD(r6, r1, 24) P_LOAD(r7, r1, 28) P_LOAD(r11, r1, 32) P_LOAD(r12, r1, 36)      \
        P_LOAD(lr, r1, 40)                                                                                    \
        P_FULL_ADD(r5, r8, r9) P_HALF_ADD(r9, r5, r10)                                                        \
        P_FULL_ADD(r6, r8, r9) P_HALF_ADD(r9, r7, r8) P_HALF_ADD(r10, r11, r9) P_HALF_ADD(r9, r12, r10)       \
        top                                                                                                   \
        P_LOAD(r8, sp, 8) P_LOAD(r9, sp, 12)                                                                  \
        P_STORE(r5, r1, 20) P_STORE(r6, r1, 24) P_STORE(r7, r1, 28) P_STORE(r11, r1, 32) P_STORE(r12, r1, 36) \
        P_STORE(lr, r1, 40)                                                                                   \
        P_END_RUN(pitch))
#define P_COUNT_FIRST(pitch, top) \
    P_COUNT_ONE(0, 4, 8, "", 1024, 2048, 3072, 3584, P_TO_SECOND_HALF, 0, pitch, top)
#define P_COUNT_SECOND(pitch, top) \
    P_COUNT_ONE(512, 516, 520, P_TO_SECOND_HALF, 512, 1536, 2560, 3072, "", 3584, pitch, top)

#define P_LAST_OF_FEW "eor.w lr, lr, r9\n\t"
#define P_LAST_OF_MANY                                                      \
    P_LOAD(r3, r1, 44) P_LOAD(r4, r1, 48) P_LOAD(r8, r1, 52)                \
    P_HALF_ADD(r10, lr, r9) P_HALF_ADD(r9, r3, r10) P_HALF_ADD(r10, r4, r9) \
    "eor.w r8, r8, r10\n\t"                                                 \
    P_STORE(r3, r1, 44) P_STORE(r4, r1, 48) P_STORE(r8, r1, 52)

typedef void (*bnn_pair_counter)(const bnn_pair_run *r, const uint32_t *tables);
#define P_DEFINE_COUNTER(name, body)                                                                   \
    static __attribute__((naked, noinline, unused)) void name(                                         \
        const bnn_pair_run *r __attribute__((unused)), const uint32_t *tables __attribute__((unused))) \
    {                                                                                                  \
        body;                                                                                          \
    }
P_DEFINE_COUNTER(bnn_count_first_few, P_COUNT_FIRST(44, P_LAST_OF_FEW))
P_DEFINE_COUNTER(bnn_count_second_few, P_COUNT_SECOND(44, P_LAST_OF_FEW))
P_DEFINE_COUNTER(bnn_count_pair_few, P_COUNT_PAIR(44, P_LAST_OF_FEW))
P_DEFINE_COUNTER(bnn_count_first_many, P_COUNT_FIRST(56, P_LAST_OF_MANY))
P_DEFINE_COUNTER(bnn_count_second_many, P_COUNT_SECOND(56, P_LAST_OF_MANY))
P_DEFINE_COUNTER(bnn_count_pair_many, P_COUNT_PAIR(56, P_LAST_OF_MANY))
enum { P_FIRST, P_SECOND, P_PAIR };
#endif
