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
#include "pad.h"
#include "pair_counting.h"
#include "pair_tables.h"
#include "primitives.h"
#include "region.h"

enum {
    TILE_PIXELS = 512,
    FEW_PLANES = 10, /* counter planes that hold up to 1022 synapses */
    MANY_PLANES = 13, /* up to 8190, hence `supports` */
};

/* The index of each input word into its table of parities. */
static void find_parities(const uint32_t *in, uint8_t *to, int32_t words)
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

typedef struct {
    int32_t y0, y1, x0, x1; /* output pixels, none if y1 <= y0 or x1 <= x0 */
} rectangle;

typedef struct {
    rectangle tile;
    uint32_t *tables, *starts, *widths, *work, *counters;
    uint32_t parities; /* as in a run */
    int32_t m;         /* planes */
    const counter *count;
} state;

/* A weight word. */
typedef struct {
    int32_t kx, ky, word;
    int32_t offset;   /* in input words, from the pixel of tap (0, 0) */
    rectangle inside; /* pixels of the tile for which it is in the image */
} place;

/* Narrow [from, to) to the outputs whose tap k lies in the image, along one axis. */
BNN_INLINE void in_image(int32_t k, int32_t pad, int32_t stride, int32_t size, int32_t *from, int32_t *to)
{
    int32_t before = pad - k, last = size - 1 + pad - k;
    int32_t lo = before > 0 ? (before + stride - 1) / stride : 0;
    int32_t hi = last < 0 ? 0 : last / stride + 1;
    if (lo > *from)
        *from = lo;
    if (hi < *to)
        *to = hi;
}

static void find_place(const bnn_layer *layer, const state *s, place *p)
{
    p->offset = (p->ky * layer->in_w + p->kx) * layer->in_words + p->word;
    p->inside = s->tile;
    in_image(p->ky, layer->pad_top, layer->stride_h, layer->in_h, &p->inside.y0, &p->inside.y1);
    in_image(p->kx, layer->pad_left, layer->stride_w, layer->in_w, &p->inside.x0, &p->inside.x1);
}

static void next_place(const bnn_layer *layer, place *p)
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
static void count_rectangle(const bnn_layer *layer, const state *s, int32_t which, int32_t offset, int32_t apart,
                            const rectangle *part)
{
    run r;
    const int32_t tile_w = s->tile.x1 - s->tile.x0, width = part->x1 - part->x0;
    const int32_t in_y = part->y0 * layer->stride_h - layer->pad_top;
    const int32_t in_x = part->x0 * layer->stride_w - layer->pad_left;
    int32_t rows = part->y1 - part->y0;
    if (width <= 0 || rows <= 0)
        return;
    r.input = (const uint32_t *)layer->input + (in_y * layer->in_w + in_x) * layer->in_words + offset;
    r.counters = s->counters + s->m * ((part->y0 - s->tile.y0) * tile_w + part->x0 - s->tile.x0);
    r.input_step = (uint32_t)(4 * layer->stride_w * layer->in_words);
    r.end = r.counters + s->m * width;
    if (width == tile_w && layer->stride_h * layer->in_w == layer->stride_w * width) { /* rows follow on each other */
        r.end += s->m * width * (rows - 1);
        rows = 1;
    }
    r.apart = (uint32_t)(4 * apart);
    r.parities = s->parities;
    for (; rows; rows--) {
        s->count[which](&r, s->tables);
        r.input += layer->stride_h * layer->in_w * layer->in_words;
        r.counters += s->m * tile_w;
        r.end += s->m * tile_w;
    }
}

/* What is in a rectangle but not in one inside of it. */
static void count_rest(const bnn_layer *layer, const state *s, int32_t which, int32_t offset, const rectangle *all,
                       const rectangle *done)
{
    const rectangle above = {all->y0, done->y0, all->x0, all->x1}, below = {done->y1, all->y1, all->x0, all->x1};
    const rectangle left = {done->y0, done->y1, all->x0, done->x0}, right = {done->y0, done->y1, done->x1, all->x1};
    count_rectangle(layer, s, which, offset, 0, &above);
    count_rectangle(layer, s, which, offset, 0, &below);
    count_rectangle(layer, s, which, offset, 0, &left);
    count_rectangle(layer, s, which, offset, 0, &right);
}

static void count_pair(const bnn_layer *layer, const state *s, const place *a, const place *b)
{
    const rectangle *i = &a->inside, *j = &b->inside;
    const rectangle both = {i->y0 > j->y0 ? i->y0 : j->y0, i->y1 < j->y1 ? i->y1 : j->y1,
                            i->x0 > j->x0 ? i->x0 : j->x0, i->x1 < j->x1 ? i->x1 : j->x1};
    if (both.y0 >= both.y1 || both.x0 >= both.x1) {
        count_rectangle(layer, s, FIRST, a->offset, 0, i);
        count_rectangle(layer, s, SECOND, b->offset, 0, j);
        return;
    }
    count_rectangle(layer, s, PAIR, a->offset, b->offset - a->offset, &both);
    count_rest(layer, s, FIRST, a->offset, i, &both);
    count_rest(layer, s, SECOND, b->offset, j, &both);
}

/* Copy eleven planes to each pixel of a run. */
static __attribute__((naked, noinline)) void fill_eleven(uint32_t *counters __attribute__((unused)),
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

static void fill_run(const state *s, uint32_t *counters, int32_t pixels)
{
    uint32_t *end = counters + s->m * pixels;
    if (s->m == FEW_PLANES + 1) {
        fill_eleven(counters, end, s->work);
        return;
    }
    for (; counters != end; counters += s->m) {
        fill_eleven(counters, counters + 11, s->work);
        for (int32_t i = 11; i < s->m; i++)
            counters[i] = s->work[i];
    }
}

/* Counters begin at z = start - 1 - 2 K + (skipped synapses), halved; its parity is plane 0. */
static void start_counters(const bnn_layer *layer, const state *s)
{
    const rectangle *t = &s->tile;
    const int32_t all = layer->kernel_h * layer->kernel_w, width = t->x1 - t->x0;
    bnn_stretch rows, columns;
    for (int32_t x = t->x0; x < t->x1; x = columns.to) {
        columns = bnn_columns_at(layer, x);
        const int32_t pixels = (columns.to < t->x1 ? columns.to : t->x1) - x;
        uint32_t *counters = s->counters + s->m * (x - t->x0);
        for (int32_t y = t->y0; y < t->y1; y++, counters += s->m * width) {
            if (y == t->y0 || y == rows.to) {
                rows = bnn_rows_at(layer, y);
                const int32_t seen = bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns);
                bnn_add_scalar(s->work, s->starts, (uint32_t)(layer->in_c * (all - seen)), s->m);
            }
            fill_run(s, counters, pixels);
        }
    }
}

/* A bit before polarity is set when z + width has no carry out. */
static void threshold(const bnn_layer *layer, const state *s, int32_t group)
{
    const rectangle *t = &s->tile;
    const uint32_t *z = s->counters, *widths = s->widths;
    const uint32_t polarity = ~layer->polarity[group], real = bnn_real_lanes(layer, group);
#define NEXT_PLANE(i) carry = bnn_majority(z[i], widths[i], carry)
    for (int32_t y = t->y0; y < t->y1; y++) {
        uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + t->x0) * layer->out_words + group;
        for (int32_t x = t->x0; x < t->x1; x++) {
            uint32_t carry = z[0] & widths[0];
            NEXT_PLANE(1), NEXT_PLANE(2), NEXT_PLANE(3), NEXT_PLANE(4), NEXT_PLANE(5);
            NEXT_PLANE(6), NEXT_PLANE(7), NEXT_PLANE(8), NEXT_PLANE(9), NEXT_PLANE(10);
            if (s->m > FEW_PLANES + 1)
                NEXT_PLANE(11), NEXT_PLANE(12), NEXT_PLANE(13);
            z += s->m;
            *out = (carry ^ polarity) & real;
            out += layer->out_words;
        }
    }
}

static void run_tile(const bnn_layer *layer, const state *s)
{
    const int32_t words = layer->kernel_h * layer->kernel_w * layer->in_words;
    const uint32_t synapses = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c);
    const uint32_t *w = layer->weights;
    for (int32_t group = 0; group < layer->out_words; group++) {
        place a, b = {0, 0, 0, 0, s->tile};
        bnn_threshold_planes(layer, group, synapses, 0 - 1 - 2 * synapses, s->m, s->starts, s->widths, s->work);
        start_counters(layer, s);
        for (int32_t i = 0; i < words; i += 2) {
            a = b;
            find_place(layer, s, &a);
            build_tables(s->tables, w, 0);
            w += 32;
            b = a;
            next_place(layer, &b);
            if (i + 1 < words) {
                find_place(layer, s, &b);
                build_tables(s->tables, w, 1);
                w += 32;
                count_pair(layer, s, &a, &b);
            } else {
                count_rectangle(layer, s, FIRST, a.offset, 0, &a.inside);
            }
            next_place(layer, &b);
        }
        threshold(layer, s, group);
    }
}

void bbconv2d_bitsliced_pairs(const bnn_layer *layer)
{
    static const counter few[] = {count_first_few, count_second_few, count_pair_few};
    static const counter many[] = {count_first_many, count_second_many, count_pair_many};
    bnn_layer framed;
    state s;
    layer = bnn_framed(layer, &framed);
    const int32_t width = layer->out_w < TILE_PIXELS ? layer->out_w : TILE_PIXELS, height = TILE_PIXELS / width;
    const int32_t is_many = layer->kernel_h * layer->kernel_w * layer->in_c > 1022;
    const int32_t in_words = layer->in_h * layer->in_w * layer->in_words;
    const int32_t pixels = layer->out_h * layer->out_w;
    s.tables = layer->scratch;
    s.starts = s.tables + TABLE_WORDS;
    s.widths = s.starts + 16;
    s.work = s.widths + 16;
    s.counters = s.work + 32;
    s.count = is_many ? many : few;
    s.m = (is_many ? MANY_PLANES : FEW_PLANES) + 1;
    uint8_t *parities = (uint8_t *)(s.counters + s.m * (pixels < TILE_PIXELS ? pixels : TILE_PIXELS));
    s.parities = (uint32_t)parities - ((uint32_t)layer->input >> 2);
    find_parities(layer->input, parities, in_words);
    rectangle *t = &s.tile;
    for (t->y0 = 0; t->y0 < layer->out_h; t->y0 = t->y1) {
        t->y1 = t->y0 + height < layer->out_h ? t->y0 + height : layer->out_h;
        for (t->x0 = 0; t->x0 < layer->out_w; t->x0 = t->x1) {
            t->x1 = t->x0 + width < layer->out_w ? t->x0 + width : layer->out_w;
            run_tile(layer, &s);
        }
    }
}
