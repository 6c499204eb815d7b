/* Four int8 in a word: maxima, limits, sums in lanes of 16 bits, with DSP instructions or by ordinary ones. */
#ifndef BNN_INT8_LANES_H
#define BNN_INT8_LANES_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

enum { BNN_LANES = 4 };

/* The same byte four times. */
BNN_INLINE uint32_t bnn_lanes_of(int32_t value)
{
    return ((uint32_t)value & 0xffu) * 0x01010101u;
}

#ifdef __thumb2__
/* A word at any address: LDR and STR allow it on Armv7-M and Armv8-M Mainline, LDM and LDRD do not. */
BNN_INLINE uint32_t bnn_load_lanes(const int8_t *from)
{
    uint32_t word;
    __asm__("ldr %0, %1" : "=r"(word) : "m"(*(const uint32_t *)(const void *)from));
    return word;
}

BNN_INLINE void bnn_store_lanes(int8_t *to, uint32_t word)
{
    __asm__("str %1, %0" : "=m"(*(uint32_t *)(void *)to) : "r"(word));
}
#endif

#ifdef __ARM_FEATURE_DSP
/* SSUB8 sets the GE flags that SEL reads, so both stand in one block. */
BNN_INLINE uint32_t bnn_max8(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(r) : "r"(a), "r"(b));
    return r;
}

BNN_INLINE uint32_t bnn_min8(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(r) : "r"(a), "r"(b));
    return r;
}
#else
/* Which bytes of a are at least those of b: 0xff or 0. Below the signs a subtraction decides, which borrows nothing
 * from the next byte because the sign bits of a are set for it; where the signs differ, they do. */
BNN_INLINE uint32_t bnn_at_least8(uint32_t a, uint32_t b)
{
    const uint32_t signs = 0x80808080u;
    uint32_t rest = (a | signs) - (b & ~signs), differ = a ^ b;
    uint32_t bits = ((rest ^ (differ & (rest ^ b))) & signs) >> 7;

    return (bits << 8) - bits;
}

BNN_INLINE uint32_t bnn_max8(uint32_t a, uint32_t b)
{
    return b ^ ((a ^ b) & bnn_at_least8(a, b));
}

BNN_INLINE uint32_t bnn_min8(uint32_t a, uint32_t b)
{
    return a ^ ((a ^ b) & bnn_at_least8(a, b));
}
#endif

/* The limits of a fused activation, where there is one, over a whole output. */
BNN_NOINLINE void bnn_limit_output(const bnn_layer *layer)
{
    uint32_t low = bnn_lanes_of(layer->out_min), high = bnn_lanes_of(layer->out_max);
    int32_t bytes = layer->out_h * layer->out_w * layer->out_c;
    uint32_t *word = layer->output; /* buffers start on words */

    if (layer->out_min == -128 && layer->out_max == 127)
        return;
#pragma GCC unroll 1
    for (; bytes >= BNN_LANES; bytes -= BNN_LANES, word++)
        *word = bnn_min8(bnn_max8(*word, low), high);
#pragma GCC unroll 1
    for (uint8_t *rest = (uint8_t *)word; bytes > 0; bytes--, rest++)
        *rest = (uint8_t)bnn_min8(bnn_max8(*rest, low), high);
}
#endif
