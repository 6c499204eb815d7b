/* Copies and fills of bytes at any alignment, by words where both sides allow it. */
#ifndef BNN_COPY_H
#define BNN_COPY_H
#include <stdint.h>
#include "inline.h"

/* Without it compilers turn the loop into a call of memcpy or memset. */
#define BNN_KEEP_LOOP() __asm__ volatile("" ::: "memory")

/* Four words; LDM and STM take one cycle per word and one more on all cores. */
#define BNN_COPY4(to, from)                                                                              \
    __asm__ volatile("ldm %1!, {r3, r4, r5, r6}\n\tstm %0!, {r3, r4, r5, r6}" : "+l"(to), "+l"(from) \
                     :                                                                                   \
                     : "r3", "r4", "r5", "r6", "memory")

/* Up to seven bytes, straight on. */
BNN_INLINE void bnn_copy_few(uint8_t *to, const uint8_t *from, int32_t bytes)
{
    if (bytes & 4) {
        uint8_t a = from[0], b = from[1], c = from[2], d = from[3];

        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
        to += 4;
        from += 4;
    }
    if (bytes & 2) {
        uint8_t a = from[0], b = from[1];

        to[0] = a;
        to[1] = b;
        to += 2;
        from += 2;
    }
    if (bytes & 1)
        *to = *from;
}

/* Words of the destination from two words of the source each: `from` is no multiple of 4. Only words are read that
 * hold a byte of the source. */
BNN_INLINE void bnn_copy_shifted(uint32_t *to, const uint8_t *from, int32_t words)
{
    uint32_t shift = 8 * ((uintptr_t)from & 3);
    const uint32_t *source = (const uint32_t *)((uintptr_t)from & ~(uintptr_t)3);
    uint32_t low = *source++ >> shift;

    for (; words >= 2; words -= 2) {
        uint32_t a = source[0], b = source[1];

        source += 2;
        to[0] = low | a << (32 - shift);
        to[1] = a >> shift | b << (32 - shift);
        to += 2;
        low = b >> shift;
        BNN_KEEP_LOOP();
    }
    if (words)
        *to = low | *source << (32 - shift);
}

/* to[0 .. bytes] = from[0 .. bytes]; they do not overlap */
BNN_NOINLINE void bnn_copy_bytes(uint8_t *to, const uint8_t *from, int32_t bytes)
{
    int32_t head = -(int32_t)(uintptr_t)to & 3, words;

    if (bytes < 8) {
        bnn_copy_few(to, from, bytes);
        return;
    }
    bnn_copy_few(to, from, head);
    to += head;
    from += head;
    bytes -= head;
    words = bytes >> 2;
    if ((uintptr_t)from & 3) {
        bnn_copy_shifted((uint32_t *)(void *)to, from, words);
        to += 4 * words;
        from += 4 * words;
    } else {
        for (; words >= 8; words -= 8) {
            BNN_COPY4(to, from);
            BNN_COPY4(to, from);
        }
        for (; words > 0; words--, to += 4, from += 4) {
            *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
            BNN_KEEP_LOOP();
        }
    }
    bnn_copy_few(to, from, bytes & 3);
}

/* to[0 .. bytes] = the low byte of value */
BNN_NOINLINE void bnn_fill_bytes(uint8_t *to, int32_t value, int32_t bytes)
{
    uint32_t word = ((uint32_t)value & 0xffu) * 0x01010101u;

    for (; bytes > 0 && ((uintptr_t)to & 3); bytes--) {
        *to++ = (uint8_t)word;
        BNN_KEEP_LOOP();
    }
    for (; bytes >= 16; bytes -= 16, to += 16) {
        uint32_t *words = (uint32_t *)(void *)to;

        words[0] = words[1] = words[2] = words[3] = word;
        BNN_KEEP_LOOP();
    }
    for (; bytes >= 4; bytes -= 4, to += 4) {
        *(uint32_t *)(void *)to = word;
        BNN_KEEP_LOOP();
    }
    for (; bytes > 0; bytes--) {
        *to++ = (uint8_t)word;
        BNN_KEEP_LOOP();
    }
}
#endif
