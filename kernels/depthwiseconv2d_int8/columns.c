/* ---
operator: DepthwiseConv2D_int8
variant: columns
idea: >-
  3×3 kernels with stride 1, a channel at a time, in assembly that keeps weights and requantization in registers and
  slides along two rows of outputs. The rows of inputs below each other are paired in words of 16 bits, four channels
  at a time, so that a column is two words: one SMLAD and one SMLAxy for each of the three outputs that it belongs to.
  About 18 cycles for an output of nine products, requantization included.
registers: two pointers, five words of weights (one shared with the shift), bias, multiplier, addend, three sums, a word
needs: [dsp]
fixed_time: true
weights: int8 O Y X C
scratch_bytes: 32 * (out_w + 2)
supports: depth_multiplier == 1 and kernel_h == 3 and kernel_w == 3 and stride_h == 1 and stride_w == 1
--- */
#include "bnn_layer.h"
#include "int8.h"
#include "int8_rescale.h"

enum { CHANNELS = 4, TAPS = 9 };

/* A channel's row of outputs; the assembly knows the offsets. Weights and bias are doubled. */
typedef struct {
    const uint32_t *in; /*  0: columns of two words */
    int8_t *out;        /*  4 */
    uint32_t pairs[3];  /*  8: per kernel column, the weights of the word that both halves count of */
    uint32_t singles;   /* 20: of the other word, kernel columns 0 and 1 */
    uint32_t last;      /* 24: column 2 in the upper half, the shift in the lower */
    int32_t bias, multiplier, add; /* 28, 32, 36 */
    const uint32_t *end; /* 40 */
    int32_t step;        /* 44: bytes from pixel to pixel */
    int32_t odd;         /* 48: outputs beyond a multiple of three */
} row_job;

/* Upper rows of outputs take both halves of the first word and the lower half of the second (SMLABx), lower rows both
 * halves of the second and the upper half of the first (SMLATx). The later load moves r0. */
#define LOAD_UPPER(n) "ldr.w lr, [r0, #4]\n\tldr.w " n ", [r0], #8\n\t"
#define LOAD_LOWER(n) "ldr.w " n ", [r0, #4]\n\tldr.w lr, [r0], #8\n\t"
#define START(n, half) "smlad " n ", " n ", r2, r7\n\tsmla" half "b " n ", lr, r5, " n "\n\t"
#define MIDDLE(b, n, half) "smlad " b ", " n ", r3, " b "\n\tsmla" half "t " b ", lr, r5, " b "\n\t"
#define FINISH(a, n, half) "smlad " a ", " n ", r4, " a "\n\tsmla" half "t " a ", lr, r6, " a "\n\t"
/* The two columns before the first output is finished. */
#define BEGIN(a, b, load, half) load(a) START(a, half) load(b) MIDDLE(a, b, half) START(b, half)
/* A column: output a is finished, b has its middle, n begins. */
#define STEP(a, b, n, load, half)                     \
    load(n) FINISH(a, n, half) MIDDLE(b, n, half) START(n, half) \
    "add.w lr, r9, " a ", asr #31\n\t"                \
    "smmlar " a ", " a ", r8, lr\n\t"                 \
    "ldr.w lr, [sp, #4]\n\t"                          \
    "asr.w " a ", " a ", r6\n\t"                      \
    "ssat " a ", #8, " a "\n\t"                       \
    "strb.w " a ", [r1]\n\t"                          \
    "add.w r1, r1, lr\n\t"
#define ROUTINE(load, half)                           \
    __asm__ volatile(                                 \
        "push {r4-r11, lr}\n\t"                       \
        "ldr.w r10, [r0, #40]\n\t"                    \
        "ldr.w r11, [r0, #44]\n\t"                    \
        "ldr.w r12, [r0, #48]\n\t"                    \
        "push {r10, r11}\n\t"                         \
        "ldm.w r0, {r0-r9}\n\t"                       \
        "cmp.w r12, #1\n\t"                           \
        "beq.w 5f\n\t"                                \
        "bhi.w 4f\n\t"                                \
        BEGIN("r10", "r11", load, half)               \
        "b.w 1f\n\t"                                  \
        "4:\n\t"                                      \
        BEGIN("r11", "r12", load, half)               \
        "b.w 2f\n\t"                                  \
        "5:\n\t"                                      \
        BEGIN("r12", "r10", load, half)               \
        "b.w 3f\n\t"                                  \
        ".balign 8\n"                                 \
        "1:\n\t" STEP("r10", "r11", "r12", load, half) \
        "2:\n\t" STEP("r11", "r12", "r10", load, half) \
        "3:\n\t" STEP("r12", "r10", "r11", load, half) \
        "ldr.w lr, [sp]\n\t"                          \
        "cmp.w r0, lr\n\t"                            \
        "bne.w 1b\n\t"                                \
        "add sp, #8\n\t"                              \
        "pop {r4-r11, pc}\n\t")

__attribute__((naked, noinline)) static void upper_row(__attribute__((unused)) const row_job *j)
{
    ROUTINE(LOAD_UPPER, "b");
}

__attribute__((naked, noinline)) static void lower_row(__attribute__((unused)) const row_job *j)
{
    ROUTINE(LOAD_LOWER, "t");
}

typedef struct {
    const bnn_layer *layer;
    uint32_t *columns; /* [CHANNELS][width][2]: rows 0 and 1, rows 2 and 3 of the inputs of two rows of outputs */
    int32_t width;
    int32_t first, count; /* channels */
    int32_t fits;         /* whether all of them can be rescaled in assembly */
    row_job rows[CHANNELS][2];
} plan;

BNN_INLINE uint32_t pair_of(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

static void prepare_channel(plan *p, int32_t c)
{
    const bnn_layer *layer = p->layer;
    const int32_t o = p->first + c;
    const int8_t *w = (const int8_t *)layer->weights + TAPS * o;
    row_job *upper = &p->rows[c][0], *lower = &p->rows[c][1];
    bnn_rescale rescale;

    p->fits &= bnn_rescale_of(layer, o, &rescale);
    for (int32_t k = 0; k < 3; k++) {
        upper->pairs[k] = pair_of(2 * w[k], 2 * w[3 + k]);
        lower->pairs[k] = pair_of(2 * w[3 + k], 2 * w[6 + k]);
    }
    upper->singles = pair_of(2 * w[6], 2 * w[7]);
    lower->singles = pair_of(2 * w[0], 2 * w[1]);
    upper->last = pair_of(rescale.right, 2 * w[8]);
    lower->last = pair_of(rescale.right, 2 * w[2]);
    for (int32_t i = 0; i < 2; i++) {
        row_job *j = &p->rows[c][i];

        j->in = p->columns + 2 * p->width * c;
        j->end = j->in + 2 * p->width;
        j->bias = 2 * layer->bias[o];
        j->multiplier = rescale.multiplier;
        j->add = rescale.add;
        j->step = layer->out_c;
        j->odd = layer->out_w % 3;
    }
}

BNN_INLINE uint32_t load_some(const int8_t *from, int32_t count)
{
    uint32_t word = 0;

    if (count == CHANNELS)
        __asm__("ldr %0, [%1]" : "=r"(word) : "r"(from), "m"(*(const uint32_t(*)[1])(const void *)from));
    else
        for (int32_t c = 0; c < count; c++)
            word |= (uint32_t)(uint8_t)from[c] << (8 * c);
    return word;
}

/* Two rows of a column as pairs, for four channels. */
BNN_INLINE void put_pairs(uint32_t *to, int32_t channel_step, uint32_t upper, uint32_t lower, uint32_t offset)
{
    uint32_t a, b, t;

    __asm__("sxtab16 %0, %3, %4\n\tsxtab16 %1, %3, %5\n\tpkhbt %2, %0, %1, lsl #16\n\tpkhtb %0, %1, %0, asr #16"
            : "=&r"(a), "=&r"(b), "=&r"(t)
            : "r"(offset), "r"(upper), "r"(lower));
    to[0] = t;
    to[2 * channel_step] = a;
    __asm__("sxtab16 %0, %3, %4, ror #8\n\tsxtab16 %1, %3, %5, ror #8\n\t"
            "pkhbt %2, %0, %1, lsl #16\n\tpkhtb %0, %1, %0, asr #16"
            : "=&r"(a), "=&r"(b), "=&r"(t)
            : "r"(offset), "r"(upper), "r"(lower));
    to[channel_step] = t;
    to[3 * channel_step] = a;
}

BNN_INLINE void put_zeros(uint32_t *to, int32_t channel_step)
{
    for (int32_t c = 0; c < CHANNELS; c++)
        to[c * channel_step] = 0;
}

/* Columns of whole quads; the assembly knows the offsets. */
typedef struct {
    const void *upper, *lower;       /*  0: four channels of the first column */
    int32_t upper_step, lower_step;  /*  8: bytes from column to column */
    uint32_t offset;                 /* 16 */
    uint32_t *to[CHANNELS];          /* 20 */
    const uint32_t *end;             /* 36: where to[0] ends */
} column_job;

#define PAIRS(rotation, low, high)                                      \
    "sxtab16 r12, r4, r10" rotation "\n\tsxtab16 lr, r4, r11" rotation "\n\t" \
    "pkhbt r9, r12, lr, lsl #16\n\tpkhtb r12, lr, r12, asr #16\n\t"     \
    "str.w r9, [" low "], #8\n\tstr.w r12, [" high "], #8\n\t"
__attribute__((naked, noinline)) static void put_columns(__attribute__((unused)) const column_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm.w r0, {r0-r9}\n\t"
        "push {r9}\n\t"
        ".balign 8\n"
        "1: ldr.w r10, [r0]\n\t"
        "ldr.w r11, [r1]\n\t"
        "add.w r0, r0, r2\n\t"
        "add.w r1, r1, r3\n\t"
        PAIRS("", "r5", "r7")
        PAIRS(", ror #8", "r6", "r8")
        "ldr.w r10, [sp]\n\t"
        "cmp.w r5, r10\n\t"
        "bne.w 1b\n\t"
        "add sp, #4\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* The columns under output rows y and y + 1. 0 outside the image: what zero points become. */
static void stage(const plan *p, int32_t y)
{
    const bnn_layer *layer = p->layer;
    const uint32_t offset = ((uint32_t)layer->input_offset & 0xffffu) * 0x10001u;
    const uint32_t nothing = ((uint32_t)-layer->input_offset & 0xffu) * 0x01010101u;
    const int32_t step = 2 * p->width, top = y - layer->pad_top;
    uint32_t *to = p->columns;

    for (int32_t pair = 0; pair < 2; pair++, to = p->columns + pair) {
        const int32_t row = top + 2 * pair, upper = row >= 0 && row < layer->in_h;
        const int32_t lower = row + 1 >= 0 && row + 1 < layer->in_h, row_bytes = layer->in_w * layer->in_c;
        const int8_t *from = (const int8_t *)layer->input + row * row_bytes + p->first;
        int32_t x = -layer->pad_left, end = p->width - layer->pad_left;

        for (; x < 0; x++, to += 2)
            put_zeros(to, step);
        if (p->count == CHANNELS && x < layer->in_w && x < end) {
            const int32_t last = layer->in_w < end ? layer->in_w : end;
            column_job j = {.upper = &nothing, .lower = &nothing, .offset = offset, .end = to + 2 * (last - x)};

            if (upper) {
                j.upper = from;
                j.upper_step = layer->in_c;
            }
            if (lower) {
                j.lower = from + row_bytes;
                j.lower_step = layer->in_c;
            }
            for (int32_t c = 0; c < CHANNELS; c++)
                j.to[c] = to + c * step;
            put_columns(&j);
            to += 2 * (last - x);
            x = last;
        }
        for (; x < layer->in_w && x < end; x++, to += 2, from += layer->in_c)
            put_pairs(to, step, upper ? load_some(from, p->count) : nothing,
                      lower ? load_some(from + row_bytes, p->count) : nothing, offset);
        for (; x < end; x++, to += 2)
            put_zeros(to, step);
    }
}

/* One row of outputs in C: all of bnn_int8_output. */
static void row_in_c(const plan *p, int32_t c, const row_job *j, int32_t lower)
{
    const int32_t o = p->first + c;
    int8_t *output = j->out;

    for (int32_t x = 0; x < p->layer->out_w; x++, output += j->step) {
        const int16_t *in = (const int16_t *)(const void *)(j->in + 2 * x) + lower;
        const int8_t *w = (const int8_t *)p->layer->weights + TAPS * o;
        int32_t acc = p->layer->bias[o];

        for (int32_t i = 0; i < 3; i++)
            for (int32_t k = 0; k < 3; k++)
                acc += in[4 * k + i] * *w++;
        *output = bnn_int8_output(p->layer, o, acc);
    }
}

static void rows_at(plan *p, int32_t y)
{
    const bnn_layer *layer = p->layer;

    for (int32_t c = 0; c < p->count; c++)
        for (int32_t i = 0; i < 2 && y + i < layer->out_h; i++) {
            row_job *j = &p->rows[c][i];

            j->out = (int8_t *)layer->output + (y + i) * layer->out_w * layer->out_c + p->first + c;
            if (!p->fits)
                row_in_c(p, c, j, i);
            else
                (i ? lower_row : upper_row)(j);
        }
}

void depthwiseconv2d_int8_columns(const bnn_layer *layer)
{
    plan p;

    p.layer = layer;
    p.columns = layer->scratch;
    p.width = layer->out_w + 2;
    for (p.first = 0; p.first < layer->in_c; p.first += CHANNELS) {
        p.count = layer->in_c - p.first;
        p.count = p.count < CHANNELS ? p.count : CHANNELS;
        p.fits = 1;
        for (int32_t c = 0; c < p.count; c++)
            prepare_channel(&p, c);
        for (int32_t y = 0; y < layer->out_h; y += 2) {
            stage(&p, y);
            rows_at(&p, y);
        }
    }
    bnn_clamp_output(layer);
}
