/* bitsliced_pairs: adding the looked-up counts of two activation words, or of either alone, to a run of pixels. */
#ifndef PAIR_COUNTING_H
#define PAIR_COUNTING_H
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
} run;

#define INDEX(p, first, bits) "ubfx " #p ", r3, #" #first ", #" #bits "\n\t"
#define ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #3\n\t"
#define PARITY_ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #4\n\t"
#define TO_SECOND_HALF "add.w r2, r2, #4096\n\t"
#define TO_FIRST_HALF "sub.w r2, r2, #4096\n\t"

/* Leaves on the stack, at 0 and 4: room for two carries, 8: input_step, 12: end, 16: apart, 20: parities. */
#define BEGIN_RUN                \
    "push.w {r4-r11, lr}\n\t"    \
    "ldm.w r0, {r3-r8}\n\t"      \
    "mov.w r2, r1\n\t"           \
    "mov.w r0, r3\n\t"           \
    "mov.w r1, r4\n\t"           \
    "push.w {r5-r8}\n\t"         \
    "sub.w sp, sp, #8\n\t"       \
    ".p2align 3\n"               \
    "1:\n\t"
#define END_RUN(pitch)                       \
    "add.w r0, r0, r8\n\t"                   \
    "add.w r1, r1, #" #pitch "\n\t"          \
    "cmp.w r1, r9\n\t"                       \
    "bne.w 1b\n\t"                           \
    "add.w sp, sp, #24\n\t"                  \
    "pop.w {r4-r11, pc}"

/* For each pixel of a run add the counts of two activation words to its planes 1 .. 10 (or 13). */
#define COUNT_PAIR(pitch, top)                                                                             \
    __asm__ volatile(                                                                                      \
        BEGIN_RUN                                                                                          \
        LOAD(r3, r0, 0) LOAD(r11, sp, 16) LOAD(r12, sp, 20)                                                \
        LOAD(r4, r1, 4) LOAD(r5, r1, 8) LOAD(r6, r1, 12) LOAD(r7, r1, 16)                                  \
        "add.w r12, r12, r0, lsr #2\n\t"                                                                   \
        "add.w r11, r12, r11, asr #2\n\t"                                                                  \
        "ldrb.w r8, [r12]\n\t"                                                                             \
        "ldrb.w r9, [r11]\n\t"                                                                             \
        PARITY_ADDRESS(r8) PARITY_ADDRESS(r9)                                                              \
        LOAD(r10, r8, 0) LOAD(r11, r8, 4) LOAD(r8, r8, 8)                                                  \
        LOAD(r12, r9, 512) LOAD(lr, r9, 516) LOAD(r9, r9, 520)                                             \
        FULL_ADD(r4, r10, r12) FULL_ADD(r5, r11, lr) HALF_ADD(r12, r5, r10)                                \
        ADD_FOUR(r6, r9, r8, r11, r12) ADD_PAIR(r8, r7, r8, r9)                                            \
        STORE(r8, sp, 0)                                                                                   \
        /* first word, groups 0 and 1 */                                                                   \
        INDEX(r8, 0, 7) INDEX(r9, 7, 7) ADDRESS(r8) ADDRESS(r9)                                            \
        LOAD(r10, r8, 1024) LOAD(r8, r8, 1028) LOAD(r11, r9, 2048) LOAD(r9, r9, 2052)                      \
        FULL_ADD(r5, r10, r11) FULL_ADD(r6, r8, r9)                                                        \
        /* groups 2 and 3; pending: r10 fours, r8 eights */                                                \
        INDEX(r9, 14, 6) INDEX(r11, 20, 6) ADDRESS(r9) ADDRESS(r11)                                        \
        LOAD(r12, r9, 3072) LOAD(r9, r9, 3076) LOAD(lr, r11, 3584) LOAD(r11, r11, 3588)                    \
        FULL_ADD(r5, r12, lr) ADD_FOUR(r6, r9, r11, r10, r12) ADD_PAIR(r11, r7, r11, r9)                   \
        STORE(r11, sp, 4)                                                                                  \
        /* group 4 and the second word's group 0; pending: r8 eights */                                    \
        TO_SECOND_HALF                                                                                     \
        INDEX(r10, 26, 6)                                                                                  \
        LOAD(r9, sp, 16)                                                                                   \
        ADDRESS(r10)                                                                                       \
        "ldr.w r3, [r0, r9]\n\t"                                                                           \
        LOAD(r12, r10, 0) LOAD(r10, r10, 4)                                                                \
        INDEX(r9, 0, 7) ADDRESS(r9)                                                                        \
        LOAD(r11, r9, 512) LOAD(r9, r9, 516)                                                               \
        FULL_ADD(r5, r12, r11) FULL_ADD(r6, r10, r9) FULL_ADD(r7, r8, r10)                                 \
        /* groups 1 and 2; pending: r12 fours, r8 sixteens */                                              \
        INDEX(r9, 7, 7) INDEX(r10, 14, 6) ADDRESS(r9) ADDRESS(r10)                                         \
        LOAD(r11, r9, 1536) LOAD(r9, r9, 1540) LOAD(lr, r10, 2560) LOAD(r10, r10, 2564)                    \
        FULL_ADD(r5, r11, lr) ADD_FOUR(r6, r10, r9, r12, r11) ADD_PAIR(r9, r7, r9, r10)                    \
        /* groups 3 and 4; pending: r8, r9 sixteens */                                                     \
        INDEX(r10, 20, 6) INDEX(r3, 26, 6) ADDRESS(r10) ADDRESS(r3)                                        \
        LOAD(r11, r10, 3072) LOAD(r10, r10, 3076) LOAD(r12, r3, 3584) LOAD(r3, r3, 3588)                   \
        FULL_ADD(r5, r11, r12) FULL_ADD(r6, r10, r3) HALF_ADD(r12, r6, r11) SUM(r7, r10, r12)              \
        STORE(r4, r1, 4) STORE(r5, r1, 8) STORE(r6, r1, 12) STORE(r7, r1, 16)                              \
        CARRY(r7, r10)                                                                                     \
        TO_FIRST_HALF                                                                                      \
        /* sixteens: r8, r9, r10, r3, r4; higher planes ripple */                                          \
        LOAD(r3, sp, 0) LOAD(r4, sp, 4)                                                                    \
        LOAD(r5, r1, 20) LOAD(r6, r1, 24) LOAD(r7, r1, 28) LOAD(r11, r1, 32) LOAD(r12, r1, 36)             \
        LOAD(lr, r1, 40)                                                                                   \
        ADD_FOUR(r5, r9, r8, r10, r3) HALF_ADD(r3, r5, r4)                                                 \
        ADD_PAIR(r8, r6, r8, r9) HALF_ADD(r10, r6, r3)                                                     \
        FULL_ADD(r7, r8, r10) HALF_ADD(r10, r11, r8) HALF_ADD(r9, r12, r10)                                \
        top                                                                                                \
        LOAD(r8, sp, 8) LOAD(r9, sp, 12)                                                                   \
        STORE(r5, r1, 20) STORE(r6, r1, 24) STORE(r7, r1, 28) STORE(r11, r1, 32) STORE(r12, r1, 36)        \
        STORE(lr, r1, 40)                                                                                  \
        END_RUN(pitch))

/* The same for one word. Where its tables are, and when the table pointer moves, are arguments. */
#define COUNT_ONE(ones, twos, fours, early, g0, g1, g2, g3, late, g4, pitch, top)                          \
    __asm__ volatile(                                                                                      \
        BEGIN_RUN                                                                                          \
        LOAD(r3, r0, 0) LOAD(r12, sp, 20)                                                                  \
        LOAD(r4, r1, 4) LOAD(r5, r1, 8) LOAD(r6, r1, 12) LOAD(r7, r1, 16)                                  \
        "add.w r12, r12, r0, lsr #2\n\t"                                                                   \
        "ldrb.w r8, [r12]\n\t"                                                                             \
        PARITY_ADDRESS(r8)                                                                                 \
        LOAD(r10, r8, ones) LOAD(r11, r8, twos) LOAD(r8, r8, fours)                                        \
        HALF_ADD(r12, r4, r10) FULL_ADD(r5, r11, r12) FULL_ADD(r6, r8, r11)                                \
        early                                                                                              \
        INDEX(r9, 0, 7) INDEX(r10, 7, 7) ADDRESS(r9) ADDRESS(r10)                                          \
        LOAD(r11, r9, g0) LOAD(r9, r9, g0 + 4) LOAD(r12, r10, g1) LOAD(r10, r10, g1 + 4)                   \
        FULL_ADD(r5, r11, r12) FULL_ADD(r6, r9, r10) FULL_ADD(r7, r8, r9)                                  \
        /* pending: r11 fours, r8 sixteens */                                                              \
        INDEX(r9, 14, 6) INDEX(r10, 20, 6) ADDRESS(r9) ADDRESS(r10)                                        \
        LOAD(r12, r9, g2) LOAD(r9, r9, g2 + 4) LOAD(lr, r10, g3) LOAD(r10, r10, g3 + 4)                    \
        FULL_ADD(r5, r12, lr) FULL_ADD(r6, r9, r10) FULL_ADD(r6, r11, r12) FULL_ADD(r7, r9, r11)           \
        /* pending: r8, r9 sixteens */                                                                     \
        late                                                                                               \
        INDEX(r3, 26, 6) ADDRESS(r3)                                                                       \
        LOAD(r10, r3, g4) LOAD(r3, r3, g4 + 4)                                                             \
        HALF_ADD(r11, r5, r10) FULL_ADD(r6, r3, r11)                                                       \
        "and.w r10, r7, r3\n\t"                                                                            \
        "eor.w r7, r7, r3\n\t"                                                                             \
        STORE(r4, r1, 4) STORE(r5, r1, 8) STORE(r6, r1, 12) STORE(r7, r1, 16)                              \
        TO_FIRST_HALF                                                                                      \
        LOAD(r5, r1, 20) LOAD(r6, r1, 24) LOAD(r7, r1, 28) LOAD(r11, r1, 32) LOAD(r12, r1, 36)             \
        LOAD(lr, r1, 40)                                                                                   \
        FULL_ADD(r5, r8, r9) HALF_ADD(r9, r5, r10)                                                         \
        FULL_ADD(r6, r8, r9) HALF_ADD(r9, r7, r8) HALF_ADD(r10, r11, r9) HALF_ADD(r9, r12, r10)            \
        top                                                                                                \
        LOAD(r8, sp, 8) LOAD(r9, sp, 12)                                                                   \
        STORE(r5, r1, 20) STORE(r6, r1, 24) STORE(r7, r1, 28) STORE(r11, r1, 32) STORE(r12, r1, 36)        \
        STORE(lr, r1, 40)                                                                                  \
        END_RUN(pitch))
#define COUNT_FIRST(pitch, top) \
    COUNT_ONE(0, 4, 8, "", 1024, 2048, 3072, 3584, TO_SECOND_HALF, 0, pitch, top)
#define COUNT_SECOND(pitch, top) \
    COUNT_ONE(512, 516, 520, TO_SECOND_HALF, 512, 1536, 2560, 3072, "", 3584, pitch, top)

#define LAST_OF_FEW "eor.w lr, lr, r9\n\t"
#define LAST_OF_MANY                                                                                       \
    LOAD(r3, r1, 44) LOAD(r4, r1, 48) LOAD(r8, r1, 52)                                                     \
    HALF_ADD(r10, lr, r9) HALF_ADD(r9, r3, r10) HALF_ADD(r10, r4, r9)                                      \
    "eor.w r8, r8, r10\n\t"                                                                                \
    STORE(r3, r1, 44) STORE(r4, r1, 48) STORE(r8, r1, 52)

typedef void (*counter)(const run *r, const uint32_t *tables);
#define DEFINE_COUNTER(name, body)                                                \
    static __attribute__((naked, noinline)) void name(                            \
        const run *r __attribute__((unused)), const uint32_t *tables __attribute__((unused)))              \
    {                                                                             \
        body;                                                                     \
    }
DEFINE_COUNTER(count_first_few, COUNT_FIRST(44, LAST_OF_FEW))
DEFINE_COUNTER(count_second_few, COUNT_SECOND(44, LAST_OF_FEW))
DEFINE_COUNTER(count_pair_few, COUNT_PAIR(44, LAST_OF_FEW))
DEFINE_COUNTER(count_first_many, COUNT_FIRST(56, LAST_OF_MANY))
DEFINE_COUNTER(count_second_many, COUNT_SECOND(56, LAST_OF_MANY))
DEFINE_COUNTER(count_pair_many, COUNT_PAIR(56, LAST_OF_MANY))
enum { FIRST, SECOND, PAIR };
#endif
