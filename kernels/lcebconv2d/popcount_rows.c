/* ---
operator: LceBconv2d
variant: popcount_rows
idea: >-
  BBConv2D's popcount_rows, for a population count instruction (or the fused one) on a core with Armv6-M's low
  registers: one pixel by four outputs. The distances of two pixels go side by side into words, which are converted
  together
registers: as BBConv2D's
needs: [any_popcount]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 4 * kernel_h * kernel_w * in_words + 4 * (out_c + 3)
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "lce.h"
#include "pad.h"
#include "region.h"
#include "rows.h"

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

/* Add a pixel's distances to the pairs, in the upper halves if `second`. weights: of the first output at the first tap
 * in the image. */
static void add_pixel(const bnn_layer *layer, const bnn_rows_window *w, const uint32_t *weights, uint32_t outside,
                      uint32_t *pairs, int32_t second)
{
    const uint32_t *const words = layer->scratch;
    const int32_t four_words = 4 * layer->kernel_h * layer->kernel_w * layer->in_words;
    for (int32_t o = 0; o < layer->out_c; o += 4, weights += four_words, pairs += 4) {
        uint32_t sums[4] = {0, 0, 0, 0};
        if (w->end != words)
            bnn_count_four(words, weights, w, sums);
        for (int32_t i = 0; i < 4; i++) {
            const uint32_t distance = outside + 2 * sums[i];
            pairs[i] = second ? pairs[i] | distance << 16 : distance;
        }
    }
}

void lcebconv2d_popcount_rows(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t all = layer->kernel_h * layer->kernel_w, pixel_bytes = layer->out_c * layer->out_bytes;
    uint32_t *const words = layer->scratch, *const pairs = words + all * layer->in_words;
    char *out = layer->output;
    bnn_stretch rows = {0, 0, 0, 0}, columns;
    int32_t second = 0;
    for (int32_t y = 0; y < layer->out_h; y++) {
        if (y == rows.to)
            rows = bnn_rows_at(layer, y);
        for (int32_t x = 0; x < layer->out_w; x = columns.to) {
            columns = bnn_columns_at(layer, x);
            bnn_rows_region r = bnn_describe_rows(layer, &rows, &columns, y, words);
            const uint32_t outside = (uint32_t)((all - r.taps) * layer->in_c);
            for (int32_t i = x; i < columns.to; i++, out += pixel_bytes) {
                bnn_gather_row_pixel(layer, &r);
                add_pixel(layer, &r.window, r.weights, outside, pairs, second);
                if (second)
                    bnn_lce_store_pairs(layer, pairs, 0, layer->out_c, out - pixel_bytes, out);
                second ^= 1;
            }
        }
    }
    if (second)
        bnn_lce_store_pairs(layer, pairs, 0, layer->out_c, out - pixel_bytes, 0);
}
