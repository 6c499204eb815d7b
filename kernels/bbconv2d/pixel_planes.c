/* ---
operator: BBConv2D
variant: pixel_planes
idea: >-
  bit-sliced counters whose 32 lanes are output pixels. The input becomes planes, a word per channel and 32 pixels; a
  filter is a list of the planes that it adds. With A the set activations of a patch, S those that meet set weights, n
  in-image set weights, popcount(a ^ w) = n + A - 2 S, so only a filter's set weights are listed, or only the clear
  ones if these are fewer, and A is shared by all filters. Lists are built once per filter, by CLZ, and used by all
  words of pixels: time depends on weights, not on activations. List entries are halfwords, hence `supports`. Pixels
  of narrow maps share a word as rows r, r + R, r + 2 R, ..., so that a vertical tap is the word of the next row;
  horizontal taps have shifted copies.
registers: >-
  list and plane pointers, ones, twos, fours, eights, two pending carries, six words in work: all fourteen; higher
  counters are in memory, touched once per 32 listed weights
needs: [thumb2]
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: >-
  frame_bytes + 320 + (194 + 8 * min(max(1, 32 // out_w), out_h, 2 * kernel_h + 1) * min(out_w, 2 * kernel_w + 1))
  * ((out_h - 1) // max(1, 32 // out_w) + 1)
  + 4 * kernel_w * (32 * in_words + 1) * ((out_h - 1) // max(1, 32 // out_w) * stride_h + kernel_h)
  + 2 * kernel_h * kernel_w * in_c + 16 + 2 * out_h + 4 * (kernel_h + 1) * (kernel_w + 1)
  + 4 * min(out_h, 2 * kernel_h + 1) * min(out_w, 2 * kernel_w + 1)
  + 16 * min(out_h, 2 * kernel_h + 1) + 12 * min(out_w, 2 * kernel_w + 1)
supports: >-
  kernel_h * kernel_w * in_c <= 16382
  and kernel_w * (32 * in_words + 1) * ((out_h - 1) // max(1, 32 // out_w) * stride_h + kernel_h) <= 65536
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "counting.h"
#include "inline.h"
#include "pad.h"
#include "pixel_counting.h"
#include "region.h"

enum { LANES = 32 };

/* Which lanes hold outputs of a stretch of columns (in the first segment of a word). */
typedef struct {
    int32_t tap0, tap1;
    uint32_t lanes;
} column_class;

/* Lanes that see the same taps: they have one constant in common. */
typedef struct {
    uint32_t lanes, constant;
} part;

typedef struct {
    int32_t segments, width;    /* a word: `segments` rows of `width` pixels */
    int32_t words;              /* of output pixels; segments are `words` rows apart */
    int32_t left;               /* first column */
    int32_t plane_rows, pitch;  /* rows of planes per copy; words per row, the last of which is 0 */
    int32_t m;                  /* planes in use */
    int32_t row_classes, column_classes;
    uint32_t *planes;           /* [kernel_w][plane_rows][pitch]; channel c is word 32 * (c / 32) + 31 - c % 32 */
    uint32_t *minus_twice_all;  /* [words][PLANES]: -1 - 2 * (set activations of a patch) */
    uint32_t *outputs;          /* [words][32 filters] */
    uint32_t *begin, *z, *limit, *work; /* PLANES, PLANES, PLANES, 32 words */
    int32_t *set_weights;       /* [kernel_h + 1][kernel_w + 1]: a filter's, above and left of each tap */
    uint32_t *constants;        /* [row class][column class] */
    bnn_stretch *rows;          /* of each row class */
    column_class *columns;
    part *parts;                /* [words][most_parts] */
    int32_t most_parts;
    uint16_t *part_count;       /* of each word; 0: as the word before */
    uint16_t *row_class;        /* of each output row */
    uint16_t *list;
} state;

/* ---- planes of the input ---- */

/* The pixels of all lanes: segment s is in row y + s * words * stride. Channels 32 * word ..; 0 outside the image. */
static void gather(const bnn_layer *layer, const state *s, int32_t y, int32_t x, int32_t word, uint32_t *to)
{
    const int32_t row_words = layer->in_w * layer->in_words, step = layer->stride_w;
    uint32_t *const end = to + LANES;
    for (int32_t i = s->segments; i; i--, y += s->words * layer->stride_h) {
        const uint32_t *in = (const uint32_t *)layer->input + y * row_words + x * layer->in_words + word;
        const int32_t inside = y >= 0 && y < layer->in_h;
        for (int32_t n = 0, at = x; n < s->width; n++, at += step, in += step * layer->in_words)
            *to++ = inside && at >= 0 && at < layer->in_w ? *in : 0;
    }
    while (to < end)
        *to++ = 0;
}

/* Lanes whose pixel `shift` columns to the right is in the same row. */
static uint32_t lanes_with_neighbour(const state *s, int32_t shift)
{
    uint32_t lanes = 0;
    for (int32_t lane = 0, x = 0; lane < s->segments * s->width; lane++) {
        if (x + shift >= 0 && x + shift < s->width)
            lanes |= 1u << lane;
        if (++x == s->width)
            x = 0;
    }
    return lanes;
}

/* One copy of the planes, for kernel column kx. */
static void make_planes(const bnn_layer *layer, const state *s, int32_t kx)
{
    uint32_t *to = s->planes + kx * s->plane_rows * s->pitch;
    const int32_t x = s->left * layer->stride_w + kx - layer->pad_left;
    for (int32_t q = 0; q < s->plane_rows; q++) {
        for (int32_t word = 0; word < layer->in_words; word++, to += 32) {
            gather(layer, s, q - layer->pad_top, x, word, s->work);
            bnn_transpose32(s->work);
            for (int32_t i = 0; i < 32; i++)
                to[31 - i] = s->work[i];
        }
        *to++ = 0;
    }
}

/* The copy for column kx from the one for column `from`, where outputs and inputs have the same columns. */
static void shift_planes(const state *s, int32_t from, int32_t kx)
{
    const int32_t shift = kx - from, words = s->plane_rows * s->pitch;
    const uint32_t lanes = lanes_with_neighbour(s, shift), *in = s->planes + from * words;
    uint32_t *to = s->planes + kx * words;
    if (!lanes)
        for (int32_t i = 0; i < words; i++)
            to[i] = 0;
    else if (shift > 0)
        for (int32_t i = 0; i < words; i++)
            to[i] = in[i] >> shift & lanes;
    else
        for (int32_t i = 0; i < words; i++)
            to[i] = in[i] << -shift & lanes;
}

static void make_all_planes(const bnn_layer *layer, const state *s)
{
    const int32_t from = layer->pad_left;
    const int32_t alike = layer->stride_w == 1 && layer->in_w == s->width && s->width == layer->out_w
                          && from < layer->kernel_w;
    for (int32_t kx = 0; kx < layer->kernel_w; kx++)
        if (!alike || kx == from)
            make_planes(layer, s, kx);
    for (int32_t kx = 0; alike && kx < layer->kernel_w; kx++)
        if (kx != from)
            shift_planes(s, from, kx);
}

/* ---- lists ---- */

/* Lists the planes of the weights whose bits differ from `flip`, none if `weights` is null but all channels. Returns
 * the end, padded to a multiple of eight by words of zeros. */
static uint16_t *make_list(const bnn_layer *layer, const state *s, const uint32_t *weights, uint32_t flip)
{
    uint16_t *to = s->list;
    for (int32_t ky = 0; ky < layer->kernel_h; ky++)
        for (int32_t kx = 0; kx < layer->kernel_w; kx++)
            for (int32_t word = 0; word < layer->in_words; word++) {
                const int32_t rest = layer->in_c - 32 * word;
                const uint32_t at = (uint32_t)((kx * s->plane_rows + ky) * s->pitch + 32 * word);
                uint32_t x = (weights ? *weights++ ^ flip : ~0u) & (rest >= 32 ? ~0u : (1u << rest) - 1);
                while (x) {
                    uint32_t zeros = (uint32_t)__builtin_clz(x);
                    x &= ~(0x80000000u >> zeros);
                    *to++ = (uint16_t)(at + zeros);
                }
            }
    while (to == s->list || (to - s->list) % 8)
        *to++ = (uint16_t)(s->pitch - 1);
    return to;
}

static void count(const state *s, int32_t m, const uint16_t *end, int32_t word_rows, uint32_t *z)
{
    const uint32_t *planes = s->planes + word_rows * s->pitch;
    if (m == FEW_PLANES)
        count_few(s->list, end, planes, z);
    else
        count_many(s->list, end, planes, z);
}

/* minus_twice_all of every word */
static void count_all(const bnn_layer *layer, const state *s)
{
    const uint16_t *end = make_list(layer, s, 0, 0);
    for (int32_t r = 0; r < s->words; r++) {
        uint32_t *planes = s->minus_twice_all + PLANES * r;
        for (int32_t i = 0; i < PLANES; i++)
            planes[i] = 0;
        count(s, PLANES, end, r * layer->stride_h, planes + 1);
        for (int32_t i = 0; i < PLANES; i++)
            planes[i] = ~planes[i];
    }
}

/* ---- thresholds ---- */

static void find_classes(const bnn_layer *layer, state *s)
{
    s->row_classes = s->column_classes = 0;
    for (int32_t y = 0; y < layer->out_h; s->row_classes++) {
        bnn_stretch rows = bnn_rows_at(layer, y);
        for (; y < rows.to; y++)
            s->row_class[y] = (uint16_t)s->row_classes;
        s->rows[s->row_classes] = rows;
    }
    for (int32_t x = s->left; x < s->left + s->width; s->column_classes++) {
        const bnn_stretch columns = bnn_columns_at(layer, x);
        column_class *c = s->columns + s->column_classes;
        c->tap0 = columns.tap0;
        c->tap1 = columns.tap1;
        c->lanes = 0;
        for (; x < columns.to && x < s->left + s->width; x++)
            c->lanes |= 1u << (x - s->left);
    }
}

static void find_parts(const bnn_layer *layer, const state *s, int32_t r, part *to)
{
    uint32_t done = 0; /* segments */
    int32_t n = 0, changed = r == 0;
    for (int32_t segment = 0; segment < s->segments; segment++) {
        const int32_t y = r + segment * s->words;
        if (y >= layer->out_h || (done >> segment & 1))
            continue;
        uint32_t same = 0; /* first lanes of the segments that see the same rows */
        for (int32_t other = segment; other < s->segments && r + other * s->words < layer->out_h; other++)
            if (s->row_class[r + other * s->words] == s->row_class[y]) {
                done |= 1u << other;
                same |= 1u << (other * s->width);
            }
        for (int32_t c = 0; c < s->column_classes; c++, n++) {
            const part p = {s->columns[c].lanes * same, (uint32_t)(s->row_class[y] * s->column_classes + c)};
            to[n] = p;
            if (!changed) {
                const part *before = to + n - s->most_parts;
                changed = before->lanes != p.lanes || before->constant != p.constant;
            }
        }
    }
    s->part_count[r] = (uint16_t)(changed ? n : 0);
}

/* A filter's sum of weights of the taps that a class sees, as set - clear. */
static int32_t weight_sum(const bnn_layer *layer, const state *s, const bnn_stretch *rows, const column_class *columns)
{
    const int32_t pitch = layer->kernel_w + 1;
    const int32_t *first = s->set_weights + rows->tap0 * pitch, *last = s->set_weights + rows->tap1 * pitch;
    const int32_t taps = (rows->tap1 - rows->tap0) * (columns->tap1 - columns->tap0);
    if (rows->tap1 <= rows->tap0 || columns->tap1 <= columns->tap0)
        return 0;
    const int32_t set = last[columns->tap1] - last[columns->tap0] - first[columns->tap1] + first[columns->tap0];
    return 2 * set - taps * layer->in_c;
}

/* Fills set_weights; returns the last one. */
static int32_t count_weights(const bnn_layer *layer, const state *s, const uint32_t *w)
{
    const int32_t pitch = layer->kernel_w + 1;
    int32_t *to = s->set_weights;
    for (int32_t i = 0; i < pitch; i++)
        *to++ = 0;
    for (int32_t ky = 0; ky < layer->kernel_h; ky++) {
        int32_t row = 0;
        *to++ = 0;
        for (int32_t kx = 0; kx < layer->kernel_w; kx++, to++) {
            for (int32_t word = 0; word < layer->in_words; word++)
                row += (int32_t)bnn_popcount32_swar(*w++);
            *to = row + to[-pitch];
        }
    }
    return to[-1];
}

/* begin: what a filter's numbers start from in the lanes of word r, but for minus_twice_all. */
static void begin_word(const state *s, int32_t r)
{
    const part *p = s->parts + r * s->most_parts;
    for (int32_t i = 0; i < s->m; i++)
        s->begin[i] = 0;
    for (int32_t n = s->part_count[r]; n; n--, p++)
        set_lanes(s->begin, p->lanes, s->constants[p->constant], s->m);
}

/* z = begin + minus_twice_all */
BNN_INLINE void start_counting(const state *s, const uint32_t *minus_twice_all)
{
    const uint32_t *begin = s->begin;
    uint32_t *z = s->z, carry = 0, sum, x;
#define ADD_PLANE(i) \
    sum = begin[i], x = minus_twice_all[i], z[i] = sum ^ x ^ carry, carry = bnn_majority(sum, x, carry)
    FEW_TIMES(ADD_PLANE);
    for (int32_t i = FEW_PLANES; i < s->m; i++)
        ADD_PLANE(i);
}

/* Carry of z + limit */
BNN_INLINE uint32_t compare(const state *s)
{
    const uint32_t *z = s->z, *limit = s->limit;
    uint32_t carry = 0;
#define COMPARE_PLANE(i) carry = bnn_majority(z[i], limit[i], carry)
    FEW_TIMES(COMPARE_PLANE);
    for (int32_t i = FEW_PLANES; i < s->m; i++)
        COMPARE_PLANE(i);
    return carry;
}

/* ---- the layer ---- */

/* The outputs of one filter. With u = acc + bias, and E = bias - (its sum of weights over the taps seen):
 * set weights listed: u = E - 2 A + 4 S; clear ones listed: -1 - u = -1 - E - 2 A + 4 S. */
static void run_filter(const bnn_layer *layer, const state *s, int32_t o)
{
    const int32_t taps = layer->kernel_h * layer->kernel_w;
    const uint32_t *w = (const uint32_t *)layer->weights + o * taps * layer->in_words;
    const int32_t set = count_weights(layer, s, w);
    const uint32_t clear = 2 * set > taps * layer->in_c ? ~0u : 0;
    const uint32_t limit = clear ? layer->width[o] : 0 - layer->width[o];
    for (int32_t i = 0; i < s->m; i++)
        s->limit[i] = bnn_broadcast_bit(limit, i);
    for (int32_t r = 0, n = 0; r < s->row_classes; r++)
        for (int32_t c = 0; c < s->column_classes; c++) {
            const uint32_t e = (uint32_t)(layer->bias[o] - weight_sum(layer, s, s->rows + r, s->columns + c));
            s->constants[n++] = clear ? 0 - e : e + 1;
        }
    const uint16_t *end = make_list(layer, s, w, clear);
    const uint32_t flip = clear ^ bnn_broadcast_bit(layer->polarity[o / 32], o % 32);
    for (int32_t r = 0; r < s->words; r++) {
        if (s->part_count[r])
            begin_word(s, r);
        start_counting(s, s->minus_twice_all + PLANES * r);
        count(s, s->m, end, r * layer->stride_h, s->z + 2);
        s->outputs[32 * r + o % 32] = compare(s) ^ flip;
    }
}

/* Packed outputs from planes of 32 filters. */
static void store(const bnn_layer *layer, const state *s, int32_t group)
{
    const uint32_t real = bnn_real_lanes(layer, group);
    for (int32_t r = 0; r < s->words; r++) {
        uint32_t *pixels = s->outputs + 32 * r;
        bnn_transpose32(pixels);
        for (int32_t y = r; y < layer->out_h && y < r + s->segments * s->words; y += s->words) {
            uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + s->left) * layer->out_words + group;
            for (int32_t x = 0; x < s->width; x++, out += layer->out_words)
                *out = *pixels++ & real;
        }
    }
}

void bbconv2d_pixel_planes(const bnn_layer *layer)
{
    bnn_layer framed;
    state s;
    layer = bnn_framed(layer, &framed);
    const int32_t taps = layer->kernel_h * layer->kernel_w;
    s.segments = layer->out_w > LANES ? 1 : LANES / layer->out_w;
    s.words = (layer->out_h - 1) / s.segments + 1;
    s.plane_rows = (s.words - 1) * layer->stride_h + layer->kernel_h;
    s.pitch = 32 * layer->in_words + 1;
    s.m = taps * layer->in_c <= 1022 ? FEW_PLANES : PLANES;
    s.begin = layer->scratch;
    s.z = s.begin + PLANES;
    s.limit = s.z + PLANES;
    s.work = s.limit + PLANES;
    s.planes = s.work + 32;
    s.minus_twice_all = s.planes + layer->kernel_w * s.plane_rows * s.pitch;
    s.outputs = s.minus_twice_all + PLANES * s.words;
    s.set_weights = (int32_t *)(s.outputs + 32 * s.words);
    s.constants = (uint32_t *)s.set_weights + (layer->kernel_h + 1) * (layer->kernel_w + 1);
    const int32_t most_rows = layer->out_h < 2 * layer->kernel_h + 1 ? layer->out_h : 2 * layer->kernel_h + 1;
    const int32_t most_columns = layer->out_w < 2 * layer->kernel_w + 1 ? layer->out_w : 2 * layer->kernel_w + 1;
    s.rows = (bnn_stretch *)(s.constants + most_rows * most_columns);
    s.columns = (column_class *)(s.rows + most_rows);
    s.parts = (part *)(s.columns + most_columns);
    s.most_parts = (s.segments < most_rows ? s.segments : most_rows) * most_columns;
    s.part_count = (uint16_t *)(s.parts + s.words * s.most_parts);
    s.row_class = s.part_count + s.words;
    s.list = s.row_class + layer->out_h;
    for (s.left = 0; s.left < layer->out_w; s.left += s.width) {
        s.width = layer->out_w - s.left < LANES ? layer->out_w - s.left : LANES;
        find_classes(layer, &s);
        for (int32_t r = 0; r < s.words; r++)
            find_parts(layer, &s, r, s.parts + r * s.most_parts);
        make_all_planes(layer, &s);
        count_all(layer, &s);
        for (int32_t group = 0; group < layer->out_words; group++) {
            const int32_t last = layer->out_c < 32 * group + 32 ? layer->out_c : 32 * group + 32;
            for (int32_t o = 32 * group; o < last; o++)
                run_filter(layer, &s, o);
            store(layer, &s, group);
        }
    }
}
