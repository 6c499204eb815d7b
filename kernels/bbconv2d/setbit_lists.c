/* ---
operator: BBConv2D
variant: setbit_lists
idea: >-
  bit-sliced counters whose 32 lanes are output channels, fed by the set activations only. With S the sum of
  weight bits over the set activations of a patch, N of them, and W all its weight bits,
  popcount(a ^ w) = N + W - 2 S. Every input pixel's set channels are listed once by CLZ; a list serves all
  taps and output groups that read the pixel. Pixels with the same in-image taps are done together, so
  that W enters the bit-sliced threshold once per such class. Time follows the density of the input.
registers: >-
  ones, twos, fours, eights and sixteens, list and weight pointers, two operands and pending carries; higher planes
  in memory, reached by few carries
needs: []
fixed_time: false
weights: bit O/32 Y X C/32 C%32 O%32
scratch_bytes: max(36 * in_h * in_w * in_words * (1 - pad_one), 10 * frame_bytes) + 64 * (kernel_h * kernel_w + 6)
supports: kernel_h * kernel_w * in_c <= 32766
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "inline.h"
#include "pad.h"
#include "region.h"

enum {
    LIST_BYTES = 36, /* number of set channels, three unused, up to 32 channel numbers */
    PLANES = 16,
};

typedef struct {
    bnn_stretch rows, columns;
} region;

typedef struct {
    uint8_t *lists;
    uint32_t *tap_weights; /* per tap: planes of the number of set weights of each output */
    uint32_t *starts;      /* K - start, planes */
    uint32_t *widths;
    uint32_t *work; /* 32 words */
    uint32_t *base; /* K - start - 2 W of a region */
    uint32_t *sum;  /* counters of a pixel */
    int32_t m;      /* planes of the threshold */
} state;

static void list_set_channels(const bnn_layer *layer, uint8_t *list)
{
    const uint32_t *in = layer->input;
    for (int32_t n = layer->in_h * layer->in_w * layer->in_words; n; n--, list += LIST_BYTES) {
        uint32_t a = *in++;
        uint8_t *to = list + 4;
        while (a) {
            uint32_t bit = 31 - (uint32_t)__builtin_clz(a);
            *to++ = (uint8_t)bit;
            a &= ~(1u << bit);
        }
        *list = (uint8_t)(to - list - 4);
    }
}

/* s += x at plane `at`, as far as the carry goes */
BNN_INLINE void ripple(uint32_t *s, int32_t at, uint32_t x)
{
    for (; x; at++)
        BNN_HALF_ADD(s[at], x);
}

/* The low planes of a running count, in registers. */
typedef struct {
    uint32_t ones, twos, fours, eights, sixteens;
} low_planes;

BNN_INLINE void add_eights(low_planes *c, uint32_t x, uint32_t *sum)
{
    BNN_HALF_ADD(c->eights, x);
    BNN_HALF_ADD(c->sixteens, x);
    ripple(sum, 5, x);
}

/* Add the weight words of the listed channels. */
BNN_INLINE void add_listed(low_planes *c, const uint8_t *list, const uint32_t *w, uint32_t *sum)
{
    uint32_t n = *list;
    for (list += 4; n >= 8; n -= 8, list += 8) {
        uint32_t x0 = w[list[0]], x1 = w[list[1]], x2 = w[list[2]], x3 = w[list[3]];
        BNN_FULL_ADD(c->ones, x0, x1);
        BNN_FULL_ADD(c->ones, x2, x3);
        BNN_FULL_ADD(c->twos, x0, x2);
        uint32_t y0 = w[list[4]], y1 = w[list[5]], y2 = w[list[6]], y3 = w[list[7]];
        BNN_FULL_ADD(c->ones, y0, y1);
        BNN_FULL_ADD(c->ones, y2, y3);
        BNN_FULL_ADD(c->twos, y0, y2);
        BNN_FULL_ADD(c->fours, x0, y0);
        add_eights(c, x0, sum);
    }
    if (n & 4) {
        uint32_t x0 = w[list[0]], x1 = w[list[1]], x2 = w[list[2]], x3 = w[list[3]];
        BNN_FULL_ADD(c->ones, x0, x1);
        BNN_FULL_ADD(c->ones, x2, x3);
        BNN_FULL_ADD(c->twos, x0, x2);
        BNN_HALF_ADD(c->fours, x0);
        add_eights(c, x0, sum);
        list += 4;
    }
    if (n & 2) {
        uint32_t x0 = w[list[0]], x1 = w[list[1]];
        BNN_FULL_ADD(c->ones, x0, x1);
        BNN_HALF_ADD(c->twos, x0);
        BNN_HALF_ADD(c->fours, x0);
        add_eights(c, x0, sum);
        list += 2;
    }
    if (n & 1) {
        uint32_t x0 = w[list[0]];
        BNN_HALF_ADD(c->ones, x0);
        BNN_HALF_ADD(c->twos, x0);
        BNN_HALF_ADD(c->fours, x0);
        add_eights(c, x0, sum);
    }
}

/* Per tap, planes of the number of set weights of the 32 outputs whose weights begin at w. */
static void count_tap_weights(const bnn_layer *layer, const uint32_t *w, uint32_t *planes)
{
    for (int32_t tap = layer->kernel_h * layer->kernel_w; tap; tap--, planes += PLANES) {
        for (int32_t i = 0; i < PLANES; i++)
            planes[i] = 0;
        for (int32_t i = 32 * layer->in_words; i; i--)
            ripple(planes, 0, *w++);
    }
}

/* base = (K - start) - 2 W over the region's taps */
static void region_base(const bnn_layer *layer, const state *s, const region *r)
{
    uint32_t *b = s->base;
    for (int32_t i = 0; i < s->m; i++)
        b[i] = s->starts[i];
    for (int32_t ky = r->rows.tap0; ky < r->rows.tap1; ky++) {
        for (int32_t kx = r->columns.tap0; kx < r->columns.tap1; kx++) {
            const uint32_t *w = s->tap_weights + PLANES * (ky * layer->kernel_w + kx);
            uint32_t borrow = 0;
            for (int32_t i = 1; i < s->m; i++) {
                uint32_t d = b[i], x = w[i - 1];
                b[i] = d ^ x ^ borrow;
                borrow = bnn_majority(~d, x, borrow);
            }
        }
    }
}

/* Planes of S for the patch at (top, left); gives N. */
static uint32_t count_patch(const bnn_layer *layer, const state *s, const region *r, int32_t top, int32_t left,
                            const uint32_t *weights)
{
    low_planes c = {0, 0, 0, 0, 0};
    const int32_t words = layer->in_words;
    uint32_t set = 0, *sum = s->sum;
    for (int32_t i = 5; i < PLANES; i++)
        sum[i] = 0;
    for (int32_t ky = r->rows.tap0; ky < r->rows.tap1; ky++) {
        const uint8_t *list = s->lists + LIST_BYTES * ((top + ky) * layer->in_w + left + r->columns.tap0) * words;
        const uint32_t *w = weights + 32 * (ky * layer->kernel_w + r->columns.tap0) * words;
        for (int32_t n = (r->columns.tap1 - r->columns.tap0) * words; n; n--, list += LIST_BYTES, w += 32) {
            set += *list;
            add_listed(&c, list, w, sum);
        }
    }
    sum[0] = c.ones;
    sum[1] = c.twos;
    sum[2] = c.fours;
    sum[3] = c.eights;
    sum[4] = c.sixteens;
    return set;
}

/* u = base + scalar + 4 S; a bit is set where u >= width, that is where u + ~width + 1 carries out. */
BNN_INLINE uint32_t not_below(const state *s, uint32_t scalar)
{
    uint32_t carry_scalar = 0, carry_sum = 0, carry = ~0u;
    for (int32_t i = 0; i < s->m; i++) {
        uint32_t b = s->base[i], k = bnn_broadcast_bit(scalar, i);
        uint32_t u = b ^ k ^ carry_scalar;
        carry_scalar = bnn_majority(b, k, carry_scalar);
        if (i >= 2) {
            uint32_t x = s->sum[i - 2], v = u;
            u = v ^ x ^ carry_sum;
            carry_sum = bnn_majority(v, x, carry_sum);
        }
        carry = bnn_majority(u, ~s->widths[i], carry);
    }
    return carry;
}

static void run_region(const bnn_layer *layer, const state *s, const region *r, int32_t group, const uint32_t *weights)
{
    const int32_t taps = bnn_stretch_taps(&r->rows) * bnn_stretch_taps(&r->columns);
    region_base(layer, s, r);
    for (int32_t y = r->rows.from; y < r->rows.to; y++) {
        uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + r->columns.from) * layer->out_words + group;
        for (int32_t x = r->columns.from; x < r->columns.to; x++) {
            uint32_t set = 0;
            if (taps) {
                set = count_patch(layer, s, r, y * layer->stride_h - layer->pad_top,
                                  x * layer->stride_w - layer->pad_left, weights);
            } else {
                for (int32_t i = 0; i < PLANES; i++)
                    s->sum[i] = 0;
            }
            uint32_t bits = not_below(s, (uint32_t)(taps * layer->in_c) - 2 * set);
            *out = (bits ^ layer->polarity[group]) & bnn_real_lanes(layer, group);
            out += layer->out_words;
        }
    }
}

void bbconv2d_setbit_lists(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t taps = layer->kernel_h * layer->kernel_w;
    const uint32_t synapses = (uint32_t)(taps * layer->in_c);
    state s;
    s.tap_weights = layer->scratch;
    s.starts = s.tap_weights + PLANES * taps;
    s.widths = s.starts + PLANES;
    s.work = s.widths + PLANES;
    s.base = s.work + 2 * PLANES;
    s.sum = s.base + PLANES;
    s.lists = (uint8_t *)(s.sum + PLANES);
    for (s.m = 3; (1u << s.m) < 2 * synapses + 3; s.m++)
        ;
    list_set_channels(layer, s.lists);
    for (int32_t group = 0; group < layer->out_words; group++) {
        const uint32_t *weights = (const uint32_t *)layer->weights + 32 * taps * layer->in_words * group;
        bnn_threshold_planes(layer, group, synapses, 0u - 1 - synapses, s.m, s.starts, s.widths, s.work);
        for (int32_t i = 0; i < s.m; i++)
            s.starts[i] = ~s.starts[i]; /* ~(start - K - 1) = K - start */
        count_tap_weights(layer, weights, s.tap_weights);
        region r;
        for (int32_t y = 0; y < layer->out_h; y = r.rows.to) {
            r.rows = bnn_rows_at(layer, y);
            for (int32_t x = 0; x < layer->out_w; x = r.columns.to) {
                r.columns = bnn_columns_at(layer, x);
                run_region(layer, &s, &r, group, weights);
            }
        }
    }
}
