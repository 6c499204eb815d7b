/* ---
operator: BBConv2D
variant: bitsliced_pairs
idea: >-
  bit-sliced counters whose 32 lanes are output channels, fed from tables as in bitsliced_tables, with fewer planes
  to add. A weight word's channels form groups of 7, 7, 6, 6, 6; a table gives, for every pattern of a group's
  activation bits, only the twos and fours of the count of a ^ w. The ones are a ^ w's parities, so the ones
  of all five groups together depend on the parities of the five patterns alone: one more table of 32 entries, whose
  index is found once per input word. That is 13 planes for 32 channels. Two weight words (of any taps) are looked up
  in one go, so that counters are loaded, rippled and stored half as often: 236 cycles for 64 x 32 binary
  multiply-accumulates. Out-of-image taps are never visited; where only one word of a pair lies in the image, it is
  looked up alone. The addresses of look-ups depend on the activations, so on a core with a data cache the time does.
registers: >-
  input, counter and table pointers, an activation word, four counter planes, two table addresses, two operands and
  two pending carries: all fourteen; two more carries, end and step wait on the stack
needs: [thumb2]
fixed_time: true
looks_up_in: activations
weights: bit O/32 X Y C/32 C%32 O%32
scratch_bytes: >-
  frame_bytes + 8192 + 256 + max(in_h * in_w * in_words, frame_bytes // 4)
  + min(512, out_h * out_w) * 4 * (11 + 3 * (kernel_h * kernel_w * in_c > 1022))
supports: kernel_h * kernel_w * in_c <= 8190
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "counters.h"
#include "pad.h"
#include "primitives.h"
#include "table_pairs_tile.h"

void bbconv2d_bitsliced_pairs(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const uint32_t synapses = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c);
    uint32_t *const starts = layer->scratch, *const widths = starts + 16;
    bnn_pairs s;
    bnn_counters *const c = &s.counters;
    bnn_begin_pairs(layer, &s, widths + 16);
    c->starts = starts;
    c->tile = (bnn_rectangle){0, 0, 0, 0};
    while (bnn_next_tile(layer, &c->tile, BNN_PAIRS_TILE)) {
        const uint32_t *w = layer->weights;
        for (int32_t group = 0; group < layer->out_words; group++) {
            /* z = start - 1 - 2 K + (skipped synapses) + 2 * popcount */
            bnn_threshold_planes(layer, group, synapses, 0 - 1 - 2 * synapses, c->m, starts, widths, c->work);
            bnn_start_counters(layer, c);
            w = bnn_count_group_by_pairs(layer, &s, w);
            bnn_threshold_counters(layer, c, group, widths);
        }
    }
}
