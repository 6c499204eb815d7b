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
  frame_bytes + 4096 + 128 + min(256, out_h * out_w) * 4 * (11 + 5 * (kernel_h * kernel_w * in_c > 1022))
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32766
--- */
#include "bnn_layer.h"
#include "counters.h"
#include "lce_planes.h"
#include "pad.h"
#include "tables.h"

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

void lcebconv2d_bitsliced_tables(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    bnn_counters s;
    bnn_begin_tables(layer, &s, layer->scratch);
    s.starts = bnn_lce_starts;
    s.tile = (bnn_rectangle){0, 0, 0, 0};
    while (bnn_next_tile(layer, &s.tile, BNN_TABLES_TILE)) {
        const uint32_t *w = layer->weights;
        for (int32_t group = 0; 32 * group < layer->out_c; group++) {
            bnn_start_counters(layer, &s);
            w = bnn_count_group(layer, &s, w);
            bnn_lce_store_counters(layer, &s, group);
        }
    }
}
