/* Binary layers on a vector unit: 16 outputs at a time, 256 synapses per instruction.
 *
 * A filter is a row of tiles, each 256 synapses of 16 outputs, which the unit streams; the patch of one pixel lies in
 * scratch, tile by tile. With S the sum of equal bits - 16 over the words of a patch, the unit's accumulator, and d the
 * ±1 dot product, 2 S = d + pad bits: pad bits are 0 in patch and filter. Taps outside the image are 0 in the patch
 * only. What they add, the correction, is the same for all pixels of a region and goes into the thresholds. Sums lie
 * within int16: |S| <= 128 per tile, at most 255 tiles.
 *
 * A kernel includes before this what tells how the unit gets its operands: vector_loads.h or vector_transfers.h.
 */
#ifndef BNN_VECTOR_UNIT_H
#define BNN_VECTOR_UNIT_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "isa.h"
#include "pad.h"
#include "region.h"
#include "vector_job.h"

/* ---- patches ---- */

/* How the taps of a region lie in a patch. */
typedef struct {
    int32_t rows, run;             /* in the image: kernel rows, words of one */
    int32_t skip;                  /* words before the first one */
    int32_t row_words, all_words;  /* of the whole kernel */
    int32_t tiles;                 /* of the whole kernel */
    int32_t first_tile, end_tile;  /* those that hold words of rows in the image */
    int32_t pad_bits;              /* of words in the image and behind the last one */
    int32_t outside;               /* whether first_tile to end_tile hold taps outside the image */
} bnn_vector_patch;

BNN_INLINE bnn_vector_patch bnn_vector_patch_of(const bnn_layer *layer, const bnn_stretch *rows,
                                                const bnn_stretch *columns)
{
    const int32_t words = layer->in_words, nx = bnn_stretch_taps(columns), ny = nx ? bnn_stretch_taps(rows) : 0;
    bnn_vector_patch p;
    p.row_words = layer->kernel_w * words;
    p.all_words = layer->kernel_h * p.row_words;
    p.tiles = (p.all_words + BNN_TILE_WORDS - 1) / BNN_TILE_WORDS;
    p.rows = ny;
    p.run = nx * words;
    p.skip = ny ? rows->tap0 * p.row_words + columns->tap0 * words : 0;
    p.first_tile = ny ? rows->tap0 * p.row_words / BNN_TILE_WORDS : 0;
    p.end_tile = ny ? (rows->tap1 * p.row_words + BNN_TILE_WORDS - 1) / BNN_TILE_WORDS : 1;
    const int32_t end = p.end_tile * BNN_TILE_WORDS, tail = end > p.all_words ? end - p.all_words : 0;
    p.pad_bits = ny * nx * (32 * words - layer->in_c) + 32 * tail;
    p.outside = ny * p.run != end - tail - p.first_tile * BNN_TILE_WORDS;
    return p;
}

/* Make a patch, and the vector behind it, zeros. */
BNN_INLINE void bnn_vector_clear(uint32_t *patch, const bnn_vector_patch *p)
{
    const void *at = patch;
    vclrdr();
    for (int32_t count = p->tiles; count >= 0; count--)
        at = vstr(at, BNN_VECTOR_BYTES);
}

/* The same word by word, for a pixel whose last vector would reach beyond the input. */
BNN_NOINLINE void bnn_vector_gather_words(const bnn_layer *layer, const bnn_vector_patch *p, const uint32_t *in,
                                          uint32_t *patch)
{
    uint32_t *row = patch + p->skip;
    for (int32_t y = p->rows; y > 0; y--, in += layer->in_w * layer->in_words, row += p->row_words)
        for (int32_t i = 0; i < p->run; i++) {
            row[i] = in[i];
            BNN_KEEP(row); /* or it is unrolled, for a pixel or two */
        }
}

/* ---- thresholds ---- */

/* What a layer keeps in scratch. */
typedef struct {
    bnn_vector_group *groups, *shifted, *end; /* thresholds without and with a correction, the first's end */
    uint32_t *plain;                          /* per 16 outputs, two vectors: sums of a patch of zeros */
    int32_t plain_first, plain_end;           /* the tiles that they are of */
    int32_t pad_bits;                         /* that the thresholds are made for */
    uint32_t *vectors;                        /* zeros, halves of 1, a spare one */
    uint32_t *patch;                          /* and a vector more */
} bnn_vector_scratch;

/* Thresholds of sums of patches without taps outside the image. One-sided ones need one comparison: those that only
 * cut off above are flipped, unless a neighbour needs both. */
BNN_NOINLINE void bnn_vector_thresholds(const bnn_layer *layer, bnn_vector_scratch *s)
{
    const int32_t synapses = layer->kernel_h * layer->kernel_w * layer->in_c, pad = s->pad_bits;
    const int32_t *bias = layer->bias;
    const uint32_t *width = layer->width;
    const uint16_t *polarity = (const uint16_t *)(const void *)layer->polarity;
    for (bnn_vector_group *g = s->groups; g != s->end; g++, bias += BNN_TILE_OUTPUTS, width += BNN_TILE_OUTPUTS) {
        uint32_t upper_only = 0, both = 0;
        for (int32_t i = BNN_TILE_OUTPUTS - 1; i >= 0; i--) {
            const int32_t high = (int32_t)width[i] - bias[i]; /* first dot product above, that inside: -bias */
            const uint32_t lower = bias[i] < synapses, upper = high <= synapses;
            g->first[i] = (int16_t)-((pad - bias[i] + 1) >> 1);
            g->second[i] = (int16_t)-((pad + high + 1) >> 1);
            upper_only = upper_only << 1 | (upper & ~lower);
            both |= upper & lower;
        }
        g->flip = *polarity++ ^ (both ? BNN_TWO_SIDED : upper_only);
        for (int32_t i = 0; !both && i < BNN_TILE_OUTPUTS; i++)
            g->first[i] = upper_only >> i & 1 ? g->second[i] : g->first[i];
    }
}

/* Add the tiles of 16 outputs to the accumulators; step: bytes from one tile of the patch to the next. */
BNN_NOINLINE void bnn_vector_add_tiles(const void *patch, const void *weights, int32_t tiles, int32_t step)
{
    for (; tiles > 0; tiles--, patch = (const char *)patch + step) {
        vldc(patch, 0);
#pragma GCC unroll 16
        for (int32_t i = BNN_TILE_OUTPUTS; i > 0; i--)
            weights = vlmaccr1(weights, BNN_VECTOR_BYTES);
    }
}

/* Make s->shifted for a region. With ones in the image and behind the patch's end, zeros outside, a patch has the sum
 * correction - rest; a patch of zeros has correction + rest. */
BNN_NOINLINE void bnn_vector_correct(const bnn_layer *layer, bnn_vector_scratch *s, const bnn_vector_patch *p)
{
    const int32_t filter_bytes = p->tiles * BNN_TILE_BYTES;
    const int32_t tiles = p->end_tile - p->first_tile, end = p->end_tile * BNN_TILE_WORDS;
    const char *weights = (const char *)layer->weights + p->first_tile * BNN_TILE_BYTES;
    uint32_t *const first = s->patch + p->first_tile * BNN_TILE_WORDS;
    const void *sums = s->plain;
    const int32_t kept = s->plain_first == p->first_tile && s->plain_end == p->end_tile;

    s->plain_first = p->first_tile;
    s->plain_end = p->end_tile;
    bnn_vector_clear(s->patch, p);
    for (int32_t y = 0; y < p->rows; y++)
        for (int32_t i = 0; i < p->run; i++)
            s->patch[p->skip + y * p->row_words + i] = ~0u;
    for (int32_t i = p->all_words; i < end; i++)
        s->patch[i] = ~0u;
    bnn_vector_group *to = s->shifted;
    for (const bnn_vector_group *g = s->groups; g != s->end; g++, to++, weights += filter_bytes) {
        if (!kept) {
            vclrdr();
            bnn_vector_add_tiles(s->vectors, weights, tiles, 0);
            vstd(vstr(sums, BNN_VECTOR_BYTES), 0);
        }
        sums = vldd(vldr(sums, BNN_VECTOR_BYTES), BNN_VECTOR_BYTES);
        bnn_vector_add_tiles(first, weights, tiles, BNN_VECTOR_BYTES);
        vlsat(s->vectors + BNN_TILE_WORDS, 0); /* halves them */
        if (g->flip & BNN_TWO_SIDED) {
            vstr(s->vectors + 2 * BNN_TILE_WORDS, 0);
            vlsub(g->second, 0);
            vstr(to->second, 0);
            vldr(s->vectors + 2 * BNN_TILE_WORDS, 0);
        }
        vlsub(g->first, 0);
        vstr(to->first, 0);
        to->flip = g->flip;
    }
}

/* Lay out the scratch memory behind a framed input: 128 bytes of vectors, 400 per 32 outputs, the patch. */
BNN_INLINE bnn_vector_scratch bnn_vector_scratch_of(const bnn_layer *layer)
{
    const int32_t groups = bnn_vector_groups(layer);
    bnn_vector_scratch s;
    s.vectors = layer->scratch;
    s.plain = s.vectors + 3 * BNN_TILE_WORDS;
    s.groups = (bnn_vector_group *)(void *)(s.plain + 2 * BNN_TILE_WORDS * groups);
    s.end = s.groups + groups;
    s.shifted = s.end;
    s.patch = (uint32_t *)(void *)(s.shifted + groups);
    s.plain_first = s.plain_end = s.pad_bits = -1;
    for (int32_t i = 0; i < BNN_TILE_WORDS; i++) {
        s.vectors[i] = 0;
        s.vectors[BNN_TILE_WORDS + i] = 0x00010001;
    }
    return s;
}

/* ---- layers ---- */

/* The pixels of a region. */
BNN_INLINE void bnn_vector_region(const bnn_layer *layer, bnn_vector_scratch *s, const bnn_stretch *rows,
                                  const bnn_stretch *columns)
{
    const bnn_vector_patch p = bnn_vector_patch_of(layer, rows, columns);
    const int32_t top = rows->from * layer->stride_h - layer->pad_top + rows->tap0;
    const int32_t left = columns->from * layer->stride_w - layer->pad_left + columns->tap0;
    const int32_t in_row = layer->in_w * layer->in_words, odd_groups = bnn_vector_groups(layer) & 1;
    const int32_t vectors = (p.run + BNN_TILE_WORDS - 1) / BNN_TILE_WORDS;
    const int32_t reach = (p.rows - 1) * in_row + vectors * BNN_TILE_WORDS;
    /* the last pixel that may be gathered by whole vectors */
    const uint32_t *const last = (const uint32_t *)layer->input + (p.rows ? layer->in_h * in_row - reach : -1);
    const int32_t in_step = layer->stride_w * layer->in_words, out_step = layer->out_words;
    const uint32_t *weights = (const uint32_t *)layer->weights + p.first_tile * (BNN_TILE_BYTES / 4);
    /* patches that lie in the input as they are */
    const int32_t direct = (p.rows == 1 || p.run == in_row) && p.rows * p.run == p.all_words
                           && p.all_words % BNN_TILE_WORDS == 0;
    const int32_t apart = p.run != p.row_words;
    const int32_t simple = !apart && vectors == 1;
    const bnn_vector_copy copy = {4 * in_row, 4 * p.row_words, p.rows, vectors, 4 * p.run, apart, simple};
    bnn_vector_job job;

    if (s->pad_bits != p.pad_bits) {
        s->pad_bits = p.pad_bits;
        bnn_vector_thresholds(layer, s);
    }
    if (p.outside)
        bnn_vector_correct(layer, s, &p);
    bnn_vector_clear(s->patch, &p);
    bnn_vector_enter(&job, &bnn_vector_bits_code, p.end_tile - p.first_tile, p.tiles);
    job.patch = s->patch + p.first_tile * BNN_TILE_WORDS;
    job.groups = p.outside ? s->shifted : s->groups;
    job.groups_end = p.outside ? s->shifted + (s->end - s->groups) : s->end;
    job.spare = s->vectors + 2 * BNN_TILE_WORDS;
    for (int32_t y = rows->from; y < rows->to; y++) {
        const uint32_t *in = (const uint32_t *)layer->input + left * layer->in_words
                             + (top + (y - rows->from) * layer->stride_h) * in_row;
        uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + columns->from) * layer->out_words;
        for (int32_t x = columns->from; x < columns->to; x++, in += in_step) {
            if (direct)
                job.patch = in;
            else if (in <= last)
                bnn_vector_gather(in, s->patch + p.skip, &copy);
            else
                bnn_vector_gather_words(layer, &p, in, s->patch);
            bnn_vector_bits(&job, weights, out);
            out += out_step;
            if (odd_groups)
                ((uint16_t *)(void *)out)[-1] = 0;
        }
    }
}

/* A convolution. weights: bit O/16 YXC32/256 O%16- YXC32%256; scratch_bytes: frame_bytes + 128 + 400 * out_words
 * + 32 * ((kernel_h * kernel_w * in_words + 7) // 8); at most 2040 words of synapses. */
BNN_INLINE void bnn_vector_convolve(const bnn_layer *layer)
{
    bnn_layer framed;
    bnn_stretch rows, columns;
    layer = bnn_framed(layer, &framed);
    bnn_vector_scratch s = bnn_vector_scratch_of(layer);

    vsetc(BNN_MODE_INT16);
    for (int32_t y = 0; y < layer->out_h; y = rows.to) {
        rows = bnn_rows_at(layer, y);
        for (int32_t x = 0; x < layer->out_w; x = columns.to) {
            columns = bnn_columns_at(layer, x);
            bnn_vector_region(layer, &s, &rows, &columns);
        }
    }
}
#endif
