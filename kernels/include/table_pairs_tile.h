/* Counting with the tables of two weight words at a time, for all pixels of a tile. */
#ifndef BNN_TABLE_PAIRS_TILE_H
#define BNN_TABLE_PAIRS_TILE_H
#include <stdint.h>
#include "bnn_layer.h"
#include "counters.h"
#include "inline.h"
#include "table_pairs.h"
#include "table_pairs_count.h"

enum {
    BNN_PAIRS_TILE = 512,  /* pixels */
    BNN_PAIRS_PLANES = 14, /* if eleven are too few; for up to 8190 synapses */
};

typedef struct {
    bnn_counters counters;
    uint32_t parities; /* as in a run */
    const bnn_pair_counter *count;
} bnn_pairs;

/* A weight word. */
typedef struct {
    int32_t kx, ky, word;
    int32_t offset;       /* in input words, from the pixel of tap (0, 0) */
    bnn_rectangle inside; /* pixels of the tile for which it is in the image */
} bnn_place;

BNN_NOINLINE void bnn_find_place(const bnn_layer *layer, const bnn_pairs *s, bnn_place *p)
{
    p->offset = (p->ky * layer->in_w + p->kx) * layer->in_words + p->word;
    p->inside = bnn_pixels_inside(layer, &s->counters.tile, p->ky, p->kx);
}

BNN_NOINLINE void bnn_next_place(const bnn_layer *layer, bnn_place *p)
{
    if (++p->word < layer->in_words)
        return;
    p->word = 0;
    if (++p->ky < layer->kernel_h)
        return;
    p->ky = 0;
    p->kx++;
}

/* The rows of a rectangle; offset: of the word, or of the first one. */
BNN_NOINLINE void bnn_count_rectangle(const bnn_layer *layer, const bnn_pairs *s, int32_t which, int32_t offset,
                                      int32_t apart, const bnn_rectangle *part)
{
    const bnn_counters *const c = &s->counters;
    bnn_pair_run r;
    const int32_t tile_w = c->tile.x1 - c->tile.x0, width = part->x1 - part->x0;
    const int32_t in_y = part->y0 * layer->stride_h - layer->pad_top;
    const int32_t in_x = part->x0 * layer->stride_w - layer->pad_left;
    int32_t rows = part->y1 - part->y0;
    if (width <= 0 || rows <= 0)
        return;
    r.input = (const uint32_t *)layer->input + (in_y * layer->in_w + in_x) * layer->in_words + offset;
    r.counters = c->counters + c->m * ((part->y0 - c->tile.y0) * tile_w + part->x0 - c->tile.x0);
    r.input_step = (uint32_t)(4 * layer->stride_w * layer->in_words);
    r.end = r.counters + c->m * width;
    if (width == tile_w && layer->stride_h * layer->in_w == layer->stride_w * width) { /* rows follow on each other */
        r.end += c->m * width * (rows - 1);
        rows = 1;
    }
    r.apart = (uint32_t)(4 * apart);
    r.parities = s->parities;
    for (; rows; rows--) {
        s->count[which](&r, c->tables);
        r.input += layer->stride_h * layer->in_w * layer->in_words;
        r.counters += c->m * tile_w;
        r.end += c->m * tile_w;
    }
}

/* What is in a rectangle but not in one inside of it. */
BNN_NOINLINE void bnn_count_rest(const bnn_layer *layer, const bnn_pairs *s, int32_t which, int32_t offset,
                                 const bnn_rectangle *all, const bnn_rectangle *done)
{
    const bnn_rectangle above = {all->y0, done->y0, all->x0, all->x1}, below = {done->y1, all->y1, all->x0, all->x1};
    const bnn_rectangle left = {done->y0, done->y1, all->x0, done->x0}, right = {done->y0, done->y1, done->x1, all->x1};
    bnn_count_rectangle(layer, s, which, offset, 0, &above);
    bnn_count_rectangle(layer, s, which, offset, 0, &below);
    bnn_count_rectangle(layer, s, which, offset, 0, &left);
    bnn_count_rectangle(layer, s, which, offset, 0, &right);
}

BNN_NOINLINE void bnn_count_pair(const bnn_layer *layer, const bnn_pairs *s, const bnn_place *a, const bnn_place *b)
{
    const bnn_rectangle *i = &a->inside, *j = &b->inside;
    const bnn_rectangle both = {i->y0 > j->y0 ? i->y0 : j->y0, i->y1 < j->y1 ? i->y1 : j->y1,
                                i->x0 > j->x0 ? i->x0 : j->x0, i->x1 < j->x1 ? i->x1 : j->x1};
    if (both.y0 >= both.y1 || both.x0 >= both.x1) {
        bnn_count_rectangle(layer, s, P_FIRST, a->offset, 0, i);
        bnn_count_rectangle(layer, s, P_SECOND, b->offset, 0, j);
        return;
    }
    bnn_count_rectangle(layer, s, P_PAIR, a->offset, b->offset - a->offset, &both);
    bnn_count_rest(layer, s, P_FIRST, a->offset, i, &both);
    bnn_count_rest(layer, s, P_SECOND, b->offset, j, &both);
}

/* Count all taps of a group of 32 outputs, whose weights are at w; returns the next group's weights. */
BNN_NOINLINE const uint32_t *bnn_count_group_by_pairs(const bnn_layer *layer, const bnn_pairs *s, const uint32_t *w)
{
    bnn_place a, b = {0, 0, 0, 0, s->counters.tile};
    for (int32_t words = layer->kernel_h * layer->kernel_w * layer->in_words; words > 0; words -= 2) {
        a = b;
        bnn_find_place(layer, s, &a);
        bnn_build_pair_tables(s->counters.tables, w, 0);
        w += 32;
        b = a;
        bnn_next_place(layer, &b);
        if (words == 1) {
            bnn_count_rectangle(layer, s, P_FIRST, a.offset, 0, &a.inside);
            break;
        }
        bnn_find_place(layer, s, &b);
        bnn_build_pair_tables(s->counters.tables, w, 1);
        w += 32;
        bnn_count_pair(layer, s, &a, &b);
        bnn_next_place(layer, &b);
    }
    return w;
}

/* The index of each input word into its table of parities. */
BNN_NOINLINE void bnn_find_parities(const uint32_t *in, uint8_t *to, int32_t words)
{
    while (words--) {
        uint32_t x = *in++;
        x ^= x << 1;
        x ^= x << 2;
        x ^= x << 4;
        x ^= x << 8;
        x ^= x << 16; /* bit i: parity of bits 0 .. i */
        x = (x >> 6 & 1) | (x >> 12 & 2) | (x >> 17 & 4) | (x >> 22 & 8) | (x >> 27 & 16);
        *to++ = (uint8_t)((x ^ x << 1) & 31);
    }
}

/* Tables, work, counters, parities of the input in `memory`. Sets neither tile nor starts. */
BNN_INLINE void bnn_begin_pairs(const bnn_layer *layer, bnn_pairs *s, uint32_t *memory)
{
    static const bnn_pair_counter few[] = {bnn_count_first_few, bnn_count_second_few, bnn_count_pair_few};
    static const bnn_pair_counter many[] = {bnn_count_first_many, bnn_count_second_many, bnn_count_pair_many};
    bnn_counters *const c = &s->counters;
    c->m = bnn_planes_of(layer, BNN_PAIRS_PLANES);
    s->count = c->m == BNN_FEW_COUNTERS ? few : many;
    uint8_t *parities = bnn_place_counters(layer, c, memory, BNN_PAIR_TABLE_WORDS, BNN_PAIRS_TILE);
    s->parities = (uint32_t)parities - ((uint32_t)layer->input >> 2);
    bnn_find_parities(layer->input, parities, layer->in_h * layer->in_w * layer->in_words);
}
#endif
