/* Steps of the routines of patch_routine.h for an instruction that adds the number of differing bits to a sum. */
#ifndef BNN_PATCH_XPOPA_H
#define BNN_PATCH_XPOPA_H
#include "isa.h"
#include "patch_routine.h"

#ifndef BNN_XPOPA /* else a kernel has defined it by an instruction of the same kind */
#define BNN_XPOPA(x, a, w) "bnnsim_xor_popcount_accumulate " #x ", " #a ", " #w "\n\t"
#endif

/* Two pixels by four outputs. The two loads of weights stand last, where nothing waits for the moved pointer. */
#define BNN_XPOPA_STEP_TWO                                                                    \
    "ldr.w r3, [r0, #4]\n\t"                                                                  \
    "ldr.w lr, [r1, #4]\n\t"                                                                  \
    "ldr.w r2, [r0], #8\n\t"                                                                  \
    "ldr.w r12, [r1], #8\n\t"                                                                 \
    BNN_XPOPA(r4, r2, r12) BNN_XPOPA(r5, r3, r12) BNN_XPOPA(r6, r2, lr) BNN_XPOPA(r7, r3, lr) \
    "ldr.w lr, [r1, #4]\n\t"                                                                  \
    "ldr.w r12, [r1], #8\n\t"                                                                 \
    BNN_XPOPA(r8, r2, r12) BNN_XPOPA(r9, r3, r12) BNN_XPOPA(r10, r2, lr) BNN_XPOPA(r11, r3, lr)
enum { BNN_XPOPA_TWO_BYTES = 56 };

/* One pixel by four outputs. */
#define BNN_XPOPA_STEP_ONE    \
    "ldr.w r5, [r1, #4]\n\t"  \
    "ldr.n r6, [r1, #8]\n\t"  \
    "ldr.n r7, [r1, #12]\n\t" \
    "ldr.w r2, [r0], #4\n\t"  \
    "ldr.w r4, [r1], #16\n\t" \
    BNN_XPOPA(r8, r2, r4) BNN_XPOPA(r9, r2, r5) BNN_XPOPA(r10, r2, r6) BNN_XPOPA(r11, r2, r7)
enum { BNN_XPOPA_ONE_BYTES = 32 };

/* Bodies, and what starts their sums from r7: two pixels by four outputs in r4 to r11, one pixel in r8 to r11. */
#define BNN_XPOPA_TWO BNN_SIXTEEN_STEPS(BNN_XPOPA_STEP_TWO) BNN_SIXTEEN_STEPS(BNN_XPOPA_STEP_TWO)
#define BNN_XPOPA_ONE BNN_SIXTEEN_STEPS(BNN_XPOPA_STEP_ONE)
#define BNN_XPOPA_START_ONE "mov.n r8, r7\n\tmov.n r9, r7\n\tmov.n r10, r7\n\tmov.n r11, r7\n\t"
#define BNN_XPOPA_START_TWO "mov.n r4, r7\n\tmov.n r5, r7\n\tmov.n r6, r7\n\t" BNN_XPOPA_START_ONE
#define BNN_XPOPA_TWO_NAMED(name) BNN_ROUTINE_NAMED(name, 32, BNN_XPOPA_TWO_BYTES, 1)
#define BNN_XPOPA_ONE_NAMED(name) BNN_ROUTINE_NAMED(name, 16, BNN_XPOPA_ONE_BYTES, 1)
#endif
