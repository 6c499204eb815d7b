/* ---
operator: LceBconv2d
variant: bitsliced_pairs
idea: >-
  BBConv2D's bitsliced_pairs: bit-sliced counters whose 32 lanes are output channels, fed from tables of two weight
  words at a time. Counters start at the synapses outside the image, in plane 0 up, and counts go from plane 1 up, so
  that the planes are distances. Two pixels' planes are transposed together into words of two distances, about
  10 cycles per output, and those are converted as in popcount_blocked
registers: >-
  as BBConv2D's; transposing holds eight rows at a time; converting takes s0 to s15
needs: [thumb2]
fixed_time: true
looks_up_in: activations
weights: bit O/32 X Y C/32 C%32 O%32
scratch_bytes: >-
  frame_bytes + 8192 + 128 + max(in_h * in_w * in_words, frame_bytes // 4)
  + min(512, out_h * out_w) * 4 * (11 + 5 * (kernel_h * kernel_w * in_c > 1022))
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32766
--- */
#include "bnn_layer.h"
#include "lce_planes.h"
#include "pad.h"
#include "primitives.h"
#include "region.h"
#include "table_pairs_tile.h"

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

/* Counters begin at the synapses outside the image. */
static void start_counters(const bnn_layer *layer, const bnn_pairs *s)
{
    const bnn_rectangle *t = &s->tile;
    const int32_t all = layer->kernel_h * layer->kernel_w, width = t->x1 - t->x0;
    bnn_stretch rows, columns;
    for (int32_t x = t->x0; x < t->x1; x = columns.to) {
        columns = bnn_columns_at(layer, x);
        const int32_t pixels = (columns.to < t->x1 ? columns.to : t->x1) - x;
        uint32_t *counters = s->counters + s->m * (x - t->x0);
        for (int32_t y = t->y0; y < t->y1; y++, counters += s->m * width) {
            if (y == t->y0 || y == rows.to) {
                rows = bnn_rows_at(layer, y);
                const int32_t outside = all - bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns);
                for (int32_t i = 0; i < s->m; i++)
                    s->work[i] = bnn_broadcast_bit((uint32_t)(outside * layer->in_c), i);
            }
            bnn_fill_run(s, counters, pixels);
        }
    }
}

void lcebconv2d_bitsliced_pairs(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t width = layer->out_w < BNN_PAIRS_TILE_PIXELS ? layer->out_w : BNN_PAIRS_TILE_PIXELS;
    const int32_t height = BNN_PAIRS_TILE_PIXELS / width;
    bnn_pairs s;
    bnn_rectangle *const t = &s.tile;
    bnn_begin_pairs(layer, &s, layer->scratch);
    for (t->y0 = 0; t->y0 < layer->out_h; t->y0 = t->y1) {
        t->y1 = t->y0 + height < layer->out_h ? t->y0 + height : layer->out_h;
        for (t->x0 = 0; t->x0 < layer->out_w; t->x0 = t->x1) {
            const uint32_t *w = layer->weights;
            t->x1 = t->x0 + width < layer->out_w ? t->x0 + width : layer->out_w;
            const bnn_lce_tile tile = {t->y0, t->y1, t->x0, t->x1, s.m};
            for (int32_t group = 0; 32 * group < layer->out_c; group++) {
                start_counters(layer, &s);
                w = bnn_count_group(layer, &s, w);
                bnn_lce_store_planes(layer, &tile, group, s.counters, s.work);
            }
        }
    }
}
