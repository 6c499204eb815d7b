/* What the kernels of subset sums share: how a kernel row is cut into groups of taps, lists of look-ups, strips.
 *
 * A kernel row is kernel_w * in_c neighbouring bytes of an image row. Its taps form groups of a few, and a table
 * has the sums of a group for every pattern of weights, for a strip of neighbouring output pixels at once. An output
 * is one look-up per group; a list holds the offsets of its entries. Tables of an image row serve all kernel rows that
 * meet it. They lie in a ring of kernel_h slots, and for each of its rotations there is a list.
 */
#ifndef SUBSET_SUMS_H
#define SUBSET_SUMS_H
#include "bnn_layer.h"
#include "counting.h"
#include "inline.h"

enum {
    LEAST_ENTRIES = 8, /* of a table */
    ENTRY_BYTES = 16,  /* four words: four pixels, or eight as halves */
};

typedef struct {
    int32_t taps, groups; /* of a kernel row */
    int32_t small, large; /* the first `large` groups have small + 1 taps, the others small */
    int32_t step;         /* bytes of the input from one output pixel to the next */
    int32_t row_bytes;    /* tables of one image row */
    int32_t lookups;      /* of an output */
    int32_t pixels;       /* of a strip */
    int32_t list_bytes;
    uint8_t *tables, *lists, *few, *line; /* few: outputs of a strip wider than the image; line: a piece of its row */
} subset_plan;

BNN_INLINE int32_t entries_of(int32_t taps)
{
    return taps <= 3 ? LEAST_ENTRIES : 1 << taps;
}

BNN_INLINE int32_t taps_of(const subset_plan *s, int32_t group)
{
    return s->small + (group < s->large);
}

/* most: taps of a group. Scratch memory holds `front` bytes for the kernel, then tables, lists, few, line. */
static inline subset_plan plan_of(const bnn_layer *layer, int32_t most, int32_t pixels, int32_t front,
                                  int32_t list_bytes)
{
    subset_plan s = {.taps = layer->kernel_w * layer->in_c, .pixels = pixels, .list_bytes = list_bytes};
    s.groups = (s.taps + most - 1) / most;
    s.small = s.taps / s.groups;
    s.large = s.taps - s.small * s.groups;
    s.step = layer->stride_w * layer->in_c;
    s.row_bytes = ENTRY_BYTES * (s.large * entries_of(s.small + 1) + (s.groups - s.large) * entries_of(s.small));
    s.lookups = layer->kernel_h * s.groups;
    s.tables = (uint8_t *)layer->scratch + front;
    s.lists = s.tables + layer->kernel_h * s.row_bytes;
    s.few = s.lists + layer->kernel_h * list_bytes;
    s.line = s.few + 4 * pixels * layer->out_words;
    return s;
}

BNN_INLINE int32_t lookups_of(const bnn_layer *layer, int32_t most)
{
    return layer->kernel_h * ((layer->kernel_w * layer->in_c + most - 1) / most);
}

/* `bits` bits of the weights, from bit `at` on. */
static inline uint32_t weight_bits(const uint32_t *weights, int32_t at, int32_t bits)
{
    const int32_t shift = at & 31;
    uint32_t found = weights[at >> 5] >> shift;
    if (shift + bits > 32)
        found |= weights[(at >> 5) + 1] << (32 - shift);
    return found & ((1u << bits) - 1);
}

/* Offsets of the entries that one output looks up, kernel row by row, the tables of each in a slot of its own. Returns
 * the number of its weights that are +1. */
static inline uint32_t list_lookups(const bnn_layer *layer, const subset_plan *s, int32_t output, uint16_t *to)
{
    const uint32_t *weights = layer->weights;
    uint32_t offset = 0, positive = 0;
    int32_t at = output * layer->kernel_h * s->taps;
    for (int32_t ky = 0; ky < layer->kernel_h; ky++)
        for (int32_t group = 0; group < s->groups; group++) {
            const int32_t taps = taps_of(s, group);
            const uint32_t pattern = weight_bits(weights, at, taps);
            *to++ = (uint16_t)(offset + ENTRY_BYTES * pattern);
            positive += bnn_popcount32(pattern);
            at += taps;
            offset += (uint32_t)(ENTRY_BYTES * entries_of(taps));
        }
    return positive;
}

/* The offsets one slot on, round about. */
BNN_INLINE void turn_lookups(const bnn_layer *layer, const subset_plan *s, const uint16_t *from, uint16_t *to)
{
    const uint32_t slot = (uint32_t)s->row_bytes, all = slot * (uint32_t)layer->kernel_h;
    for (int32_t i = 0; i < s->lookups; i++) {
        const uint32_t offset = from[i] + slot;
        to[i] = (uint16_t)(offset >= all ? offset - all : offset);
    }
}

/* `count` bytes of image row y from byte `first` of the row on, 0 outside the image: in place, or a copy in `line`. */
BNN_NOINLINE const uint8_t *row_bytes_at(const bnn_layer *layer, int32_t y, int32_t first, int32_t count,
                                         uint8_t *line)
{
    const int32_t size = layer->in_w * layer->in_c;
    const uint8_t *row = (const uint8_t *)layer->input + y * size + first;
    int32_t from = first < 0 ? -first : 0, to = size - first < count ? size - first : count, i = 0;
    if (y < 0 || y >= layer->in_h)
        to = 0;
    if (from == 0 && to == count)
        return row;
    for (; i < from && i < count; i++)
        line[i] = 0;
    for (; i < to; i++)
        line[i] = row[i];
    for (; i < count; i++)
        line[i] = 0;
    return line;
}

/* Strip by strip, each from top to bottom. build: an image row's tables from its bytes. outputs: of a strip in one row,
 * with the list of a rotation. */
BNN_INLINE void run_strips(const bnn_layer *layer, const subset_plan *s,
                           void (*build)(const subset_plan *s, uint8_t *tables, const uint8_t *in),
                           void (*outputs)(const bnn_layer *layer, const subset_plan *s, const uint8_t *list,
                                           uint8_t *out))
{
    const int32_t pixel_bytes = 4 * layer->out_words, line_bytes = (s->pixels - 1) * s->step + s->taps;
    for (int32_t x = 0; x < layer->out_w; x += s->pixels) {
        if (x + s->pixels > layer->out_w && layer->out_w >= s->pixels)
            x = layer->out_w - s->pixels; /* some pixels are computed twice */
        const int32_t first = (x * layer->stride_w - layer->pad_left) * layer->in_c;
        int32_t row = 0, slot = 0; /* the next image row to build, from the first one that is met, and its slot */
        for (int32_t y = 0; y < layer->out_h; y++) {
            const int32_t top = y * layer->stride_h;
            uint8_t *out = (uint8_t *)layer->output + (y * layer->out_w + x) * pixel_bytes;
            for (; row < top + layer->kernel_h; row++) {
                if (row >= top)
                    build(s, s->tables + slot * s->row_bytes,
                          row_bytes_at(layer, row - layer->pad_top, first, line_bytes, s->line));
                if (++slot == layer->kernel_h)
                    slot = 0;
            }
            outputs(layer, s, s->lists + slot * s->list_bytes, layer->out_w < s->pixels ? s->few : out);
            for (int32_t i = 0; layer->out_w < s->pixels && i < layer->out_w * pixel_bytes; i++)
                out[i] = s->few[i];
        }
    }
}
#endif
