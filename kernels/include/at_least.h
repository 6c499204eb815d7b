/* A comparison as a number. */
#ifndef BNN_AT_LEAST_H
#define BNN_AT_LEAST_H
#include <stdint.h>
#include "inline.h"

/* u >= width as 0 or 1, without a branch on Armv6-M either. */
BNN_INLINE uint32_t bnn_at_least(uint32_t u, uint32_t width)
{
#ifdef __thumb2__
    return u >= width;
#else
    uint32_t r;
    __asm__("movs %0, #0\n\tcmp %1, %2\n\tadcs %0, %0" : "=&l"(r) : "l"(u), "l"(width) : "cc");
    return r;
#endif
}
#endif
