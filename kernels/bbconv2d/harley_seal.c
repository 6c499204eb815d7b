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
#include "bnn_layer.h"
#include "harley.h"
#include "pad.h"
#include "region.h"
#include "threshold.h"

/* The outputs of one pixel, a word of 32 channels at a time, channel 31 first. */
static void pixel(const bnn_layer *layer, const bnn_harley_patch *p, int32_t synapses, uint32_t *out, int listed)
{
    const uint32_t filter_words = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_words);
    for (int32_t group = 0; group < layer->out_words; group++) {
        int32_t first = 32 * group, o = layer->out_c < first + 32 ? layer->out_c : first + 32;
        const uint32_t *filter = (const uint32_t *)layer->weights + (uint32_t)o * filter_words;
        uint32_t bits = 0;
        while (o-- > first) {
            filter -= filter_words;
            uint32_t x = listed ? bnn_dot_listed(p, filter) : bnn_dot_in_order(p, filter);
            bits = bnn_push_threshold(bits, (uint32_t)(synapses + layer->bias[o]) - 2 * x, layer->width[o]);
        }
        out[group] = bits ^ layer->polarity[group];
    }
}

void bbconv2d_harley_seal(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t all = layer->kernel_h * layer->kernel_w;
    bnn_stretch rows, columns;
    bnn_harley_patch p;
    for (int32_t y = 0; y < layer->out_h; y++) {
        if (y == 0 || y == rows.to)
            rows = bnn_rows_at(layer, y);
        uint32_t *out = (uint32_t *)layer->output + y * layer->out_w * layer->out_words;
        for (int32_t x = 0; x < layer->out_w; x = columns.to) {
            columns = bnn_columns_at(layer, x);
            const int32_t taps = bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns);
            for (int32_t i = x; i < columns.to; i++, out += layer->out_words) {
                bnn_gather_patch(layer, &rows, &columns, y, i, &p, taps != all);
                pixel(layer, &p, taps * layer->in_c, out, taps != all);
            }
        }
    }
}
