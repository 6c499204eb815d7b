/* The few library functions that compilers call on their own: block copies and fills, population count.
 *
 * Small and simple on purpose: kernels do their own moving of data. The empty asm in each loop keeps
 * compilers from recognising the loop and replacing it by a call to the very function it implements.
 */
#include <stddef.h>
#include <stdint.h>

#define KEEP_LOOP() __asm__ volatile("" ::: "memory")

void *memcpy(void *restrict to, const void *restrict from, size_t size_bytes);
void *memmove(void *to, const void *from, size_t size_bytes);
void *memset(void *to, int value, size_t size_bytes);
void __aeabi_memset(void *to, size_t size_bytes, int value);
void __aeabi_memclr(void *to, size_t size_bytes);
int __popcountsi2(uint32_t n);
int __popcountdi2(uint64_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t size_bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0)
        for (; size_bytes >= 4; size_bytes -= 4, t += 4, f += 4) {
            *(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
            KEEP_LOOP();
        }
    for (; size_bytes > 0; size_bytes--) {
        *t++ = *f++;
        KEEP_LOOP();
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size_bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t - (uintptr_t)f >= size_bytes)
        return memcpy(to, from, size_bytes);
    while (size_bytes > 0) {
        size_bytes--;
        t[size_bytes] = f[size_bytes];
        KEEP_LOOP();
    }
    return to;
}

void *memset(void *to, int value, size_t size_bytes)
{
    uint8_t *t = to;
    uint32_t word = (uint8_t)value * 0x01010101u;

    if (((uintptr_t)t & 3) == 0)
        for (; size_bytes >= 4; size_bytes -= 4, t += 4) {
            *(uint32_t *)(void *)t = word;
            KEEP_LOOP();
        }
    for (; size_bytes > 0; size_bytes--) {
        *t++ = (uint8_t)word;
        KEEP_LOOP();
    }
    return to;
}

/* The run-time ABI's names for the same (IHI 0043, memory copying, clearing and setting); its memset takes
 * the arguments in another order. */
#define ALIAS(name, target) __attribute__((alias(#target), used)) __typeof__(target) name

ALIAS(__aeabi_memcpy, memcpy);
ALIAS(__aeabi_memcpy4, memcpy);
ALIAS(__aeabi_memcpy8, memcpy);
ALIAS(__aeabi_memmove, memmove);
ALIAS(__aeabi_memmove4, memmove);
ALIAS(__aeabi_memmove8, memmove);

void __aeabi_memset(void *to, size_t size_bytes, int value)
{
    memset(to, value, size_bytes);
}

void __aeabi_memclr(void *to, size_t size_bytes)
{
    memset(to, 0, size_bytes);
}

ALIAS(__aeabi_memset4, __aeabi_memset);
ALIAS(__aeabi_memset8, __aeabi_memset);
ALIAS(__aeabi_memclr4, __aeabi_memclr);
ALIAS(__aeabi_memclr8, __aeabi_memclr);

int __popcountsi2(uint32_t n)
{
    n -= (n >> 1) & 0x55555555u;
    n = (n & 0x33333333u) + ((n >> 2) & 0x33333333u);
    n = (n + (n >> 4)) & 0x0f0f0f0fu;
    return (int)((n * 0x01010101u) >> 24);
}

int __popcountdi2(uint64_t n)
{
    return __popcountsi2((uint32_t)n) + __popcountsi2((uint32_t)(n >> 32));
}
