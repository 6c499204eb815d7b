/* One bit for each of four bytes, with DSP instructions. */
#ifndef LCEQUANTIZE_PUSH_FOUR_H
#define LCEQUANTIZE_PUSH_FOUR_H
#include <stdint.h>
#include "dsp.h"
#include "inline.h"

/* 16 * bits + one bit for each byte of x that is at least the byte of zero_points. */
BNN_INLINE uint32_t push_four(uint32_t bits, uint32_t x, uint32_t zero_points)
{
    __asm__("ssub8 %1, %1, %2\n\tsel %1, %3, %4" : "+r"(bits), "+r"(x) : "r"(zero_points), "r"(0x08040201u), "r"(0));
    return bnn_usada8(x, 0, bits << 4);
}
#endif
