/* Dense binary layers by an instruction that counts differing bits per byte, and USADA8: 14 cycles for four words on a
 * Cortex-M4. */
#ifndef BNN_DENSE_VCNT8_H
#define BNN_DENSE_VCNT8_H
#include "dense_steps.h"
#include "isa.h"

#define BNN_DENSE_STEP               \
    BNN_DENSE_LOADS                  \
    "bnnsim_vcnt8x r5, r5, r3\n\t"   \
    "bnnsim_vcnt8x r6, r6, r3\n\t"   \
    "bnnsim_vcnt8x r7, r7, r3\n\t"   \
    "bnnsim_vcnt8x r4, r4, r3\n\t"   \
    "usada8 r9, r5, r12, r9\n\t"     \
    "usada8 r10, r6, r12, r10\n\t"   \
    "usada8 r11, r7, r12, r11\n\t"   \
    "usada8 r8, r4, r12, r8\n\t"
#define BNN_DENSE_SPLIT ""
#define BNN_DENSE_CONSTANT "0"
enum { BNN_DENSE_STEP_BYTES = 52, BNN_DENSE_OUTPUTS = 4 };
#include "dense_count.h"
#endif
