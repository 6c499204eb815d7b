/* Dense binary layers on cores with Thumb-2: differing bits of the input and four outputs' weights, counted by a
 * population count instruction. */
#ifndef BNN_DENSE_H
#define BNN_DENSE_H
#include "counting.h"
#include "dense_steps.h"
#include "isa.h"

#if defined(__thumb2__) && (defined(BNNSIM_POPCOUNT) || defined(BNNSIM_XOR_POPCOUNT_ACCUMULATE))
#ifdef BNNSIM_XOR_POPCOUNT_ACCUMULATE
#define BNN_DENSE_STEP                                     \
    BNN_DENSE_LOADS                                        \
    "bnnsim_xor_popcount_accumulate r8, r3, r4\n\t"        \
    "bnnsim_xor_popcount_accumulate r9, r3, r5\n\t"        \
    "bnnsim_xor_popcount_accumulate r10, r3, r6\n\t"       \
    "bnnsim_xor_popcount_accumulate r11, r3, r7\n\t"
#define BNN_DENSE_SPLIT ""
enum { BNN_DENSE_STEP_BYTES = 36 };
#else
#define BNN_DENSE_COUNT(w) "bnnsim_popcount " #w ", " #w "\n\t"
#define BNN_DENSE_COUNTS                                   \
    BNN_DENSE_LOADS                                        \
    "eor.w r5, r5, r3\n\t"                                 \
    "eor.w r6, r6, r3\n\t"                                 \
    "eor.w r7, r7, r3\n\t"                                 \
    "eor.w r4, r4, r3\n\t"                                 \
    BNN_DENSE_COUNT(r4) BNN_DENSE_COUNT(r5) BNN_DENSE_COUNT(r6) BNN_DENSE_COUNT(r7)
#define BNN_DENSE_STEP BNN_DENSE_COUNTS BNN_DENSE_ADD
#define BNN_DENSE_SPLIT BNN_DENSE_SPLIT_ADDED
enum { BNN_DENSE_STEP_BYTES = 52 + BNN_DENSE_ADD_BYTES };
#endif

#define BNN_DENSE_CONSTANT "65536"
enum { BNN_DENSE_OUTPUTS = 4 };
#include "dense_count.h"
#endif
#endif
