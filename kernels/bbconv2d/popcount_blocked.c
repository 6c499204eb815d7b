/* ---
operator: BBConv2D
variant: popcount_blocked
idea: >-
  for a population count instruction. Two pixels that see the same taps by four outputs: six adjacent loads
  (seven cycles) feed eight words, and the counts of the two pixels share a register as halves. The
  words of a patch are gathered once, those of two pixels side by side, weights of four outputs are
  interleaved. A patch that sees the whole kernel is one run of words, one at the border a run per kernel
  row. Outputs are packed through the carry flag. A claimed exclusive-or-count-accumulate takes one pixel by four
  outputs, five loads for four words, because its sums cannot share a register.
registers: >-
  four pairs of sums, four weight words, two activation words, two pointers, one temporary and the count
needs: [popcount]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: 8 * kernel_h * kernel_w * in_words
supports: kernel_h * kernel_w * in_c <= 65535
--- */
#include "bnn_layer.h"
#include "primitives.h"
#include "region.h"

/* A region's taps as runs of weight words, those of four outputs counted as one. */
typedef struct {
    const uint32_t *words; /* activations of the in-image taps, in order; two pixels interleaved */
    uint32_t runs;
    uint32_t run_words;
    uint32_t synapses; /* real ones of the in-image taps */
    uint32_t skip;     /* before the first run */
    uint32_t gap;      /* from the end of a run to the next */
    uint32_t after;    /* from the end of the last run to the first of the next four outputs */
} patch;

/* Registers are named and lengths chosen because both compilers otherwise spill around the loads, which must be
 * adjacent: each after the first takes one cycle. They begin at a multiple of four, where a 32-bit load costs
 * no more than a short one. */
#define STEP_REGISTERS                                                                                    \
    register uint32_t a0_ __asm__("r2"), w0_ __asm__("r3"), w1_ __asm__("r4"), w2_ __asm__("r5"),         \
        w3_ __asm__("r6")
#define WEIGHT_OFFSETS(i) "i"(16 * (i)), "i"(16 * (i) + 4), "i"(16 * (i) + 8), "i"(16 * (i) + 12)

/* One pixel by four outputs. */
#define STEP_ONE(i)                                                                                        \
    do {                                                                                                   \
        STEP_REGISTERS;                                                                                    \
        __asm__ volatile(".p2align 2\n\tldr.w %0, [%5, %7]\n\tldr.n %1, [%6, %8]\n\t"                   \
                         "ldr.n %2, [%6, %9]\n\tldr.n %3, [%6, %10]\n\tldr.n %4, [%6, %11]"              \
                         : "=&r"(a0_), "=&r"(w0_), "=&r"(w1_), "=&r"(w2_), "=&r"(w3_)                      \
                         : "r"(a), "r"(w), "i"(4 * (i)), WEIGHT_OFFSETS(i)                                 \
                         : "memory");                                                                      \
        x0 = bnn_xor_popcount_accumulate(x0, a0_, w0_);                                                    \
        x1 = bnn_xor_popcount_accumulate(x1, a0_, w1_);                                                    \
        x2 = bnn_xor_popcount_accumulate(x2, a0_, w2_);                                                    \
        x3 = bnn_xor_popcount_accumulate(x3, a0_, w3_);                                                    \
        __asm__ volatile("" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3));                                     \
    } while (0)

/* Two pixels by one output, then by four. Twenty bytes, so that steps stay where they are. */
#define PAIR(x, w)                                                                                         \
    do {                                                                                                   \
        uint32_t t_;                                                                                       \
        __asm__ volatile("eor.w %0, %2, %1\n\teors %1, %3" : "=&r"(t_), "+r"(w) : "r"(a0_), "r"(a1_) : "cc"); \
        t_ = bnn_popcount32(t_);                                                                           \
        w = bnn_popcount32(w);                                                                             \
        __asm__ volatile("add %0, %1\n\tadd.w %0, %0, %2, lsl #16" : "+r"(x) : "r"(t_), "r"(w));           \
    } while (0)
#define STEP_TWO(i)                                                                                        \
    do {                                                                                                   \
        STEP_REGISTERS;                                                                                    \
        register uint32_t a1_ __asm__("r7");                                                               \
        __asm__ volatile(".p2align 2\n\tldr.n %0, [%6, %8]\n\tldr.n %1, [%6, %9]\n\t"                    \
                         "ldr.n %2, [%7, %10]\n\tldr.n %3, [%7, %11]\n\t"                                \
                         "ldr.n %4, [%7, %12]\n\tldr.n %5, [%7, %13]"                                    \
                         : "=&r"(a0_), "=&r"(a1_), "=&r"(w0_), "=&r"(w1_), "=&r"(w2_), "=&r"(w3_)          \
                         : "r"(a), "r"(w), "i"(8 * (i)), "i"(8 * (i) + 4), WEIGHT_OFFSETS(i)               \
                         : "memory");                                                                      \
        PAIR(x0, w0_);                                                                                     \
        PAIR(x1, w1_);                                                                                     \
        PAIR(x2, w2_);                                                                                     \
        PAIR(x3, w3_);                                                                                     \
    } while (0)

/* Loop variables stay in their registers from turn to turn. */
#define HOLD(a, w, n) __asm__ volatile("" : "+r"(a), "+r"(w), "+r"(n))

/* The counts of four outputs over a patch; moves w to the next four. */
#define COUNT(STEP, pixels)                                                          \
    do {                                                                             \
        register const uint32_t *a __asm__("r0") = p->words;                         \
        uint32_t runs = p->runs;                                                     \
        while (runs) {                                                               \
            uint32_t n = p->run_words;                                               \
            for (; n >= 4; n -= 4) {                                                 \
                STEP(0);                                                             \
                STEP(1);                                                             \
                STEP(2);                                                             \
                STEP(3);                                                             \
                a += 4 * (pixels);                                                   \
                w += 16;                                                             \
                HOLD(a, w, n);                                                       \
            }                                                                        \
            for (; n; n--) {                                                         \
                STEP(0);                                                             \
                a += (pixels);                                                       \
                w += 4;                                                              \
                HOLD(a, w, n);                                                       \
            }                                                                        \
            if (--runs == 0)                                                         \
                break;                                                               \
            w += 4 * p->gap;                                                         \
        }                                                                            \
        w += 4 * p->after;                                                           \
    } while (0)

#define SUMS                                                                                          \
    register uint32_t x0 __asm__("r8") = 0, x1 __asm__("r9") = 0, x2 __asm__("r10") = 0, x3 __asm__("r11") = 0

/* Up to eight fours of outputs of one pixel as a word. */
BNN_NOINLINE uint32_t one_pixel(const patch *p, const uint32_t *weights, const int32_t *bias, const uint32_t *width,
                                uint32_t fours)
{
    register const uint32_t *w __asm__("r1") = weights + 4 * p->skip;
    const uint32_t missing = 32 - 4 * fours;
    uint32_t bits = 0;
    do {
        SUMS;
        COUNT(STEP_ONE, 1);
        const uint32_t s = p->synapses;
        bits = bnn_shift_in_threshold(bits, s + (uint32_t)bias[0] - 2 * x0, width[0]);
        bits = bnn_shift_in_threshold(bits, s + (uint32_t)bias[1] - 2 * x1, width[1]);
        bits = bnn_shift_in_threshold(bits, s + (uint32_t)bias[2] - 2 * x2, width[2]);
        bits = bnn_shift_in_threshold(bits, s + (uint32_t)bias[3] - 2 * x3, width[3]);
        bias += 4;
        width += 4;
    } while (--fours);
    return bits >> missing;
}

#ifndef BNNSIM_XOR_POPCOUNT_ACCUMULATE
/* The same for two pixels. */
BNN_NOINLINE void two_pixels(const patch *p, const uint32_t *weights, const int32_t *bias, const uint32_t *width,
                             uint32_t fours, uint32_t *words)
{
    register const uint32_t *w __asm__("r1") = weights + 4 * p->skip;
    const uint32_t missing = 32 - 4 * fours;
    uint32_t bits0 = 0, bits1 = 0;
#define THRESHOLD_TWO(i, x)                                               \
    do {                                                                  \
        uint32_t s_ = p->synapses + (uint32_t)bias[i], half_ = x & 0xffff; \
        BNN_KEEP(half_); /* or it becomes a mask that takes two more instructions to load */ \
        bits0 = bnn_shift_in_threshold(bits0, s_ - 2 * half_, width[i]);  \
        half_ = x >> 16;                                                  \
        BNN_KEEP(half_);                                                  \
        bits1 = bnn_shift_in_threshold(bits1, s_ - 2 * half_, width[i]);  \
    } while (0)
    do {
        SUMS;
        COUNT(STEP_TWO, 2);
        THRESHOLD_TWO(0, x0);
        THRESHOLD_TWO(1, x1);
        THRESHOLD_TWO(2, x2);
        THRESHOLD_TWO(3, x3);
        bias += 4;
        width += 4;
    } while (--fours);
    words[0] = bits0 >> missing;
    words[1] = bits1 >> missing;
}
#endif

static void describe(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns, patch *p)
{
    const uint32_t words = (uint32_t)layer->in_words, row_words = (uint32_t)layer->kernel_w * words;
    const uint32_t ny = (uint32_t)bnn_stretch_taps(rows), nx = (uint32_t)bnn_stretch_taps(columns);
    p->words = layer->scratch;
    p->synapses = ny * nx * (uint32_t)layer->in_c;
    p->runs = nx ? ny : 0;
    p->run_words = nx * words;
    p->gap = row_words - p->run_words;
    p->skip = p->runs ? (uint32_t)rows->tap0 * row_words + (uint32_t)columns->tap0 * words : 0;
    p->after = (uint32_t)layer->kernel_h * row_words - (p->runs ? (ny - 1) * row_words + p->run_words : 0);
    if (p->runs && p->gap == 0) { /* rows join */
        p->run_words *= ny;
        p->runs = 1;
    }
}

/* Collect the words of the in-image taps of output pixel (y, x) at every step-th word. */
BNN_NOINLINE void gather(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns, int32_t y,
                         int32_t x, uint32_t *to, uint32_t step)
{
    const int32_t top = y * layer->stride_h - layer->pad_top, left = x * layer->stride_w - layer->pad_left;
    const int32_t run = bnn_stretch_taps(columns) * layer->in_words;
    for (int32_t ky = rows->tap0; ky < rows->tap1; ky++) {
        const uint32_t *in = (const uint32_t *)layer->input
                             + ((top + ky) * layer->in_w + left + columns->tap0) * layer->in_words;
        for (int32_t n = run; n > 0; n--, to += step)
            *to = *in++;
    }
}

BNN_INLINE uint32_t finish(const bnn_layer *layer, int32_t group, uint32_t bits)
{
    int32_t rest = layer->out_c - 32 * group;
    bits ^= layer->polarity[group];
    return rest >= 32 ? bits : bits & ((1u << rest) - 1);
}

BNN_INLINE uint32_t fours_of(const bnn_layer *layer, int32_t group)
{
    int32_t rest = layer->out_c - 32 * group;
    return rest >= 32 ? 8 : (uint32_t)(rest + 3) / 4;
}

static void run_region(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns)
{
    const uint32_t group_words = 32 * (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_words);
    const int32_t width = columns->to - columns->from, pixels = width * (rows->to - rows->from);
    patch p;
    describe(layer, rows, columns, &p);
    int32_t y = rows->from, x = columns->from, at = 0;
#define NEXT (void)(++x == columns->to && (x = columns->from, y++))
#define PIXEL ((uint32_t *)layer->output + (y * layer->out_w + x) * layer->out_words)
#ifndef BNNSIM_XOR_POPCOUNT_ACCUMULATE
    for (; at + 2 <= pixels; at += 2) {
        uint32_t words[2], *to = layer->scratch;
        uint32_t *out0 = PIXEL;
        gather(layer, rows, columns, y, x, to, 2);
        NEXT;
        uint32_t *out1 = PIXEL;
        gather(layer, rows, columns, y, x, to + 1, 2);
        NEXT;
        for (int32_t group = 0; group < layer->out_words; group++) {
            two_pixels(&p, (const uint32_t *)layer->weights + (uint32_t)group * group_words, layer->bias + 32 * group,
                       layer->width + 32 * group, fours_of(layer, group), words);
            *out0++ = finish(layer, group, words[0]);
            *out1++ = finish(layer, group, words[1]);
        }
    }
#endif
    for (; at < pixels; at++) {
        uint32_t *out = PIXEL;
        gather(layer, rows, columns, y, x, layer->scratch, 1);
        NEXT;
        for (int32_t group = 0; group < layer->out_words; group++)
            *out++ = finish(layer, group,
                            one_pixel(&p, (const uint32_t *)layer->weights + (uint32_t)group * group_words,
                                      layer->bias + 32 * group, layer->width + 32 * group, fours_of(layer, group)));
    }
}

void bbconv2d_popcount_blocked(const bnn_layer *layer)
{
    bnn_stretch rows, columns;
    for (int32_t y = 0; y < layer->out_h; y = rows.to) {
        rows = bnn_rows_at(layer, y);
        for (int32_t x = 0; x < layer->out_w; x = columns.to) {
            columns = bnn_columns_at(layer, x);
            run_region(layer, &rows, &columns);
        }
    }
}
