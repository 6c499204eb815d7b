/* Steps of the routines of patch_routine.h for an instruction that counts differing bits per byte; cores with DSP
 * instructions. One pixel's counts are summed by USADA8. Those of two pixels stay bytes, added as words: eight sums
 * leave no register for the zero that USADA8 wants, and 31 counts of at most 8 fit a byte. */
#ifndef BNN_PATCH_VCNT8_H
#define BNN_PATCH_VCNT8_H
#include "isa.h"
#include "patch_routine.h"
#include "patch_spans.h"

/* Two pixels by one output, whose weights are in r12. */
#define BNN_VCNT8_PAIR(x, y)          \
    "bnnsim_vcnt8x lr, r12, r2\n\t"   \
    "bnnsim_vcnt8x r12, r12, r3\n\t"  \
    "add.w " #x ", " #x ", lr\n\t"    \
    "add.w " #y ", " #y ", r12\n\t"
#define BNN_VCNT8_STEP_TWO                             \
    "ldr.w r3, [r0, #4]\n\t"                           \
    "ldr.w r2, [r0], #8\n\t"                           \
    "ldr.w r12, [r1], #16\n\t" BNN_VCNT8_PAIR(r4, r5)  \
    "ldr r12, [r1, #-12]\n\t" BNN_VCNT8_PAIR(r6, r7)   \
    "ldr r12, [r1, #-8]\n\t" BNN_VCNT8_PAIR(r8, r9)    \
    "ldr r12, [r1, #-4]\n\t" BNN_VCNT8_PAIR(r10, r11)

/* One pixel by four outputs; r12 is 0. */
#define BNN_VCNT8_SUM(x, w) "usada8 " #x ", " #w ", r12, " #x "\n\t"
#define BNN_VCNT8_STEP_ONE           \
    "ldr.w r5, [r1, #4]\n\t"         \
    "ldr.w r6, [r1, #8]\n\t"         \
    "ldr.w r7, [r1, #12]\n\t"        \
    "ldr.w r2, [r0], #4\n\t"         \
    "ldr.w r4, [r1], #16\n\t"        \
    "bnnsim_vcnt8x r5, r5, r2\n\t"   \
    "bnnsim_vcnt8x r6, r6, r2\n\t"   \
    "bnnsim_vcnt8x r7, r7, r2\n\t"   \
    "bnnsim_vcnt8x r4, r4, r2\n\t"   \
    BNN_VCNT8_SUM(r8, r4) BNN_VCNT8_SUM(r9, r5) BNN_VCNT8_SUM(r10, r6) BNN_VCNT8_SUM(r11, r7)
enum { BNN_VCNT8_TWO_BYTES = 88, BNN_VCNT8_ONE_BYTES = 52 };
#define BNN_VCNT8_ONE BNN_SIXTEEN_STEPS(BNN_VCNT8_STEP_ONE)

/* To label `shorter` with less than 32 words of two pixels, which need no other sums than the bytes. Takes r2, r3. */
#define BNN_VCNT8_IF_SHORT(shorter)               \
    "ldr.w r2, " BNN_STACK(BNN_END) "\n\t"        \
    "ldr.w r3, " BNN_STACK(BNN_WORDS) "\n\t"      \
    "sub.w r2, r2, r3\n\t"                        \
    "cmp.w r2, #248\n\t"                          \
    "bls.w " shorter "\n\t"                       \
    "ldr.w r2, " BNN_STACK(BNN_SELF) "\n\t"       \
    "ldr.w r2, [r2, #44]\n\t"                     \
    "sub.w r2, r2, #32\n\t" /* the eight words before the table: sums of the turns so far */
#define BNN_VCNT8_FLUSH(x, y)                     \
    "ldrd r3, lr, [r2]\n\t"                       \
    "usada8 r3, " #x ", r12, r3\n\t"              \
    "usada8 lr, " #y ", r12, lr\n\t"              \
    "strd r3, lr, [r2], #8\n\t"
/* Add them to the sums, and clear them for the next outputs. */
#define BNN_VCNT8_COLLECT(x, y)                   \
    "ldrd r3, r12, [r2]\n\t"                      \
    "add.w " #x ", " #x ", r3\n\t"                \
    "add.w " #y ", " #y ", r12\n\t"               \
    "strd lr, lr, [r2], #8\n\t"

#define BNN_VCNT8_ZERO                                                                                  \
    "mov.w r4, #0\n\tmov.w r5, #0\n\tmov.w r6, #0\n\tmov.w r7, #0\n\t"                                  \
    "mov.w r8, #0\n\tmov.w r9, #0\n\tmov.w r10, #0\n\tmov.w r11, #0\n\t"
/* Thirty-one steps, after which bytes are full. */
#define BNN_VCNT8_TWO                                                                                   \
    BNN_SIXTEEN_STEPS(BNN_VCNT8_STEP_TWO)                                                               \
    ".rept 15\n\t" BNN_VCNT8_STEP_TWO ".endr\n\t"                                                       \
    "ldr.w r2, " BNN_STACK(BNN_END) "\n\t"                                                              \
    "cmp.w r0, r2\n\t"                                                                                  \
    "beq.w 2f\n\t"                                                                                      \
    BNN_VCNT8_IF_SHORT("6f")                                                                            \
    "mov.w r12, #0\n\t"                                                                                 \
    BNN_VCNT8_FLUSH(r4, r5) BNN_VCNT8_FLUSH(r6, r7) BNN_VCNT8_FLUSH(r8, r9) BNN_VCNT8_FLUSH(r10, r11)   \
    BNN_VCNT8_ZERO                                                                                      \
    "6:\n\t"
/* The sums as words, started from the region's and the table's, of each output for two pixels. */
#define BNN_VCNT8_TO_WORDS(x, y, start)                                                                 \
    "add.w " #start ", " #start ", r12\n\t"                                                             \
    "usada8 " #x ", " #x ", lr, " #start "\n\t"                                                         \
    "usada8 " #y ", " #y ", lr, " #start "\n\t"
#define BNN_VCNT8_SUMS_TWO                                                                              \
    "ldr.w r2, " BNN_STACK(BNN_TABLE) "\n\t"                                                            \
    "ldr.w r12, " BNN_STACK(BNN_SUMS) "\n\t"                                                            \
    "ldr.w r3, [r2, #4]\n\t"                                                                            \
    "ldr.w r0, [r2, #12]\n\t"                                                                           \
    "mov.w lr, #0\n\t"                                                                                  \
    BNN_VCNT8_TO_WORDS(r4, r5, r3) BNN_VCNT8_TO_WORDS(r6, r7, r0)                                       \
    "ldr.w r3, [r2, #20]\n\t"                                                                           \
    "ldr.w r0, [r2, #28]\n\t"                                                                           \
    BNN_VCNT8_TO_WORDS(r8, r9, r3) BNN_VCNT8_TO_WORDS(r10, r11, r0)                                     \
    BNN_VCNT8_IF_SHORT("7f")                                                                            \
    BNN_VCNT8_COLLECT(r4, r5) BNN_VCNT8_COLLECT(r6, r7) BNN_VCNT8_COLLECT(r8, r9)                       \
    BNN_VCNT8_COLLECT(r10, r11)                                                                         \
    "7:\n\t"
#define BNN_VCNT8_START_ONE BNN_SPANS_START_ONE "mov.w r12, #0\n\t"
#endif
