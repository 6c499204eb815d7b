/* A binary convolution around a function that compares the words of a pixel's patch with two filters. */
#ifndef BNN_DOTS_H
#define BNN_DOTS_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "pad.h"
#include "region.h"
#include "threshold.h"

/* The in-image part of a patch: `rows` runs of `run` words, neither of which is 0. */
typedef struct {
    int32_t rows, run;
    int32_t a_skip, w_skip; /* words from the end of a run to the next one, in the input and in the weights */
} bnn_runs;

/* Bits in which a patch at `a` differs from two filters whose words alternate at `w`: the first filter's in the lower
 * half of the result. Not inline, so that all registers are free for it. */
typedef uint64_t (*bnn_count_two)(const bnn_runs *p, const uint32_t *a, const uint32_t *w);

BNN_INLINE uint64_t bnn_two_counts(uint32_t first, uint32_t second)
{
    return (uint64_t)second << 32 | first;
}

/* The packed outputs of a pixel whose first in-image tap is at `in`; w: that tap's weights, of the first outputs. */
BNN_INLINE void bnn_dots_of_pixel(const bnn_layer *layer, const bnn_runs *p, uint32_t synapses, const uint32_t *in,
                                  const uint32_t *w, uint32_t *out, bnn_count_two count)
{
    const int32_t filter_words = layer->kernel_h * layer->kernel_w * layer->in_words;
    for (int32_t group = 0; group < layer->out_words; group++) {
        const int32_t first = 32 * group;
        int32_t o = layer->out_c < first + 32 ? (layer->out_c + 1) & ~1 : first + 32;
        uint32_t bits = 0;
        while (o > first) {
            o -= 2;
            uint64_t counts = synapses ? count(p, in, w + o * filter_words) : 0;
            bits = bnn_push_threshold(bits,
                                      synapses + (uint32_t)layer->bias[o + 1] - 2 * (uint32_t)(counts >> 32),
                                      layer->width[o + 1]);
            bits = bnn_push_threshold(bits, synapses + (uint32_t)layer->bias[o] - 2 * (uint32_t)counts,
                                      layer->width[o]);
        }
        out[group] = bits ^ layer->polarity[group];
    }
}

/* weights: bit O/2 Y X C/32 O%2 C%32; scratch_bytes: frame_bytes */
BNN_INLINE void bnn_convolve_dots(const bnn_layer *layer, bnn_count_two count)
{
    bnn_layer framed;
    bnn_stretch rows, columns;
    bnn_runs p;
    layer = bnn_framed(layer, &framed);
    uint32_t *out = layer->output;
    for (int32_t y = 0; y < layer->out_h; y++) {
        if (y == 0 || y == rows.to)
            rows = bnn_rows_at(layer, y);
        for (int32_t x = 0; x < layer->out_w; x++, out += layer->out_words) {
            if (x == 0 || x == columns.to)
                columns = bnn_columns_at(layer, x);
            p.rows = bnn_stretch_taps(&rows);
            p.run = bnn_stretch_taps(&columns) * layer->in_words;
            p.a_skip = layer->in_w * layer->in_words - p.run;
            p.w_skip = 2 * (layer->kernel_w * layer->in_words - p.run);
            const int32_t top = y * layer->stride_h - layer->pad_top + rows.tap0;
            const int32_t left = x * layer->stride_w - layer->pad_left + columns.tap0;
            const int32_t skip = (rows.tap0 * layer->kernel_w + columns.tap0) * layer->in_words;
            bnn_dots_of_pixel(layer, &p, (uint32_t)(p.rows * bnn_stretch_taps(&columns) * layer->in_c),
                              (const uint32_t *)layer->input + (top * layer->in_w + left) * layer->in_words,
                              (const uint32_t *)layer->weights + 2 * skip, out, count);
        }
    }
}
#endif
