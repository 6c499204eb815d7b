/* ---
operator: LceBconv2d
variant: harley_seal
idea: >-
  BBConv2D's harley_seal: one dot product at a time by carry-save adders, ended by USADA8. The distances of two pixels
  go side by side into words, which are converted as in popcount_blocked. For maps of a few pixels, where tables
  do not pay
registers: as BBConv2D's; converting takes s0 to s15
needs: [dsp]
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: frame_bytes + 8 * (kernel_h * kernel_w * in_words + 3) + 4 * out_c
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "harley.h"
#include "inline.h"
#include "lce.h"
#include "pad.h"
#include "region.h"

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

/* Add a pixel's distances, each times `unit`: 1 for the lower halves of the pairs, 65536 for the upper ones. */
BNN_INLINE void add_pixel(const bnn_layer *layer, const bnn_harley_patch *p, uint32_t outside, uint32_t *pairs,
                          uint32_t unit, int listed)
{
    const uint32_t filter_words = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_words);
    const uint32_t *filter = layer->weights;
    for (int32_t o = 0; o < layer->out_c; o++, filter += filter_words) {
        uint32_t x = listed ? bnn_dot_listed(p, filter) : bnn_dot_in_order(p, filter);
        pairs[o] = (unit == 1 ? 0 : pairs[o]) + (outside + 2 * x) * unit;
    }
}

void lcebconv2d_harley_seal(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t all = layer->kernel_h * layer->kernel_w, pixel_bytes = layer->out_c * layer->out_bytes;
    uint32_t *const pairs = (uint32_t *)layer->scratch + 2 * (all * layer->in_words + 3);
    char *out = layer->output;
    bnn_stretch rows, columns;
    bnn_harley_patch p;
    int32_t second = 0;
    for (int32_t y = 0; y < layer->out_h; y++) {
        if (y == 0 || y == rows.to)
            rows = bnn_rows_at(layer, y);
        for (int32_t x = 0; x < layer->out_w; x++, out += pixel_bytes) {
            if (x == 0 || x == columns.to)
                columns = bnn_columns_at(layer, x);
            const int32_t taps = bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns), listed = taps != all;
            const uint32_t outside = (uint32_t)((all - taps) * layer->in_c);
            bnn_gather_patch(layer, &rows, &columns, y, x, &p, listed);
            add_pixel(layer, &p, outside, pairs, second ? 65536 : 1, listed);
            if (second)
                bnn_lce_store_pairs(layer, pairs, 0, layer->out_c, out - pixel_bytes, out);
            second ^= 1;
        }
    }
    if (second)
        bnn_lce_store_pairs(layer, pairs, 0, layer->out_c, out - pixel_bytes, 0);
}
