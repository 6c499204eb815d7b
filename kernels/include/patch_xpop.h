/* Steps of the routines of patch_routine.h for an instruction that counts differing bits; sums are halves, as in
 * patch_popcount.h. */
#ifndef BNN_PATCH_XPOP_H
#define BNN_PATCH_XPOP_H
#include "patch_popcount.h"
#include "patch_routine.h"

/* Two pixels by one output. */
#define BNN_XPOP_PAIR(x, w)                \
    "bnnsim_xpop lr, " #w ", r2\n\t"       \
    "bnnsim_xpop " #w ", " #w ", r3\n\t"   \
    BNN_ADD_COUNTS(x, lr, w)
#define BNN_XPOP_STEP_TWO     \
    "ldr.n r3, [r0, #4]\n\t"  \
    "ldr.n r5, [r1, #4]\n\t"  \
    "ldr.n r6, [r1, #8]\n\t"  \
    "ldr.n r7, [r1, #12]\n\t" \
    "ldr.w r2, [r0], #8\n\t"  \
    "ldr.w r4, [r1], #16\n\t" \
    BNN_XPOP_PAIR(r8, r4) BNN_XPOP_PAIR(r9, r5) BNN_XPOP_PAIR(r10, r6) BNN_XPOP_PAIR(r11, r7)

/* One pixel by four outputs. */
#define BNN_XPOP_STEP_ONE         \
    "ldr.w r5, [r1, #4]\n\t"      \
    "ldr.n r6, [r1, #8]\n\t"      \
    "ldr.n r7, [r1, #12]\n\t"     \
    "ldr.w r2, [r0], #4\n\t"      \
    "ldr.w r4, [r1], #16\n\t"     \
    "bnnsim_xpop r5, r5, r2\n\t"  \
    "bnnsim_xpop r6, r6, r2\n\t"  \
    "bnnsim_xpop r7, r7, r2\n\t"  \
    "bnnsim_xpop r4, r4, r2\n\t"  \
    BNN_ADD_COUNTS(r8, r4, r5) BNN_ADD_COUNTS(r9, r6, r7)

/* Shorter than steps of patch_popcount.h by the exclusive ors: eight of 32 bits for two pixels, four of 16 for one. */
enum { BNN_XPOP_TWO_BYTES = BNN_POPCOUNT_TWO_BYTES - 32, BNN_XPOP_ONE_BYTES = BNN_POPCOUNT_ONE_BYTES - 8 };

/* Bodies; their sums are started by BNN_POPCOUNT_START_TWO and BNN_POPCOUNT_START_ONE. */
#define BNN_XPOP_TWO BNN_SIXTEEN_STEPS(BNN_XPOP_STEP_TWO) BNN_SIXTEEN_STEPS(BNN_XPOP_STEP_TWO)
#define BNN_XPOP_ONE BNN_SIXTEEN_STEPS(BNN_XPOP_STEP_ONE)
#define BNN_XPOP_TWO_NAMED(name) BNN_ROUTINE_NAMED(name, 32, BNN_XPOP_TWO_BYTES, 65537)
#define BNN_XPOP_ONE_NAMED(name) BNN_ROUTINE_NAMED(name, 16, BNN_XPOP_ONE_BYTES, 65537)
#endif
