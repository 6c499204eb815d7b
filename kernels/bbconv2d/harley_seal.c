/* ---
operator: BBConv2D
variant: harley_seal
idea: >-
  one dot product at a time, every instruction of the core allowed. The words of a pixel's in-image taps
  are gathered once and meet every filter; carry-save adders take eight words to one word of eights, whose
  byte counts are summed, and USADA8 finishes the dot product. Pixels that see the whole kernel read a filter in
  order, border pixels by a list of offsets. For small maps, where the tables of other variants do not pay.
registers: >-
  four activation and four weight words by load-multiple, ones, twos, fours, one pending carry, two pointers;
  byte sums and counts of blocks are in memory
needs: [dsp]
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: frame_bytes + 8 * (kernel_h * kernel_w * in_words + 3)
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "pad.h"
#include "primitives.h"
#include "region.h"

typedef struct {
    uint32_t count;        /* words of the in-image taps */
    const uint32_t *words; /* their activations; if listed, after every four the byte offsets of their weights */
} patch;

/* counts of ones per byte */
BNN_INLINE uint32_t byte_counts(uint32_t x)
{
    x -= (x >> 1) & 0x55555555u;
    x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
    return (x + (x >> 4)) & 0x0f0f0f0fu;
}

BNN_INLINE uint32_t load(const uint32_t *base, uint32_t byte_offset)
{
    return *(const uint32_t *)((const char *)base + byte_offset);
}

#define FULL_ADD(s, x, y)              \
    "eor.w " #s ", " #s ", " #x "\n\t" \
    "eor.w " #x ", " #x ", " #y "\n\t" \
    "orr.w " #x ", " #x ", " #s "\n\t" \
    "eor.w " #s ", " #s ", " #y "\n\t" \
    "eor.w " #x ", " #x ", " #s "\n\t"

/* Add four words to ones and twos; `carry` becomes their fours. Loads are aligned, see the fetch queue. */
#define ADD_FOUR(weights, carry)                                                                  \
    do {                                                                                          \
        register uint32_t carry_ __asm__("r2");                                                   \
        __asm__ volatile(".p2align 2\n\tldm.w %1!, {r2-r5}\n\t" weights                            \
                         "eor.w r2, r2, r6\n\teor.w r3, r3, r7\n\t"                               \
                         "eor.w r4, r4, r8\n\teor.w r5, r5, r9\n\t"                               \
                         FULL_ADD(%3, r2, r3) FULL_ADD(%3, r4, r5) FULL_ADD(%4, r2, r4)           \
                         : "=r"(carry_), "+r"(a), "+r"(filter), "+r"(ones), "+r"(twos)            \
                         :                                                                        \
                         : "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory");                   \
        carry = carry_;                                                                           \
    } while (0)
#define IN_ORDER "ldm.w %2!, {r6-r9}\n\t"
#define LISTED                                                                          \
    "ldm.w %1!, {r6-r9}\n\t"                                                            \
    "ldr.w r6, [%2, r6]\n\tldr.w r7, [%2, r7]\n\tldr.w r8, [%2, r8]\n\tldr.w r9, [%2, r9]\n\t"

/* The dot product's last up to three words, at most one byte count of 8 each beside those of the planes. */
#define TERM(i) (a[i] ^ (listed ? load(filter, a[(i) + 4]) : filter[i]))

BNN_INLINE uint32_t finish(uint32_t count, const uint32_t *a, const uint32_t *filter, uint32_t ones, uint32_t twos,
                           uint32_t fours, uint32_t eights, uint32_t total, int listed)
{
    uint32_t last = 0;
    if (count & 2) {
        uint32_t x0 = TERM(0), x1 = TERM(1);
        BNN_FULL_ADD(ones, x0, x1);
        BNN_HALF_ADD(twos, x0);
        BNN_HALF_ADD(fours, x0);
        eights += byte_counts(x0);
        a += 2;
        filter += listed ? 0 : 2;
    }
    if (count & 1)
        last = byte_counts(TERM(0));
    total = 8 * bnn_usada8(eights, 0, total);
    last += byte_counts(ones) + 2 * byte_counts(twos) + 4 * byte_counts(fours);
    return bnn_usada8(last, 0, total);
}

/* popcount(a ^ w) over a patch. Two functions: as one they would spill inside the loops. */
#define DOT(name, WEIGHTS, listed)                                                                 \
    BNN_NOINLINE uint32_t name(const patch *p, const uint32_t *filter)                             \
    {                                                                                              \
        const uint32_t *a = p->words;                                                              \
        const uint32_t count = p->count;                                                           \
        uint32_t ones = 0, twos = 0, fours = 0, bytes = 0, total = 0, x, y;                        \
        for (uint32_t blocks = count / 8; blocks;) {                                               \
            uint32_t n = blocks < 31 ? blocks : 31; /* a byte holds 31 counts of 8 */              \
            blocks -= n;                                                                           \
            bytes = 0;                                                                             \
            do {                                                                                   \
                ADD_FOUR(WEIGHTS, x);                                                              \
                ADD_FOUR(WEIGHTS, y);                                                              \
                BNN_FULL_ADD(fours, x, y);                                                         \
                bytes += byte_counts(x);                                                           \
            } while (--n);                                                                         \
            total = bnn_usada8(bytes, 0, total);                                                   \
        }                                                                                          \
        bytes = 0;                                                                                 \
        if (count & 4) {                                                                           \
            ADD_FOUR(WEIGHTS, x);                                                                  \
            BNN_HALF_ADD(fours, x);                                                                \
            bytes = byte_counts(x);                                                                \
        }                                                                                          \
        return finish(count, a, filter, ones, twos, fours, bytes, total, listed);                  \
    }

DOT(dot_in_order, IN_ORDER, 0)
DOT(dot_listed, LISTED, 1)

/* The outputs of one pixel, a word of 32 channels at a time, channel 31 first. */
static void pixel(const bnn_layer *layer, const patch *p, int32_t synapses, uint32_t *out, int listed)
{
    const uint32_t filter_words = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_words);
    for (int32_t group = 0; group < layer->out_words; group++) {
        int32_t first = 32 * group, o = layer->out_c < first + 32 ? layer->out_c : first + 32;
        const uint32_t *filter = (const uint32_t *)layer->weights + (uint32_t)o * filter_words;
        uint32_t bits = 0;
        while (o-- > first) {
            filter -= filter_words;
            uint32_t x = listed ? dot_listed(p, filter) : dot_in_order(p, filter);
            bits = bnn_push_threshold(bits, (uint32_t)(synapses + layer->bias[o]) - 2 * x, layer->width[o]);
        }
        out[group] = bits ^ layer->polarity[group];
    }
}

/* Collect the words of the in-image taps of output pixel (y, x). */
static void gather(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns, int32_t y, int32_t x,
                   patch *p, int listed)
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

void bbconv2d_harley_seal(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t all = layer->kernel_h * layer->kernel_w;
    bnn_stretch rows, columns;
    patch p;
    for (int32_t y = 0; y < layer->out_h; y++) {
        if (y == 0 || y == rows.to)
            rows = bnn_rows_at(layer, y);
        uint32_t *out = (uint32_t *)layer->output + y * layer->out_w * layer->out_words;
        for (int32_t x = 0; x < layer->out_w; x = columns.to) {
            columns = bnn_columns_at(layer, x);
            const int32_t taps = bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns);
            for (int32_t i = x; i < columns.to; i++, out += layer->out_words) {
                gather(layer, &rows, &columns, y, i, &p, taps != all);
                pixel(layer, &p, taps * layer->in_c, out, taps != all);
            }
        }
    }
}
