/* Binary convolutions that count on the FPU's registers: three pixels that see the same taps, or one, by eight outputs.
 *
 * A D register holds the sums of two outputs of one pixel, which meet the pixel's word, given twice, and a word of
 * either output's weights. So gathered words stand twice, and nothing is left to add up at the end. */
#ifndef BNN_PATCH_VXPOPA_H
#define BNN_PATCH_VXPOPA_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "isa.h"
#include "patches.h"
#include "region.h"

/* What a region's counting needs. Assembly knows the offsets. */
typedef struct {
    uint32_t *words;     /* 0: in-image taps, in order: a word of each pixel, twice each */
    uint32_t *row_end;   /* 4: end of the first run of words */
    const uint32_t *end; /* 8: of the words */
    uint32_t row_bytes;  /* 12: length of a run */
    uint32_t gap;        /* 16: bytes that the weights skip after a run */
    uint32_t entry;      /* 20: where the first turn of a run enters the body */
    uint32_t after;      /* 24: bytes from the weights' end to those of the next eight outputs */
    const uint32_t *table, *table_end; /* 28, 32: the numbers of the first group of outputs */
    char *out[3];        /* 36: of the pixels; they move */
    uint32_t sums, odd;  /* 48, 52: LceBconv2d: where sums start; what halving the first distance drops, in each half */
    uint32_t skip;       /* words of weights before the first run */
    int32_t rows, run;   /* of one pixel, as gathered */
} bnn_threes;

/* One word of each pixel by eight outputs: 31 cycles for 24 words. d0 to d3, d4 to d7, d8 to d11: sums of a pixel. */
#define V_COUNT(d, a) "bnnsim_vxpopa " #d ", " #a ", d15\n\t"
#define V_PAIR(x, y, z) "vldmia r1!, {d15}\n\t" V_COUNT(x, d12) V_COUNT(y, d13) V_COUNT(z, d14)
#define V_STEP                 \
    "vldmia r0!, {d12-d14}\n\t" \
    V_PAIR(d0, d4, d8) V_PAIR(d1, d5, d9) V_PAIR(d2, d6, d10) V_PAIR(d3, d7, d11)
/* The same of one pixel: 16 cycles for 8 words. */
#define V_ONE(d, w) "bnnsim_vxpopa " #d ", d8, " #w "\n\t"
#define V_STEP_ONE             \
    "vldmia r0!, {d8}\n\t"     \
    "vldmia r1!, {d4-d7}\n\t"  \
    V_ONE(d0, d4) V_ONE(d1, d5) V_ONE(d2, d6) V_ONE(d3, d7)
enum { BNN_THREES_STEPS = 16, BNN_THREE_STEP_BYTES = 68, BNN_ONE_STEP_BYTES = 24 };

/* A whole routine, the body of a naked function of a bnn_threes and the weights. top: name of a label; step: V_STEP or
 * V_STEP_ONE; start: sums from r6, the table; finish: leaves r6 behind the entries of eight outputs, may use r0, r2 to
 * r4, r7 and lr; store: at the end of a group of outputs. r8 to r10 are the routine's own. */
#define BNN_THREES_ROUTINE(top, step, start, finish, store) \
    __asm__ volatile(                                \
        "push.w {r4-r11, lr}\n\t"                    \
        "vpush {d8-d15}\n\t"                         \
        "mov.w r11, r0\n\t"                          \
        "ldr.w r5, [r0, #20]\n\t"                    \
        "ldr.w r6, [r0, #28]\n\t"                    \
        "ldr.w r12, [r0, #32]\n\t"                   \
        ".p2align 2\n"                               \
        "1:\n\t"                                     \
        start                                        \
        "ldm.w r11, {r0, r4}\n\t"                    \
        "ldr.w r2, [r11, #8]\n\t"                    \
        "ldr.w lr, [r11, #12]\n\t"                   \
        "ldr.w r3, [r11, #16]\n\t"                   \
        "bx.n r5\n\t"                                \
        ".p2align 3\n"                               \
        top ":\n\t"                                  \
        BNN_SIXTEEN_STEPS(step)                      \
        "cmp.w r0, r4\n\t"                           \
        "bne.w " top "\n\t"                          \
        "cmp.w r0, r2\n\t"                           \
        "beq.w 2f\n\t"                               \
        "add.w r4, r4, lr\n\t"                       \
        "add.w r1, r1, r3\n\t"                       \
        "bx.n r5\n\t"                                \
        ".p2align 2\n"                               \
        "2:\n\t"                                     \
        "ldr.w r7, [r11, #24]\n\t"                   \
        "add.w r1, r1, r7\n\t"                       \
        finish                                       \
        "cmp.w r6, r12\n\t"                          \
        "bne.w 1b\n\t"                               \
        "ldm.w r6!, {r2, r3, r4, r12}\n\t"           \
        store                                        \
        "cmp.w r12, #0\n\t"                          \
        "bne.w 1b\n\t"                               \
        "vpop {d8-d15}\n\t"                          \
        "pop.w {r4-r11, pc}")

/* Gather three patches. */
static __attribute__((naked, noinline, unused)) void bnn_gather_threes(const uint32_t *in0 BNN_UNUSED,
                                                                       const uint32_t *in1 BNN_UNUSED,
                                                                       const uint32_t *in2 BNN_UNUSED,
                                                                       const bnn_gather_rows *rows BNN_UNUSED,
                                                                       uint32_t *to BNN_UNUSED)
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r3, {r8-r10}\n\t" /* rows, run, skip */
        "ldr.w r12, [sp, #36]\n"
        "1: mov.w r3, r9\n\t"
        ".p2align 3\n"
        "2:\n\t"
        "ldr.w r4, [r0], #4\n\t"
        "ldr.w r5, [r1], #4\n\t"
        "ldr.w r6, [r2], #4\n\t"
        "subs.w r3, r3, #1\n\t"
        "str.w r4, [r12, #4]\n\t"
        "str.w r5, [r12, #8]\n\t"
        "str.w r5, [r12, #12]\n\t"
        "str.w r6, [r12, #16]\n\t"
        "str.w r6, [r12, #20]\n\t"
        "str.w r4, [r12], #24\n\t"
        "bne.w 2b\n\t"
        "add.w r0, r0, r10\n\t"
        "add.w r1, r1, r10\n\t"
        "add.w r2, r2, r10\n\t"
        "subs.w r8, r8, #1\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

/* Gather one patch. */
BNN_NOINLINE void bnn_gather_twice(const bnn_layer *layer, const bnn_threes *p, const uint32_t *in)
{
    uint32_t *to = p->words;
    for (int32_t y = p->rows; y > 0; y--, in += layer->in_w * layer->in_words)
        for (int32_t i = 0; i < p->run; i++, to += 2) {
            to[0] = to[1] = in[i];
            BNN_KEEP(to); /* or it is unrolled, for a pixel or two */
        }
}

/* weights: bit O/8 Y X C/32 O%8 C%32. top: address of the body of the routine for so many pixels, 1 or 3. Does not set
 * words, table and out. */
BNN_NOINLINE void bnn_describe_threes(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns,
                                      uint32_t pixels, const char *top, bnn_threes *p)
{
    const uint32_t tap_words = (uint32_t)layer->in_words, row_words = (uint32_t)layer->kernel_w * tap_words;
    const uint32_t nx = (uint32_t)bnn_stretch_taps(columns), ny = nx ? (uint32_t)bnn_stretch_taps(rows) : 0;
    const uint32_t all = ny * nx * tap_words, gap = row_words - nx * tap_words;
    const uint32_t apart = gap != 0 && ny > 1, run = apart ? nx * tap_words : all; /* else all rows are one */
    const uint32_t steps = run ? (run - 1) % BNN_THREES_STEPS + 1 : 0;
    const uint32_t step_bytes = pixels == 1 ? BNN_ONE_STEP_BYTES : BNN_THREE_STEP_BYTES;
    p->row_bytes = 8 * pixels * run;
    p->row_end = p->words + 2 * pixels * run;
    p->end = p->words + 2 * pixels * all;
    p->gap = 32 * gap;
    p->entry = (uint32_t)top + (BNN_THREES_STEPS - steps) * step_bytes + 1;
    p->after = 32 * ((uint32_t)layer->kernel_h * row_words - all - (apart ? (ny - 1) * gap : 0));
    p->skip = all ? 8 * ((uint32_t)rows->tap0 * row_words + (uint32_t)columns->tap0 * tap_words) : 0;
    p->rows = (int32_t)ny;
    p->run = (int32_t)(nx * tap_words);
}

/* Put the next two or three pixels of a walk in p, the second one again if there is no third; gathers their words. */
BNN_INLINE void bnn_take_three(const bnn_layer *layer, bnn_walk *at, bnn_threes *p)
{
    const bnn_gather_rows gather = {p->rows, p->run, 4 * (uint32_t)(layer->in_w * layer->in_words - p->run)};
    const uint32_t *in[3];
    for (int32_t i = 0; i < 3; i++) {
        in[i] = at->in;
        p->out[i] = at->out;
        if (i < 2 && i + 1 < at->pixels)
            bnn_next_pixel(at);
    }
    if (p->rows)
        bnn_gather_threes(in[0], in[1], in[2], &gather, p->words);
    at->pixels -= 3;
    if (at->pixels > 0)
        bnn_next_pixel(at);
}
#endif
