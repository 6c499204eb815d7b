/* ---
operator: BBConv2D
variant: popcount_rows
idea: >-
  for a population count instruction on a core with Armv6-M's low registers, in assembly; takes either primitive. One
  pixel by four outputs: a word of the patch, gathered once, meets four weights that LDM fetches. A patch that sees
  all columns of the kernel is one run of words, any other a run per kernel row.
registers: two pointers, an activation, four weights; four sums, the run's end and the gap behind it in high registers
needs: [any_popcount]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 4 * kernel_h * kernel_w * in_words
--- */
#include "bnn_layer.h"
#include "pad.h"
#include "region.h"
#include "rows.h"
#include "threshold.h"

/* The packed outputs of one pixel. weights: of the first output at the first tap in the image. */
static void pixel(const bnn_layer *layer, const bnn_rows_window *w, const uint32_t *weights, uint32_t synapses,
                  uint32_t *out)
{
    const uint32_t *const words = layer->scratch;
    const int32_t four_words = 4 * layer->kernel_h * layer->kernel_w * layer->in_words;
    for (int32_t word = 0, first = 0; word < layer->out_words; word++, first += 32) {
        const int32_t rest = layer->out_c - first;
        uint32_t bits = 0;
        for (int32_t o = first + (((rest > 32 ? 32 : rest) - 1) & ~3); o >= first; o -= 4) {
            uint32_t sums[4] = {0, 0, 0, 0};
            if (w->end != words)
                bnn_count_four(words, weights + o / 4 * four_words, w, sums);
            for (int32_t i = 3; i >= 0; i--)
                bits = bnn_push_threshold(bits, synapses + (uint32_t)layer->bias[o + i] - 2 * sums[i],
                                          layer->width[o + i]);
        }
        out[word] = (bits ^ layer->polarity[word]) & (rest >= 32 ? ~0u : (1u << rest) - 1);
    }
}

void bbconv2d_popcount_rows(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    uint32_t *const words = layer->scratch, *out = layer->output;
    bnn_stretch rows = {0, 0, 0, 0}, columns;
    for (int32_t y = 0; y < layer->out_h; y++) {
        if (y == rows.to)
            rows = bnn_rows_at(layer, y);
        for (int32_t x = 0; x < layer->out_w; x = columns.to) {
            columns = bnn_columns_at(layer, x);
            bnn_rows_region r = bnn_describe_rows(layer, &rows, &columns, y, words);
            for (int32_t i = x; i < columns.to; i++, out += layer->out_words) {
                bnn_gather_row_pixel(layer, &r);
                pixel(layer, &r.window, r.weights, (uint32_t)(r.taps * layer->in_c), out);
            }
        }
    }
}
