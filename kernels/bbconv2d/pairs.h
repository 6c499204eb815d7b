/* BBConv2D with counters of 32 output channels that are fed from tables of two weight words at a time. */
#ifndef PAIRS_H
#define PAIRS_H
#include "bitsliced.h"
#include "bnn_layer.h"
#include "counters.h"
#include "pad.h"
#include "table_pairs_tile.h"

/* begin_pairs, threshold_counters: bnn_begin_pairs and bnn_threshold_counters, or what takes their place. A macro, so
 * that a compiler sees each kernel as if it stood alone. */
#define CONVOLVE_BY_PAIRS(layer, begin_pairs, threshold_counters)                                                  \
    do {                                                                                                           \
        bnn_layer framed;                                                                                          \
        layer = bnn_framed(layer, &framed);                                                                        \
        const uint32_t synapses = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c);                     \
        uint32_t *const starts = layer->scratch, *const widths = starts + 16;                                      \
        bnn_pairs s;                                                                                               \
        bnn_counters *const c = &s.counters;                                                                       \
        begin_pairs(layer, &s, widths + 16);                                                                       \
        c->starts = starts;                                                                                        \
        c->tile = (bnn_rectangle){0, 0, 0, 0};                                                                     \
        while (bnn_next_tile(layer, &c->tile, BNN_PAIRS_TILE)) {                                                   \
            const uint32_t *w = layer->weights;                                                                    \
            for (int32_t group = 0; group < layer->out_words; group++) {                                           \
                /* z = start - 1 - 2 K + (skipped synapses) + 2 * popcount */                                      \
                bnn_threshold_planes(layer, group, synapses, 0 - 1 - 2 * synapses, c->m, starts, widths, c->work); \
                bnn_start_counters(layer, c);                                                                      \
                w = bnn_count_group_by_pairs(layer, &s, w);                                                        \
                threshold_counters(layer, c, group, widths);                                                       \
            }                                                                                                      \
        }                                                                                                          \
    } while (0)
#endif
