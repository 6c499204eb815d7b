/* Assembly that packs the answer of a comparison into a word, from its top. */
#ifndef BNN_PUSH_H
#define BNN_PUSH_H
#include "isa.h"

/* Shift bits to the right, x >= y (unsigned) comes in at bit 31. */
#define BNN_PUSH_BY_THRPK(bits, x, y) "bnnsim_push_threshold " #bits ", " #x ", " #y ", 1\n\t"
#define BNN_PUSH_BY_CARRY(bits, x, y) "cmp.w " #x ", " #y "\n\trrx " #bits ", " #bits "\n\t"

/* The same, the carry flag becomes what falls out; `used` may be used up. */
#define BNN_PUSH_OUT_BY_THRPK(bits, x, y, used) "lsrs.w " #used ", " #bits ", #1\n\t" BNN_PUSH_BY_THRPK(bits, x, y)
#define BNN_PUSH_OUT_BY_CARRY(bits, x, y, used) "cmp.w " #x ", " #y "\n\trrxs " #bits ", " #bits "\n\t"

/* What headers of routines use. A kernel that wants the others names both before it includes anything. */
#ifndef BNN_PUSH
#define BNN_PUSH BNN_PUSH_BY_CARRY
#define BNN_PUSH_OUT BNN_PUSH_OUT_BY_CARRY
#endif
#endif
