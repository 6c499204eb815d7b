/* A threshold that packs its answer into a word, by the instruction that a selected extension claims for it. */
#ifndef BNN_THRESHOLD_H
#define BNN_THRESHOLD_H
#include <stdint.h>
#include "inline.h"
#include "isa.h"

/* bits * 2 + (u >= width): called for channels 31 down to 0 it packs one word of outputs in two
 * instructions per bit, because CMP leaves the answer in the carry flag, or in one where there is one for it. */
BNN_INLINE uint32_t bnn_push_threshold(uint32_t bits, uint32_t u, uint32_t width)
{
#if defined(BNNSIM_PUSH_THRESHOLD)
    return BNNSIM_PUSH_THRESHOLD(bits, u, width, 0);
#elif defined(__thumb2__)
    __asm__("cmp %1, %2\n\tadc %0, %0, %0" : "+r"(bits) : "r"(u), "r"(width) : "cc");
    return bits;
#else
    __asm__("cmp %1, %2\n\tadcs %0, %0" : "+l"(bits) : "l"(u), "l"(width) : "cc");
    return bits;
#endif
}
#endif
