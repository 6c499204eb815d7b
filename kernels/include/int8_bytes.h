/* Runs of int8 inputs as words, for instructions that work on bytes side by side: words of some pixels alternate. */
#ifndef BNN_INT8_BYTES_H
#define BNN_INT8_BYTES_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "int8_lanes.h"
#include "int8_window.h"

/* Four loads side by side from any address: they overlap, which compilers do not always arrange. */
#define BNN_LOAD_FOUR(a, b, c, d, from)                                                     \
    __asm__("ldr %0, [%4]\n\tldr %1, [%4, #4]\n\tldr %2, [%4, #8]\n\tldr %3, [%4, #12]"     \
            : "=&r"(a), "=&r"(b), "=&r"(c), "=r"(d)                                         \
            : "r"(from), "m"(*(const int8_t(*)[16])(from)))

/* `words` words from any address; returns where the next one goes. */
BNN_INLINE uint32_t *bnn_put_words(uint32_t *to, const int8_t *from, int32_t words, int32_t pixels)
{
    for (; words >= 4; words -= 4, from += 16, to += 4 * pixels) {
        uint32_t a, b, c, d;

        BNN_LOAD_FOUR(a, b, c, d, from);
        to[0] = a;
        to[pixels] = b;
        to[2 * pixels] = c;
        to[3 * pixels] = d;
    }
#pragma GCC unroll 1
    for (; words > 0; words--, from += 4, to += pixels)
        *to = bnn_load_lanes(from);
    return to;
}

/* The same word `words` times. */
BNN_INLINE uint32_t *bnn_put_same(uint32_t *to, uint32_t value, int32_t words, int32_t pixels)
{
#pragma GCC unroll 1
    for (; words > 0; words--, to += pixels)
        *to = value;
    return to;
}

/* A run of `words` words: `before` bytes of the zero point, `count` of the input, the zero point again. The last bytes
 * of the last word may be any if the run is whole: their weights are 0. */
BNN_NOINLINE void bnn_put_run(const bnn_layer *layer, uint32_t *to, const int8_t *from, int32_t before, int32_t count,
                              int32_t words, int32_t pixels)
{
    const uint32_t nothing = bnn_lanes_of(-layer->input_offset);
    const int32_t tail = count & 3;

    if ((before & 3) == 0 && (tail == 0 || count > 4)) {
        uint32_t *at = bnn_put_same(to, nothing, before >> 2, pixels);

        at = bnn_put_words(at, from, count >> 2, pixels);
        words -= (before >> 2) + (count >> 2);
        if (tail) { /* the last four bytes, and zero points behind them */
            *at = bnn_load_lanes(from + count - 4) >> (32 - 8 * tail) | nothing << (8 * tail);
            at += pixels;
            words--;
        }
        bnn_put_same(at, nothing, words, pixels);
        return;
    }
    bnn_put_same(to, nothing, words, pixels);
    for (int32_t k = before; k < before + count; k++)
        ((int8_t *)(to + (k >> 2) * pixels))[k & 3] = *from++;
}

/* The window of output pixel (y, x) as column `to` of a patch, taps outside the image at the zero point. */
BNN_INLINE void bnn_put_window(const bnn_layer *layer, uint32_t *to, int32_t y, int32_t x, int32_t run_words,
                               int32_t pixels)
{
    const bnn_window at = bnn_window_at(layer, y, x);
    const int32_t channels = layer->in_c, before = at.x0 * channels, count = (at.x1 - at.x0) * channels;
    const int8_t *from = (const int8_t *)layer->input + (at.row * layer->in_w + at.column + at.x0) * channels;

    for (int32_t i = 0; i < layer->kernel_h; i++, to += run_words * pixels, from += layer->in_w * channels) {
        const int32_t inside = i >= at.y0 && i < at.y1;

        bnn_put_run(layer, to, from, inside ? before : 0, inside ? count : 0, run_words, pixels);
    }
}
#endif
