/* What compilers call for operations that a core has no instruction for: division and 64-bit arithmetic on
 * Armv6-M. Names, arguments and results are those of the run-time ABI (Arm IHI 0043, helper functions).
 *
 * Small and simple on purpose: kernels keep such operations out of their loops. A division by zero returns 0,
 * as the instructions of other cores do. The linker drops what nothing calls.
 */
#include <stdint.h>

uint32_t __aeabi_uidiv(uint32_t numerator, uint32_t denominator);
int32_t __aeabi_idiv(int32_t numerator, int32_t denominator);
uint64_t __aeabi_lmul(uint64_t a, uint64_t b);
uint64_t __aeabi_llsl(uint64_t a, int32_t bits);
uint64_t __aeabi_llsr(uint64_t a, int32_t bits);
int64_t __aeabi_lasr(int64_t a, int32_t bits);
int32_t __aeabi_lcmp(int64_t a, int64_t b);
int32_t __aeabi_ulcmp(uint64_t a, uint64_t b);
int __clzsi2(uint32_t n);
int __clzdi2(uint64_t n);
int __ctzsi2(uint32_t n);
uint64_t bnn_divide_u32(uint32_t numerator, uint32_t denominator);
uint64_t bnn_divide_s32(int32_t numerator, int32_t denominator);

#define LOW(x) ((uint32_t)(x))
#define HIGH(x) ((uint32_t)((uint64_t)(x) >> 32))

typedef union {
    uint64_t value;
    uint32_t word[2]; /* low, high */
} words64;

static uint64_t join(uint32_t low, uint32_t high)
{
    words64 w;
    w.word[0] = low;
    w.word[1] = high;
    return w.value;
}

/* The quotient, and above it the remainder: registers r0 and r1, as the ABI's divmod returns them. */
uint64_t bnn_divide_u32(uint32_t numerator, uint32_t denominator)
{
    uint32_t quotient = 0, bit = 1;

    if (denominator == 0)
        return join(0, numerator);
    while (denominator < numerator && !(denominator >> 31)) {
        denominator <<= 1;
        bit <<= 1;
    }
    for (; bit; bit >>= 1, denominator >>= 1)
        if (numerator >= denominator) {
            numerator -= denominator;
            quotient |= bit;
        }
    return join(quotient, numerator);
}

/* Rounds towards zero; the remainder has the sign of the numerator. */
uint64_t bnn_divide_s32(int32_t numerator, int32_t denominator)
{
    const uint32_t n = numerator < 0 ? 0u - (uint32_t)numerator : (uint32_t)numerator;
    const uint32_t d = denominator < 0 ? 0u - (uint32_t)denominator : (uint32_t)denominator;
    const words64 r = {bnn_divide_u32(n, d)};

    return join((numerator ^ denominator) < 0 ? 0u - r.word[0] : r.word[0],
                numerator < 0 ? 0u - r.word[1] : r.word[1]);
}

uint32_t __aeabi_uidiv(uint32_t numerator, uint32_t denominator)
{
    return LOW(bnn_divide_u32(numerator, denominator));
}

int32_t __aeabi_idiv(int32_t numerator, int32_t denominator)
{
    return (int32_t)LOW(bnn_divide_s32(numerator, denominator));
}

#define ALIAS(name, target) __attribute__((alias(#target), used)) __typeof__(target) name

ALIAS(__aeabi_uidivmod, bnn_divide_u32);
ALIAS(__aeabi_idivmod, bnn_divide_s32);

/* The 64-bit product of two words by halves of 16 bits. */
static uint64_t multiply_words(uint32_t a, uint32_t b)
{
    const uint32_t a0 = a & 0xffff, a1 = a >> 16, b0 = b & 0xffff, b1 = b >> 16;
    const uint32_t low = a0 * b0, middle = a1 * b0 + (low >> 16), other = a0 * b1 + (middle & 0xffff);

    return join(other << 16 | (low & 0xffff), a1 * b1 + (middle >> 16) + (other >> 16));
}

uint64_t __aeabi_lmul(uint64_t a, uint64_t b)
{
    const words64 p = {multiply_words(LOW(a), LOW(b))};

    return join(p.word[0], p.word[1] + LOW(a) * HIGH(b) + HIGH(a) * LOW(b));
}

/* Shifts: by 0 to 63 bits; more is undefined in C. */
uint64_t __aeabi_llsl(uint64_t a, int32_t bits)
{
    if (bits == 0)
        return a;
    return bits < 32 ? join(LOW(a) << bits, HIGH(a) << bits | LOW(a) >> (32 - bits)) : join(0, LOW(a) << (bits - 32));
}

uint64_t __aeabi_llsr(uint64_t a, int32_t bits)
{
    if (bits == 0)
        return a;
    return bits < 32 ? join(LOW(a) >> bits | HIGH(a) << (32 - bits), HIGH(a) >> bits) : join(HIGH(a) >> (bits - 32), 0);
}

int64_t __aeabi_lasr(int64_t a, int32_t bits)
{
    const int32_t high = (int32_t)HIGH(a), sign = high >> 31;

    if (bits == 0)
        return a;
    return (int64_t)(bits < 32 ? join(LOW(a) >> bits | (uint32_t)high << (32 - bits), (uint32_t)(high >> bits))
                               : join((uint32_t)(high >> (bits - 32)), (uint32_t)sign));
}

/* Below, equal or above: -1, 0 or 1. */
int32_t __aeabi_lcmp(int64_t a, int64_t b)
{
    const int32_t ah = (int32_t)HIGH(a), bh = (int32_t)HIGH(b);

    if (ah != bh)
        return ah < bh ? -1 : 1;
    return LOW(a) == LOW(b) ? 0 : LOW(a) < LOW(b) ? -1 : 1;
}

int32_t __aeabi_ulcmp(uint64_t a, uint64_t b)
{
    if (HIGH(a) != HIGH(b))
        return HIGH(a) < HIGH(b) ? -1 : 1;
    return LOW(a) == LOW(b) ? 0 : LOW(a) < LOW(b) ? -1 : 1;
}

/* Leading and trailing zeros; of 0 all of them. */
int __clzsi2(uint32_t n)
{
    int zeros = 0;

    if (n == 0)
        return 32;
    for (int step = 16; step; step >>= 1)
        if (!(n >> (32 - step))) {
            zeros += step;
            n <<= step;
        }
    return zeros;
}

int __clzdi2(uint64_t n)
{
    return HIGH(n) ? __clzsi2(HIGH(n)) : 32 + __clzsi2(LOW(n));
}

int __ctzsi2(uint32_t n)
{
    return n == 0 ? 32 : 31 - __clzsi2(n & (0u - n));
}
