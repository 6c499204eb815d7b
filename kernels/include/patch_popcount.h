/* Steps of the routines of patch_routine.h for a population count instruction. Two sums share a register as halves;
 * r12 holds 65536. */
#ifndef BNN_PATCH_POPCOUNT_H
#define BNN_PATCH_POPCOUNT_H
#include "isa.h"
#include "patch_routine.h"

/* x += t + u * 65536 (r12); t and u are used up. */
#ifdef __ARM_FEATURE_DSP
#define BNN_ADD_COUNTS(x, t, u) "umaal " #x ", " #t ", " #u ", r12\n\t"
enum { BNN_COUNTS_BYTES = 20, BNN_POPCOUNT_ONE_BYTES = 48 };
#else
#define BNN_ADD_COUNTS(x, t, u)        \
    "add.w " #x ", " #x ", " #t "\n\t" \
    "add.w " #x ", " #x ", " #u ", lsl #16\n\t"
enum { BNN_COUNTS_BYTES = 24, BNN_POPCOUNT_ONE_BYTES = 56 };
#endif

/* Two pixels by one output. All 32 bits wide at multiples of four, which fetch likes best. */
#define BNN_POPCOUNT_PAIR(x, w)          \
    "eor.w lr, " #w ", r2\n\t"           \
    "eor.w " #w ", " #w ", r3\n\t"       \
    "bnnsim_popcount lr, lr\n\t"         \
    "bnnsim_popcount " #w ", " #w "\n\t" \
    BNN_ADD_COUNTS(x, lr, w)
#define BNN_POPCOUNT_STEP_TWO \
    "ldr.n r3, [r0, #4]\n\t"  \
    "ldr.n r5, [r1, #4]\n\t"  \
    "ldr.n r6, [r1, #8]\n\t"  \
    "ldr.n r7, [r1, #12]\n\t" \
    "ldr.w r2, [r0], #8\n\t"  \
    "ldr.w r4, [r1], #16\n\t" \
    BNN_POPCOUNT_PAIR(r8, r4) BNN_POPCOUNT_PAIR(r9, r5) BNN_POPCOUNT_PAIR(r10, r6) BNN_POPCOUNT_PAIR(r11, r7)
enum { BNN_POPCOUNT_TWO_BYTES = 16 + 4 * BNN_COUNTS_BYTES };

/* One pixel by four outputs. */
#define BNN_POPCOUNT_STEP_ONE    \
    "ldr.w r5, [r1, #4]\n\t"     \
    "ldr.n r6, [r1, #8]\n\t"     \
    "ldr.n r7, [r1, #12]\n\t"    \
    "ldr.w r2, [r0], #4\n\t"     \
    "ldr.w r4, [r1], #16\n\t"    \
    "eors.n r5, r2\n\t"          \
    "eors.n r6, r2\n\t"          \
    "eors.n r7, r2\n\t"          \
    "eors.n r4, r2\n\t"          \
    "bnnsim_popcount r5, r5\n\t" \
    "bnnsim_popcount r6, r6\n\t" \
    "bnnsim_popcount r7, r7\n\t" \
    "bnnsim_popcount r4, r4\n\t" \
    BNN_ADD_COUNTS(r8, r4, r5) BNN_ADD_COUNTS(r9, r6, r7)

/* Bodies, and what starts their sums from r7: two pixels by four outputs in r8 to r11, one pixel in r8 and r9. */
#define BNN_POPCOUNT_TWO BNN_SIXTEEN_STEPS(BNN_POPCOUNT_STEP_TWO) BNN_SIXTEEN_STEPS(BNN_POPCOUNT_STEP_TWO)
#define BNN_POPCOUNT_ONE BNN_SIXTEEN_STEPS(BNN_POPCOUNT_STEP_ONE)
#define BNN_POPCOUNT_START_ONE "mov.w r12, #65536\n\tmov.n r8, r7\n\tmov.n r9, r7\n\t"
#define BNN_POPCOUNT_START_TWO BNN_POPCOUNT_START_ONE "mov.n r10, r7\n\tmov.n r11, r7\n\t"
#define BNN_POPCOUNT_TWO_NAMED(name) BNN_ROUTINE_NAMED(name, 32, BNN_POPCOUNT_TWO_BYTES, 65537)
#define BNN_POPCOUNT_ONE_NAMED(name) BNN_ROUTINE_NAMED(name, 16, BNN_POPCOUNT_ONE_BYTES, 65537)
#endif
