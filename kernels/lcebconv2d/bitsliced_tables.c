/* ---
operator: LceBconv2d
variant: bitsliced_tables
idea: >-
  BBConv2D's bitsliced_tables: bit-sliced counters whose 32 lanes are output channels, fed from tables of the weights.
  Counters start at the synapses outside the image, in plane 0 up, and counts go from plane 1 up, so that the planes
  are distances. Two pixels' planes are transposed together into words of two distances, which are converted as
  in popcount_blocked
registers: >-
  as BBConv2D's; transposing holds four rows at a time; converting takes s0 to s15
needs: []
fixed_time: true
looks_up_in: activations
weights: bit O/32 Y X C/32 C%32 O%32
scratch_bytes: >-
  frame_bytes + 4096 + 256 + min(256, out_h * out_w) * 4 * (11 + 5 * (kernel_h * kernel_w * in_c > 1022))
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32766
--- */
#include "bnn_layer.h"
#include "lce_planes.h"
#include "pad.h"
#include "primitives.h"
#include "tables.h"

enum { TILE_PIXELS = 256 };

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

/* Taps in the image along one axis. */
BNN_INLINE int32_t taps(int32_t first, int32_t kernel, int32_t size)
{
    int32_t from = first < 0 ? -first : 0, to = first + kernel > size ? size - first : kernel;
    return to > from ? to - from : 0;
}

/* Counters begin at the synapses outside the image. */
static void start_counters(const bnn_layer *layer, const bnn_tile *t, uint32_t *counters, int32_t m)
{
    const int32_t all = layer->kernel_h * layer->kernel_w;
    for (int32_t y = t->y0; y < t->y1; y++) {
        int32_t rows = taps(y * layer->stride_h - layer->pad_top, layer->kernel_h, layer->in_h);
        for (int32_t x = t->x0; x < t->x1; x++) {
            int32_t seen = rows * taps(x * layer->stride_w - layer->pad_left, layer->kernel_w, layer->in_w);
            uint32_t outside = (uint32_t)((all - seen) * layer->in_c);
            for (int32_t i = 0; i < m; i++, outside >>= 1)
                *counters++ = 0u - (outside & 1);
        }
    }
}

void lcebconv2d_bitsliced_tables(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    uint32_t *const tables = layer->scratch, *const pairs = tables + BNN_TABLE_WORDS, *const counters = pairs + 64;
    const int32_t synapses = layer->kernel_h * layer->kernel_w * layer->in_c;
    const int32_t m = (synapses > 1022 ? BNN_MANY_PLANES : BNN_FEW_PLANES) + 1;
    const int32_t width = layer->out_w < TILE_PIXELS ? layer->out_w : TILE_PIXELS;
    const int32_t height = TILE_PIXELS / width;
    bnn_tile t;
    for (t.y0 = 0; t.y0 < layer->out_h; t.y0 = t.y1) {
        t.y1 = t.y0 + height < layer->out_h ? t.y0 + height : layer->out_h;
        for (t.x0 = 0; t.x0 < layer->out_w; t.x0 = t.x1) {
            const uint32_t *w = layer->weights;
            t.x1 = t.x0 + width < layer->out_w ? t.x0 + width : layer->out_w;
            for (int32_t group = 0; 32 * group < layer->out_c; group++) {
                start_counters(layer, &t, counters, m);
                w = bnn_count_group(layer, &t, w, counters, tables, m);
                bnn_lce_store_planes(layer, &(bnn_lce_tile){t.y0, t.y1, t.x0, t.x1, m}, group, counters, pairs);
            }
        }
    }
}
