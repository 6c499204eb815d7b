/* Bit-sliced counters of 32 outputs for all pixels of a tile, two weight words at a time. */
#ifndef BNN_TABLE_PAIRS_TILE_H
#define BNN_TABLE_PAIRS_TILE_H
#include <stdint.h>
#include "bitsliced.h"
#include "bnn_layer.h"
#include "table_pairs_count.h"
#include "table_pairs.h"
#include "primitives.h"
#include "region.h"

enum {
    BNN_PAIRS_TILE_PIXELS = 512,
    BNN_PAIRS_FEW_PLANES = 10, /* counter planes that hold up to 1022 synapses */
    BNN_PAIRS_MANY_PLANES = 15,
};

typedef struct {
    int32_t y0, y1, x0, x1; /* output pixels, none if y1 <= y0 or x1 <= x0 */
} bnn_rectangle;

typedef struct {
    bnn_rectangle tile;
    uint32_t *tables, *work, *counters; /* work: planes that fill the counters */
    uint32_t parities; /* as in a run */
    int32_t m;         /* planes */
    const bnn_counter *count;
} bnn_pairs;

/* A weight word. */
typedef struct {
    int32_t kx, ky, word;
    int32_t offset;   /* in input words, from the pixel of tap (0, 0) */
    bnn_rectangle inside; /* pixels of the tile for which it is in the image */
} bnn_place;

/* Narrow [from, to) to the outputs whose tap k lies in the image, along one axis. */
BNN_INLINE void bnn_outputs_inside(int32_t k, int32_t pad, int32_t stride, int32_t size, int32_t *from, int32_t *to)
{
    int32_t before = pad - k, last = size - 1 + pad - k;
    int32_t lo = before > 0 ? (before + stride - 1) / stride : 0;
    int32_t hi = last < 0 ? 0 : last / stride + 1;
    if (lo > *from)
        *from = lo;
    if (hi < *to)
        *to = hi;
}

BNN_NOINLINE void bnn_find_place(const bnn_layer *layer, const bnn_pairs *s, bnn_place *p)
{
    p->offset = (p->ky * layer->in_w + p->kx) * layer->in_words + p->word;
    p->inside = s->tile;
    bnn_outputs_inside(p->ky, layer->pad_top, layer->stride_h, layer->in_h, &p->inside.y0, &p->inside.y1);
    bnn_outputs_inside(p->kx, layer->pad_left, layer->stride_w, layer->in_w, &p->inside.x0, &p->inside.x1);
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
    bnn_run r;
    const int32_t tile_w = s->tile.x1 - s->tile.x0, width = part->x1 - part->x0;
    const int32_t in_y = part->y0 * layer->stride_h - layer->pad_top;
    const int32_t in_x = part->x0 * layer->stride_w - layer->pad_left;
    if (width <= 0)
        return;
    r.input = (const uint32_t *)layer->input + (in_y * layer->in_w + in_x) * layer->in_words + offset;
    r.counters = s->counters + s->m * ((part->y0 - s->tile.y0) * tile_w + part->x0 - s->tile.x0);
    r.input_step = (uint32_t)(4 * layer->stride_w * layer->in_words);
    r.end = r.counters + s->m * width;
    r.apart = (uint32_t)(4 * apart);
    r.parities = s->parities;
    for (int32_t rows = part->y1 - part->y0; rows > 0; rows--) {
        s->count[which](&r, s->tables);
        r.input += layer->stride_h * layer->in_w * layer->in_words;
        r.counters += s->m * tile_w;
        r.end += s->m * tile_w;
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

/* Copy eleven planes to each pixel of a run. */
static __attribute__((naked, noinline, unused)) void bnn_fill_eleven(uint32_t *counters __attribute__((unused)),
                                                                     const uint32_t *end __attribute__((unused)),
                                                                     const uint32_t *planes __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r2, {r2-r12}\n\t"
        ".p2align 2\n"
        "1: stm.w r0!, {r2-r12}\n\t"
        "cmp.w r0, r1\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

BNN_NOINLINE void bnn_fill_run(const bnn_pairs *s, uint32_t *counters, int32_t pixels)
{
    uint32_t *end = counters + s->m * pixels;
    if (s->m == BNN_PAIRS_FEW_PLANES + 1) {
        bnn_fill_eleven(counters, end, s->work);
        return;
    }
    for (; counters != end; counters += s->m) {
        bnn_fill_eleven(counters, counters + 11, s->work);
        for (int32_t i = 11; i < s->m; i++)
            counters[i] = s->work[i];
    }
}

/* Count all taps of a group of 32 outputs, whose weights are at w: planes 1 .. m - 1 of each pixel's m counters grow
 * by the differing bits. Returns the next group's weights. */
BNN_NOINLINE const uint32_t *bnn_count_group(const bnn_layer *layer, const bnn_pairs *s, const uint32_t *w)
{
    bnn_place a, b = {0, 0, 0, 0, s->tile};
    for (int32_t words = layer->kernel_h * layer->kernel_w * layer->in_words; words > 0; words -= 2) {
        a = b;
        bnn_find_place(layer, s, &a);
        bnn_build_tables(s->tables, w, 0);
        w += 32;
        b = a;
        bnn_next_place(layer, &b);
        if (words == 1) {
            bnn_count_rectangle(layer, s, P_FIRST, a.offset, 0, &a.inside);
            break;
        }
        bnn_find_place(layer, s, &b);
        bnn_build_tables(s->tables, w, 1);
        w += 32;
        bnn_count_pair(layer, s, &a, &b);
        bnn_next_place(layer, &b);
    }
    return w;
}

/* What counting needs in `memory`: tables, 32 words of work, counters of at most a tile, parities of the input. All
 * but the tile is set. */
BNN_INLINE void bnn_begin_pairs(const bnn_layer *layer, bnn_pairs *s, uint32_t *memory)
{
    static const bnn_counter few[] = {bnn_count_first_few, bnn_count_second_few, bnn_count_pair_few};
    static const bnn_counter many[] = {bnn_count_first_many, bnn_count_second_many, bnn_count_pair_many};
    const int32_t is_many = layer->kernel_h * layer->kernel_w * layer->in_c > 1022;
    const int32_t all = layer->out_h * layer->out_w;
    const int32_t pixels = all < BNN_PAIRS_TILE_PIXELS ? all : BNN_PAIRS_TILE_PIXELS;
    s->tables = memory;
    s->work = memory + BNN_PAIRS_TABLE_WORDS;
    s->counters = s->work + 32;
    s->count = is_many ? many : few;
    s->m = (is_many ? BNN_PAIRS_MANY_PLANES : BNN_PAIRS_FEW_PLANES) + 1;
    uint8_t *parities = (uint8_t *)(s->counters + s->m * pixels);
    s->parities = (uint32_t)parities - ((uint32_t)layer->input >> 2);
    bnn_find_parities(layer->input, parities, layer->in_h * layer->in_w * layer->in_words);
}
#endif
