/* ---
operator: BBConv2D
variant: bitsliced_tables
idea: >-
  bit-sliced counters whose 32 lanes are output channels, fed from tables (the method of the Four Russians).
  For one weight word (tap, 32 channels) and 32 outputs the channels form groups of 6, 6, 5, 5, 5, 5; a
  table gives, for every pattern of a group's activation bits, the planes (ones, twos, fours) of
  the count of a ^ w. Tables depend on weights only, so one set serves a whole tile of pixels: a pixel
  looks up six numbers and adds them to its counters with carry-save adders, 165 cycles for 32 x 32
  binary multiply-accumulates. Out-of-image taps are never visited. Counters start at half of the folded
  threshold's constant, so that thresholding is one carry chain, and its result is the packed output word.
registers: >-
  input, counter and table pointers, the activation word, three to four counter planes, two table
  addresses, two operands and three pending carries: all fourteen; end and step come from the stack
needs: []
fixed_time: true
looks_up_in: activations
weights: bit O/32 Y X C/32 C%32 O%32
scratch_bytes: frame_bytes + 4096 + 256 + min(256, out_h * out_w) * 4 * (11 + 5 * (kernel_h * kernel_w * in_c > 1022))
supports: kernel_h * kernel_w * in_c <= 32766
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "counters.h"
#include "pad.h"
#include "tables.h"

void bbconv2d_bitsliced_tables(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const uint32_t synapses = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c);
    uint32_t *const starts = layer->scratch, *const widths = starts + 16;
    bnn_counters s;
    bnn_begin_tables(layer, &s, widths + 16);
    s.starts = starts;
    s.tile = (bnn_rectangle){0, 0, 0, 0};
    while (bnn_next_tile(layer, &s.tile, BNN_TABLES_TILE)) {
        const uint32_t *w = layer->weights;
        for (int32_t group = 0; group < layer->out_words; group++) {
            /* z = start - 1 - 2 K + (skipped synapses) + 2 * popcount */
            bnn_threshold_planes(layer, group, synapses, 0 - 1 - 2 * synapses, s.m, starts, widths, s.work);
            bnn_start_counters(layer, &s);
            w = bnn_count_group(layer, &s, w);
            bnn_threshold_counters(layer, &s, group, widths);
        }
    }
}
