/* LceBconv2d with counters of 32 output channels that are fed from tables of two weight words at a time. */
#ifndef PAIRS_H
#define PAIRS_H
#include "bnn_layer.h"
#include "counters.h"
#include "lce_planes.h"
#include "pad.h"
#include "table_pairs_tile.h"

/* begin_pairs: bnn_begin_pairs, or what takes its place. A macro, so that a compiler sees each kernel as if it stood
 * alone. */
#define CONVOLVE_BY_PAIRS(layer, begin_pairs)                             \
    do {                                                                  \
        bnn_layer framed;                                                 \
        layer = bnn_framed(layer, &framed);                               \
        bnn_pairs s;                                                      \
        bnn_counters *const c = &s.counters;                              \
        begin_pairs(layer, &s, layer->scratch);                           \
        c->starts = bnn_lce_starts;                                       \
        c->tile = (bnn_rectangle){0, 0, 0, 0};                            \
        while (bnn_next_tile(layer, &c->tile, BNN_PAIRS_TILE)) {          \
            const uint32_t *w = layer->weights;                           \
            for (int32_t group = 0; 32 * group < layer->out_c; group++) { \
                bnn_start_counters(layer, c);                             \
                w = bnn_count_group_by_pairs(layer, &s, w);               \
                bnn_lce_store_counters(layer, c, group);                  \
            }                                                             \
        }                                                                 \
    } while (0)
#endif
