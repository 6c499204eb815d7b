/* ---
operator: BBConv2D
variant: harley_seal
idea: >-
  one dot product at a time, every instruction of the core allowed. The words of a pixel's in-image taps
  are gathered once and meet every filter; carry-save adders take eight words to one word of eights, whose
  byte counts are summed, and a word finishes the dot product with USADA8. Pixels that see the
  whole kernel read a filter in order, border pixels by a list of offsets. For small maps and few words.
registers: >-
  ones, twos, fours, two temporaries, byte sums, three pointers and three masks; block loads come in
  groups of four
needs: [dsp]
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: 8 * kernel_h * kernel_w * in_words
--- */
#include "bnn_layer.h"
#include "primitives.h"

/* (carry, s) = s + x + y per bit: three words in, s and a carry in x out, y is used up */
#define FULL_ADD(s, x, y) \
    do {                  \
        s ^= x;           \
        x ^= y;           \
        x |= s;           \
        s ^= y;           \
        x ^= s;           \
    } while (0)

#define HALF_ADD(s, x)      \
    do {                    \
        uint32_t c_ = s & x; \
        s ^= x;             \
        x = c_;             \
    } while (0)

typedef struct {
    uint32_t count;        /* words of the in-image taps */
    const uint32_t *words; /* their activations */
    const uint32_t *offsets; /* where a filter keeps their weights, in bytes */
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

/* popcount(a ^ w) over a patch; `listed` is a constant, so that each use becomes a loop of its own */
BNN_INLINE uint32_t dot(const patch *p, const uint32_t *filter, int listed)
{
    const uint32_t *a = p->words;
    const uint32_t *at = p->offsets;
    uint32_t ones = 0, twos = 0, fours = 0, bytes = 0, total = 0;
#define TERM(i) (a[i] ^ (listed ? load(filter, at[i]) : filter[i]))
#define ADVANCE(n) (a += n, listed ? (at += n) : (filter += n))
    for (uint32_t blocks = p->count / 8, until_flush = 31; blocks; blocks--) {
        uint32_t x0 = TERM(0), x1 = TERM(1), x2 = TERM(2), x3 = TERM(3);
        FULL_ADD(ones, x0, x1);
        FULL_ADD(ones, x2, x3);
        FULL_ADD(twos, x0, x2);
        uint32_t y0 = TERM(4), y1 = TERM(5), y2 = TERM(6), y3 = TERM(7);
        FULL_ADD(ones, y0, y1);
        FULL_ADD(ones, y2, y3);
        FULL_ADD(twos, y0, y2);
        FULL_ADD(fours, x0, y0);
        bytes += byte_counts(x0);
        ADVANCE(8);
        if (--until_flush == 0) { /* before a byte of 8 per block overflows */
            total = bnn_usada8(bytes, 0, total);
            bytes = 0;
            until_flush = 31;
        }
    }
    if (p->count & 4) {
        uint32_t x0 = TERM(0), x1 = TERM(1), x2 = TERM(2), x3 = TERM(3);
        FULL_ADD(ones, x0, x1);
        FULL_ADD(ones, x2, x3);
        FULL_ADD(twos, x0, x2);
        HALF_ADD(fours, x0);
        bytes += byte_counts(x0);
        ADVANCE(4);
    }
    if (p->count & 2) {
        uint32_t x0 = TERM(0), x1 = TERM(1);
        FULL_ADD(ones, x0, x1);
        HALF_ADD(twos, x0);
        HALF_ADD(fours, x0);
        bytes += byte_counts(x0);
        ADVANCE(2);
    }
    uint32_t last = p->count & 1 ? byte_counts(TERM(0)) : 0;
    total = 8 * bnn_usada8(bytes, 0, total);
    last += byte_counts(ones) + 2 * byte_counts(twos) + 4 * byte_counts(fours);
    return bnn_usada8(last, 0, total);
#undef TERM
#undef ADVANCE
}

/* The outputs of one pixel, a word of 32 channels at a time, channel 31 first. `all` is K + bias - 2 X's K. */
BNN_INLINE void pixel(const bnn_layer *layer, const patch *p, int32_t synapses, uint32_t *out, int listed)
{
    const uint32_t filter_words = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_words);
    for (int32_t group = 0; group < layer->out_words; group++) {
        int32_t first = 32 * group, o = layer->out_c < first + 32 ? layer->out_c : first + 32;
        const uint32_t *filter = (const uint32_t *)layer->weights + (uint32_t)o * filter_words;
        uint32_t bits = 0;
        while (o-- > first) {
            filter -= filter_words;
            uint32_t u = (uint32_t)(synapses + layer->bias[o]) - 2 * dot(p, filter, listed);
            bits = bnn_push_threshold(bits, u, layer->width[o]);
        }
        out[group] = bits ^ layer->polarity[group];
    }
}

/* Collect the words of the in-image taps of output pixel (y, x). */
BNN_INLINE void gather(const bnn_layer *layer, int32_t y, int32_t x, patch *p)
{
    uint32_t *words = layer->scratch;
    uint32_t *offsets = words + layer->kernel_h * layer->kernel_w * layer->in_words;
    const int32_t top = y * layer->stride_h - layer->pad_top, left = x * layer->stride_w - layer->pad_left;
    const int32_t kx0 = left < 0 ? -left : 0;
    const int32_t kx1 = left + layer->kernel_w > layer->in_w ? layer->in_w - left : layer->kernel_w;
    const int32_t run = (kx1 - kx0) * layer->in_words;
    uint32_t n = 0;
    p->words = words;
    p->offsets = offsets;
    for (int32_t ky = 0; ky < layer->kernel_h; ky++) {
        if (top + ky < 0 || top + ky >= layer->in_h)
            continue;
        const uint32_t *in = (const uint32_t *)layer->input
                             + ((top + ky) * layer->in_w + left + kx0) * layer->in_words;
        uint32_t at = 4 * (uint32_t)((ky * layer->kernel_w + kx0) * layer->in_words);
        for (int32_t i = 0; i < run; i++, n++, at += 4) {
            words[n] = in[i];
            offsets[n] = at;
        }
    }
    p->count = n;
}

void bbconv2d_harley_seal(const bnn_layer *layer)
{
    const uint32_t whole = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_words);
    uint32_t *out = layer->output;
    patch p;
    for (int32_t y = 0; y < layer->out_h; y++) {
        for (int32_t x = 0; x < layer->out_w; x++) {
            gather(layer, y, x, &p);
            int32_t synapses = (int32_t)p.count / layer->in_words * layer->in_c;
            if (p.count == whole)
                pixel(layer, &p, synapses, out, 0);
            else
                pixel(layer, &p, synapses, out, 1);
            out += layer->out_words;
        }
    }
}
