/* ---
operator: Conv2D_int8
variant: winograd
idea: >-
  3×3 kernels with stride 1 in 16 instead of 36 products per 2×2 outputs (Winograd's F(2×2, 3×3)), exact in integers:
  inputs are transformed to at most 1020, weights, four times too large, to 1152, so both fit the halves of SMLAD, and
  sums are divided by four at the end. Transforms are SADD16 and SSUB16, two channels at a time. 32 outputs (16 of
  more than 64 channels) at a time have their weights transformed into scratch; then three tiles by two outputs per
  step, as im2col_smlad. All but the transform of the weights is assembly.
registers: as im2col_smlad; a tile's inputs are transformed with its two middle rows in eight registers
needs: [dsp]
fixed_time: true
weights: int8 O Y X C/4 C%4
scratch_bytes: 6144 + ((in_c + 3) // 4) * (2048 * (1 + (in_c <= 64)) + 448)
supports: kernel_h == 3 and kernel_w == 3 and stride_h == 1 and stride_w == 1 and in_c <= 512
--- */
#include "bnn_layer.h"
#include "dsp.h"
#include "int8.h"
#include "int8_rescale.h"
#include "int8_smlad.h"
#include "winograd_tiles.h"

enum { ELEMENTS = 16, TAPS = 9 };

typedef struct {
    const bnn_layer *layer;
    uint32_t *weights;    /* [ELEMENTS][outputs / 2][words][2] */
    uint32_t *inputs;     /* [ELEMENTS][words][BNN_PIXELS] */
    uint32_t *tile;       /* [words / 2][16]: four channels of 4 x 4 pixels */
    int32_t *sums;        /* [ELEMENTS][OUTPUTS][BNN_PIXELS] */
    int32_t words;        /* of a transformed pixel: pairs of channels, an even number */
    int32_t first, count; /* outputs whose weights are transformed */
    int32_t outputs;      /* at a time: OUTPUTS, or half of it for many channels */
    int32_t fits;
    struct {
        int32_t twice_bias;
        bnn_rescale rescale;
    } output[OUTPUTS];
} plan;

/* Four from three weights: 2 a, a + b + c, a - b + c, 2 c. */
BNN_INLINE void widen_weights(uint32_t a, uint32_t b, uint32_t c, uint32_t *to, int32_t step)
{
    uint32_t sum = bnn_sadd16(a, c);

    to[0] = bnn_sadd16(a, a);
    to[step] = bnn_sadd16(sum, b);
    to[2 * step] = bnn_ssub16(sum, b);
    to[3 * step] = bnn_sadd16(c, c);
}

/* Two channels of an output's kernel; g: the taps as pairs of 16 bits. */
BNN_INLINE void transform_kernel(const uint32_t *g, uint32_t *to, int32_t element_step)
{
    uint32_t columns[12]; /* [4][3] */

    for (int32_t j = 0; j < 3; j++)
        widen_weights(g[j], g[3 + j], g[6 + j], columns + j, 3);
    for (int32_t i = 0; i < 4; i++)
        widen_weights(columns[3 * i], columns[3 * i + 1], columns[3 * i + 2], to + 4 * i * element_step,
                      element_step);
}

static void transform_weights(const plan *p)
{
    const int32_t quads = p->words / 2, element_step = p->outputs * p->words;

    for (int32_t o = 0; o < p->outputs; o++) {
        const uint32_t *w = (const uint32_t *)p->layer->weights + (p->first + o) * TAPS * quads;
        uint32_t *to = p->weights + (o >> 1) * 2 * p->words + (o & 1);

        for (int32_t q = 0; q < quads; q++, w++, to += 4) {
            uint32_t g[TAPS];

            for (int32_t n = 0; n < TAPS; n++)
                g[n] = o < p->count ? bnn_sxtb16(w[n * quads]) : 0;
            transform_kernel(g, to, element_step);
            for (int32_t n = 0; n < TAPS; n++)
                g[n] = o < p->count ? bnn_sxtb16_ror8(w[n * quads]) : 0;
            transform_kernel(g, to + 2, element_step);
        }
    }
}

/* The 4 x 4 pixels whose first is (row, column), the zero point where there is none. */
static void gather_tile(const plan *p, int32_t row, int32_t column)
{
    const bnn_layer *layer = p->layer;
    const uint32_t nothing = ((uint32_t)-layer->input_offset & 0xffu) * 0x01010101u;
    const int32_t quads = p->words / 2, whole = layer->in_c / 4, tail = layer->in_c & 3;

    for (int32_t n = 0; n < 16; n++) {
        const int32_t y = row + (n >> 2), x = column + (n & 3);
        uint32_t *to = p->tile + n;

        if (y < 0 || y >= layer->in_h || x < 0 || x >= layer->in_w) {
            for (int32_t q = 0; q < quads; q++, to += 16)
                *to = nothing;
            continue;
        }
        const int8_t *from = (const int8_t *)layer->input + (y * layer->in_w + x) * layer->in_c;
        int32_t q = whole;

        for (; q >= 4; q -= 4, from += 16, to += 64) {
            uint32_t a, b, c, d;

            __asm__("ldr %0, [%4]\n\tldr %1, [%4, #4]\n\tldr %2, [%4, #8]\n\tldr %3, [%4, #12]"
                    : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
                    : "r"(from), "m"(*(const uint32_t(*)[4])(const void *)from));
            to[0] = a;
            to[16] = b;
            to[32] = c;
            to[48] = d;
        }
        for (; q > 0; q--, from += 4, to += 16)
            *to = bnn_load(from);
        if (tail) {
            *to = 0;
            for (int32_t k = 0; k < tail; k++)
                *to |= (uint32_t)(uint8_t)from[k] << (8 * k);
        }
    }
}

/* Tile `place` of three, whose first output is (y, x). */
static void transform_inputs(const plan *p, int32_t place, int32_t y, int32_t x)
{
    input_job j = {.tile = p->tile, .to = p->inputs + place, .end = p->tile + 8 * p->words};

    j.offset = ((uint32_t)p->layer->input_offset & 0xffffu) * 0x10001u;
    j.step = 4 * BNN_PIXELS * (uint32_t)p->words;
    gather_tile(p, y - p->layer->pad_top, x - p->layer->pad_left);
    transform_tile(&j);
}

/* The same in C, for tiles of which only `rows` x `columns` outputs exist and outputs that need all of
 * bnn_int8_output. */
static void finish_part(const plan *p, const tile_job *j, int32_t rows, int32_t columns)
{
    for (int32_t o = 0; o < j->count; o++) {
        const int32_t *m = j->sums + BNN_PIXELS * o;
        int32_t left[4], right[4];

        for (int32_t i = 0; i < 4; i++, m += 4 * SUMS) {
            left[i] = m[0] + m[SUMS] + m[2 * SUMS];
            right[i] = m[SUMS] - m[2 * SUMS] - m[3 * SUMS];
        }
        for (int32_t x = 0; x < columns; x++) {
            const int32_t *s = x ? right : left;

            for (int32_t y = 0; y < rows; y++) {
                int32_t four = y ? s[1] - s[2] - s[3] : s[0] + s[1] + s[2];

                j->output[y * j->out_row + x * j->out_c + o] =
                    bnn_int8_output(p->layer, p->first + o, four / 4 + p->layer->bias[p->first + o]);
            }
        }
    }
}

/* The sums of three tiles, for all elements. */
static void multiply(const plan *p)
{
    sum_job j;

    j.turns = (p->words + BNN_SMLAD_UNROLL - 1) / BNN_SMLAD_UNROLL;
    j.skip_bytes = (j.turns * BNN_SMLAD_UNROLL - p->words) * BNN_SMLAD_STEP_BYTES;
    for (int32_t e = 0; e < ELEMENTS; e++) {
        j.patch = p->inputs + e * BNN_PIXELS * p->words;
        j.weights = p->weights + e * p->outputs * p->words;
        j.sums = p->sums + e * SUMS;
        j.end = j.sums + (p->count + 1) / 2 * 2 * BNN_PIXELS;
        sum_element(&j);
    }
}

/* Where a tile's first output is. */
typedef struct {
    int32_t y, x;
} place;

static void finish(const plan *p, const place *tiles, int32_t count)
{
    const bnn_layer *layer = p->layer;

    multiply(p);
    for (int32_t n = 0; n < count; n++) {
        const int32_t rows = layer->out_h - tiles[n].y, columns = layer->out_w - tiles[n].x;
        tile_job j = {.sums = p->sums + n, .table = p->output, .count = p->count, .out_c = layer->out_c};

        j.out_row = layer->out_w * layer->out_c;
        j.output = (int8_t *)layer->output + (tiles[n].y * layer->out_w + tiles[n].x) * layer->out_c + p->first;
        if (p->fits && rows > 1 && columns > 1)
            finish_tile(&j);
        else
            finish_part(p, &j, rows > 1 ? 2 : 1, columns > 1 ? 2 : 1);
    }
}

static void prepare_outputs(plan *p)
{
    p->count = p->layer->out_c - p->first;
    p->count = p->count < p->outputs ? p->count : p->outputs;
    p->fits = 1;
    for (int32_t o = 0; o < p->count; o++) {
        p->output[o].twice_bias = 2 * p->layer->bias[p->first + o];
        p->fits &= bnn_rescale_of(p->layer, p->first + o, &p->output[o].rescale);
    }
    transform_weights(p);
}

void conv2d_int8_winograd(const bnn_layer *layer)
{
    plan p;
    place tiles[BNN_PIXELS];
    int32_t filled = 0;

    p.layer = layer;
    p.outputs = layer->in_c <= 64 ? OUTPUTS : OUTPUTS / 2;
    p.words = (layer->in_c + 3) / 4 * 2;
    p.sums = layer->scratch;
    p.weights = (uint32_t *)(void *)(p.sums + ELEMENTS * SUMS);
    p.inputs = p.weights + ELEMENTS * p.outputs * p.words;
    p.tile = p.inputs + ELEMENTS * BNN_PIXELS * p.words;
    for (p.first = 0; p.first < layer->out_c; p.first += p.outputs) {
        prepare_outputs(&p);
        for (int32_t y = 0; y < layer->out_h; y += 2)
            for (int32_t x = 0; x < layer->out_w; x += 2) {
                tiles[filled] = (place){y, x};
                transform_inputs(&p, filled, y, x);
                if (++filled == BNN_PIXELS) {
                    finish(&p, tiles, filled);
                    filled = 0;
                }
            }
        if (filled > 0)
            finish(&p, tiles, filled);
        filled = 0;
    }
    bnn_clamp_output(layer);
}
