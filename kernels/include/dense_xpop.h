/* Dense binary layers by an instruction that counts differing bits: 12 cycles for four words on a Cortex-M4. */
#ifndef BNN_DENSE_XPOP_H
#define BNN_DENSE_XPOP_H
#include "dense_steps.h"
#include "isa.h"

#define BNN_DENSE_STEP               \
    BNN_DENSE_LOADS                  \
    "bnnsim_xpop r5, r5, r3\n\t"     \
    "bnnsim_xpop r6, r6, r3\n\t"     \
    "bnnsim_xpop r7, r7, r3\n\t"     \
    "bnnsim_xpop r4, r4, r3\n\t"     \
    BNN_DENSE_ADD
#define BNN_DENSE_SPLIT BNN_DENSE_SPLIT_ADDED
#define BNN_DENSE_CONSTANT "65536"
enum { BNN_DENSE_STEP_BYTES = 36 + BNN_DENSE_ADD_BYTES, BNN_DENSE_OUTPUTS = 4 };
#include "dense_count.h"
#endif
