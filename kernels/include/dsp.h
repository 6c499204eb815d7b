/* DSP instructions as functions, where the core has them. */
#ifndef BNN_DSP_H
#define BNN_DSP_H
#include <stdint.h>
#include "inline.h"

#ifdef __ARM_FEATURE_DSP
/* acc + lo16(a) * lo16(b) + hi16(a) * hi16(b), signed halves */
BNN_INLINE int32_t bnn_smlad(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t r;
    __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(acc));
    return r;
}

/* acc + sum over the four bytes of |a - b|; with b = 0 the sum of the bytes of a */
BNN_INLINE uint32_t bnn_usada8(uint32_t a, uint32_t b, uint32_t acc)
{
    uint32_t r;
    __asm__("usada8 %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(acc));
    return r;
}

/* bytes 0 and 2 as two halves, without and with sign */
BNN_INLINE uint32_t bnn_uxtb16(uint32_t x)
{
    uint32_t r;
    __asm__("uxtb16 %0, %1" : "=r"(r) : "r"(x));
    return r;
}

BNN_INLINE uint32_t bnn_sxtb16(uint32_t x)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(x));
    return r;
}

/* bytes 1 and 3 as two halves, without and with sign */
BNN_INLINE uint32_t bnn_uxtb16_ror8(uint32_t x)
{
    uint32_t r;
    __asm__("uxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
    return r;
}

BNN_INLINE uint32_t bnn_sxtb16_ror8(uint32_t x)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
    return r;
}

/* halves of a + bytes 0 and 2 (1 and 3) of x, with sign */
BNN_INLINE uint32_t bnn_sxtab16(uint32_t a, uint32_t x)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(x));
    return r;
}

BNN_INLINE uint32_t bnn_sxtab16_ror8(uint32_t a, uint32_t x)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(a), "r"(x));
    return r;
}

/* sums and differences of halves */
BNN_INLINE uint32_t bnn_sadd16(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("sadd16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

BNN_INLINE uint32_t bnn_ssub16(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("ssub16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}
#endif
#endif
