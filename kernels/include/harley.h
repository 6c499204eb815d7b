/* Dot products of a patch and a filter with carry-save adders, as BBConv2D's harley_seal explains them. */
#ifndef BNN_HARLEY_H
#define BNN_HARLEY_H
#include <stdint.h>
#include "bitsliced.h"
#include "bnn_layer.h"
#include "dsp.h"
#include "inline.h"
#include "planes.h"
#include "region.h"

typedef struct {
    uint32_t count;        /* words of the in-image taps */
    const uint32_t *words; /* their activations; if listed, after every four the byte offsets of their weights */
} bnn_harley_patch;

/* counts of ones per byte */
BNN_INLINE uint32_t bnn_byte_counts(uint32_t x)
{
    x -= (x >> 1) & 0x55555555u;
    x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
    return (x + (x >> 4)) & 0x0f0f0f0fu;
}

BNN_INLINE uint32_t bnn_load_at(const uint32_t *base, uint32_t byte_offset)
{
    return *(const uint32_t *)((const char *)base + byte_offset);
}

/* Add four words to ones and twos; `carry` becomes their fours. Loads are aligned, see the fetch queue. */
#define H_ADD_FOUR(weights, carry)                                                            \
    do {                                                                                      \
        register uint32_t carry_ __asm__("r2");                                               \
        __asm__ volatile(".p2align 2\n\tldm.w %1!, {r2-r5}\n\t" weights                       \
                         "eor.w r2, r2, r6\n\teor.w r3, r3, r7\n\t"                           \
                         "eor.w r4, r4, r8\n\teor.w r5, r5, r9\n\t"                           \
                         P_FULL_ADD(%3, r2, r3) P_FULL_ADD(%3, r4, r5) P_FULL_ADD(%4, r2, r4) \
                         : "=r"(carry_), "+r"(a), "+r"(filter), "+r"(ones), "+r"(twos)        \
                         :                                                                    \
                         : "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory");               \
        carry = carry_;                                                                       \
    } while (0)
#define H_IN_ORDER "ldm.w %2!, {r6-r9}\n\t"
#define H_LISTED             \
    "ldm.w %1!, {r6-r9}\n\t" \
    "ldr.w r6, [%2, r6]\n\tldr.w r7, [%2, r7]\n\tldr.w r8, [%2, r8]\n\tldr.w r9, [%2, r9]\n\t"

/* The dot product's last up to three words, at most one byte count of 8 each beside those of the planes. */
#define H_TERM(i) (a[i] ^ (listed ? bnn_load_at(filter, a[(i) + 4]) : filter[i]))

BNN_INLINE uint32_t bnn_finish_dot(uint32_t count, const uint32_t *a, const uint32_t *filter, uint32_t ones,
                                   uint32_t twos, uint32_t fours, uint32_t eights, uint32_t total, int listed)
{
    uint32_t last = 0;
    if (count & 2) {
        uint32_t x0 = H_TERM(0), x1 = H_TERM(1);
        BNN_FULL_ADD(ones, x0, x1);
        BNN_HALF_ADD(twos, x0);
        BNN_HALF_ADD(fours, x0);
        eights += bnn_byte_counts(x0);
        a += 2;
        filter += listed ? 0 : 2;
    }
    if (count & 1)
        last = bnn_byte_counts(H_TERM(0));
    total = 8 * bnn_usada8(eights, 0, total);
    last += bnn_byte_counts(ones) + 2 * bnn_byte_counts(twos) + 4 * bnn_byte_counts(fours);
    return bnn_usada8(last, 0, total);
}

/* popcount(a ^ w) over a patch. Two functions: as one they would spill inside the loops. */
#define H_DOT(name, WEIGHTS, listed)                                                      \
    BNN_NOINLINE uint32_t name(const bnn_harley_patch *p, const uint32_t *filter)         \
    {                                                                                     \
        const uint32_t *a = p->words;                                                     \
        const uint32_t count = p->count;                                                  \
        uint32_t ones = 0, twos = 0, fours = 0, bytes = 0, total = 0, x, y;               \
        for (uint32_t blocks = count / 8; blocks;) {                                      \
            uint32_t n = blocks < 31 ? blocks : 31; /* a byte holds 31 counts of 8 */     \
            blocks -= n;                                                                  \
            bytes = 0;                                                                    \
            do {                                                                          \
                H_ADD_FOUR(WEIGHTS, x);                                                   \
                H_ADD_FOUR(WEIGHTS, y);                                                   \
                BNN_FULL_ADD(fours, x, y);                                                \
                bytes += bnn_byte_counts(x);                                              \
            } while (--n);                                                                \
            total = bnn_usada8(bytes, 0, total);                                          \
        }                                                                                 \
        bytes = 0;                                                                        \
        if (count & 4) {                                                                  \
            H_ADD_FOUR(WEIGHTS, x);                                                       \
            BNN_HALF_ADD(fours, x);                                                       \
            bytes = bnn_byte_counts(x);                                                   \
        }                                                                                 \
        return bnn_finish_dot(count, a, filter, ones, twos, fours, bytes, total, listed); \
    }

H_DOT(bnn_dot_in_order, H_IN_ORDER, 0)
H_DOT(bnn_dot_listed, H_LISTED, 1)

/* Collect the words of the in-image taps of output pixel (y, x). */
BNN_NOINLINE void bnn_gather_patch(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns,
                                   int32_t y, int32_t x, bnn_harley_patch *p, int listed)
{
    uint32_t *words = layer->scratch;
    const int32_t top = y * layer->stride_h - layer->pad_top, left = x * layer->stride_w - layer->pad_left;
    const int32_t run = bnn_stretch_taps(columns) * layer->in_words;
    uint32_t n = 0;
    for (int32_t ky = rows->tap0; ky < rows->tap1; ky++) {
        const uint32_t *in = (const uint32_t *)layer->input
                             + ((top + ky) * layer->in_w + left + columns->tap0) * layer->in_words;
        uint32_t at = 4 * (uint32_t)((ky * layer->kernel_w + columns->tap0) * layer->in_words);
        for (int32_t i = 0; i < run; i++, n++, at += 4) {
            if (listed) {
                uint32_t *to = words + 8 * (n / 4) + n % 4;
                to[0] = in[i];
                to[4] = at;
            } else {
                words[n] = in[i];
            }
        }
    }
    p->words = words;
    p->count = n;
}
#endif
