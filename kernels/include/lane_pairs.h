/* First layers by a dot product of lanes: two neighbouring pixels by four outputs, with thresholds, in assembly.
 *
 * The inner routine does a whole row of output pixels for up to 32 outputs. A kernel brings the instruction.
 */
#ifndef BNN_LANE_PAIRS_H
#define BNN_LANE_PAIRS_H
#include <stdint.h>
#include "bnn_layer.h"
#include "byte_strips.h"
#include "inline.h"
#include "push.h"
#include "region.h"

/* What the routine needs; the assembly knows the offsets. */
typedef struct {
    uint32_t bits[2];          /*  0: of the two pixels so far */
    const uint32_t *threshold; /*  8: widths of the four outputs, biases of the next four */
    const uint32_t *end;       /* 12: of the windows' words */
    const uint32_t *window;    /* 16: of the first two pixels, word by word side by side */
    uint32_t entry;            /* 20: code address of the first turn's first step */
    uint32_t after;            /* 24: bytes from the end of four outputs' weights to those of the next four */
    int32_t pairs;             /* 28 */
    const void *weights;       /* 32: of the first four outputs */
    const uint32_t *first;     /* 36: of `threshold`; its first biases lie before it */
    uint32_t marker;           /* 40: of the second pixel's bits; falls out after the last output */
    uint32_t strip_bytes;      /* 44: from pair to pair */
    uint32_t shift;            /* 48: of the bits to their places */
    uint32_t polarity, valid;  /* 52, 56 */
    uint32_t *out;             /* 60: of the first pixel */
    uint32_t step;             /* 64: bytes from pixel to pixel; 0 drops every second pixel */
    const void *more;          /* 68: what a kernel's own part of the routine needs */
} bnn_lane_job;

enum { BNN_LANE_STEPS = 32, BNN_LANE_STEP_BYTES = 56 };

/* A word of two pixels by four outputs, 16 cycles. op(sum, word, weights) */
#define BNN_LANE_STEP(op)                                                    \
    "ldr.w r3, [r0, #4]\n\t"                                                 \
    "ldr.w lr, [r1, #4]\n\t"                                                 \
    "ldr.w r2, [r0], #8\n\t"                                                 \
    "ldr.w r12, [r1], #8\n\t"                                                \
    op(r4, r2, r12) op(r5, r3, r12) op(r6, r2, lr) op(r7, r3, lr)            \
    "ldr.w lr, [r1, #4]\n\t"                                                 \
    "ldr.w r12, [r1], #8\n\t"                                                \
    op(r8, r2, r12) op(r9, r3, r12) op(r10, r2, lr) op(r11, r3, lr)

#define BNN_LANE_PUSH(sum, width, bits) BNN_PUSH(bits, sum, width)
#define BNN_LANE_FOUR(step) step step step step
#define BNN_LANE_LOAD(r, base, at) "ldr.w " #r ", [" #base ", #" #at "]\n\t"

/* The body of a naked function void f(bnn_lane_job *job). top: a global label. Sums of the first pixel are in r4, r6,
 * r8, r10, of the second one in r5, r7, r9, r11. at_end: what the kernel does when all words of a window are done, with
 * any register but the sums, r1 and sp. */
#define BNN_LANE_ROUTINE(top, op, at_end)                                                                      \
    __asm__ volatile(                                                                                  \
        "push.w {r4-r11, lr}\n\t"                                                                      \
        "sub.w sp, sp, #72\n\t"                                                                        \
        "ldm.w r0!, {r1-r9}\n\t"                                                                       \
        "stm.w sp, {r1-r9}\n\t"                                                                        \
        "ldm.w r0, {r1-r9}\n\t"                                                                        \
        "add.w r10, sp, #36\n\t"                                                                       \
        "stm.w r10, {r1-r9}\n"                                                                         \
        "1:\n\t" /* two pixels */                                                                      \
        BNN_LANE_LOAD(lr, sp, 36) BNN_LANE_LOAD(r3, sp, 40) BNN_LANE_LOAD(r0, sp, 16)                  \
        BNN_LANE_LOAD(r1, sp, 32) BNN_LANE_LOAD(r12, sp, 20)                                           \
        "ldr r4, [lr, #-16]\n\tldr r6, [lr, #-12]\n\tldr r8, [lr, #-8]\n\tldr r10, [lr, #-4]\n\t"           \
        "mov.w r2, #0\n\t"                                                                             \
        "str.w lr, [sp, #8]\n\t"                                                                       \
        "str.w r2, [sp]\n\t"                                                                           \
        "str.w r3, [sp, #4]\n\t"                                                                       \
        "mov.w r5, r4\n\t"                                                                             \
        "mov.w r7, r6\n\t"                                                                             \
        "mov.w r9, r8\n\t"                                                                             \
        "mov.w r11, r10\n\t"                                                                           \
        "bx.n r12\n\t"                                                                                 \
        ".p2align 3\n"                                                                                 \
        top ":\n\t"                                                                                    \
        BNN_LANE_FOUR(BNN_LANE_FOUR(BNN_LANE_STEP(op) BNN_LANE_STEP(op)))                              \
        BNN_LANE_LOAD(r2, sp, 12)                                                                      \
        "cmp.w r0, r2\n\t"                                                                             \
        "bne.w " top "\n\t"                                                                            \
        at_end                                                                                         \
        BNN_LANE_LOAD(lr, sp, 8) BNN_LANE_LOAD(r2, sp, 0) BNN_LANE_LOAD(r3, sp, 4)                     \
        BNN_LANE_LOAD(r12, lr, 4) BNN_LANE_LOAD(r0, lr, 0)                                             \
        BNN_LANE_PUSH(r4, r0, r2) BNN_LANE_PUSH(r5, r0, r3)                                            \
        BNN_LANE_PUSH(r6, r12, r2) BNN_LANE_PUSH(r7, r12, r3)                                          \
        BNN_LANE_LOAD(r12, lr, 12) BNN_LANE_LOAD(r0, lr, 8)                                            \
        BNN_LANE_LOAD(r4, lr, 16) BNN_LANE_LOAD(r6, lr, 20)                                            \
        BNN_LANE_PUSH(r8, r0, r2) BNN_LANE_PUSH(r9, r0, r3) BNN_LANE_PUSH(r10, r12, r2)                \
        BNN_PUSH_OUT(r3, r11, r12, r0)                                                                \
        BNN_LANE_LOAD(r10, lr, 28) BNN_LANE_LOAD(r8, lr, 24)                                           \
        BNN_LANE_LOAD(r0, sp, 16) BNN_LANE_LOAD(r5, sp, 24) BNN_LANE_LOAD(r12, sp, 20)                 \
        "add.w lr, lr, #32\n\t"                                                                        \
        "bcs.w 2f\n\t"                                                                                 \
        "str.w r2, [sp]\n\t"                                                                           \
        "str.w r3, [sp, #4]\n\t"                                                                       \
        "str.w lr, [sp, #8]\n\t"                                                                       \
        "add.w r1, r1, r5\n\t"                                                                         \
        "mov.w r5, r4\n\t"                                                                             \
        "mov.w r7, r6\n\t"                                                                             \
        "mov.w r9, r8\n\t"                                                                             \
        "mov.w r11, r10\n\t"                                                                           \
        "bx.n r12\n\t"                                                                                 \
        ".p2align 2\n"                                                                                 \
        "2:\n\t"                                                                                       \
        BNN_LANE_LOAD(r4, sp, 48) BNN_LANE_LOAD(r5, sp, 52) BNN_LANE_LOAD(r6, sp, 56)                  \
        BNN_LANE_LOAD(r7, sp, 60) BNN_LANE_LOAD(r8, sp, 64) BNN_LANE_LOAD(r9, sp, 44)                  \
        BNN_LANE_LOAD(r10, sp, 16) BNN_LANE_LOAD(r11, sp, 12) BNN_LANE_LOAD(r12, sp, 28)               \
        "lsr.w r2, r2, r4\n\t"                                                                         \
        "lsr.w r3, r3, r4\n\t"                                                                         \
        "eor.w r2, r2, r5\n\t"                                                                         \
        "eor.w r3, r3, r5\n\t"                                                                         \
        "and.w r2, r2, r6\n\t"                                                                         \
        "and.w r3, r3, r6\n\t"                                                                         \
        "str.w r3, [r7, r8]\n\t"                                                                       \
        "str.w r2, [r7]\n\t"                                                                           \
        "add.w r7, r7, r8, lsl #1\n\t"                                                                 \
        "add.w r10, r10, r9\n\t"                                                                       \
        "add.w r11, r11, r9\n\t"                                                                       \
        "subs.w r12, r12, #1\n\t"                                                                      \
        "str.w r7, [sp, #60]\n\t"                                                                      \
        "str.w r10, [sp, #16]\n\t"                                                                     \
        "str.w r11, [sp, #12]\n\t"                                                                     \
        "str.w r12, [sp, #28]\n\t"                                                                     \
        "bne.w 1b\n\t"                                                                                 \
        "add.w sp, sp, #72\n\t"                                                                        \
        "pop.w {r4-r11, pc}\n\t")

/* Biases of the first four outputs, then for each four their widths and the next four's biases. Returns the first
 * widths; `table` has room for 4 words and 8 for each four outputs. */
BNN_INLINE const uint32_t *bnn_lane_thresholds(const bnn_layer *layer, uint32_t *table)
{
    const int32_t outputs = (layer->out_c + 3) & ~3;

    for (int32_t o = 0; o < outputs; o += 4)
        for (int32_t i = 0; i < 4; i++) {
            table[2 * o + i] = (uint32_t)layer->bias[o + i];
            table[2 * o + 4 + i] = layer->width[o + i];
        }
    for (int32_t i = 0; i < 4; i++)
        table[2 * outputs + i] = 0;
    return table + 4;
}

/* Outputs 32 * word and following of a row of pixels; `out`: its first word of them. */
BNN_INLINE void bnn_lane_row(const bnn_layer *layer, void (*run)(bnn_lane_job *job), bnn_lane_job *job, int32_t word,
                             const uint32_t *window, uint32_t window_bytes, uint32_t *out)
{
    const int32_t rest = layer->out_c - 32 * word, pushes = rest >= 32 ? 32 : (rest + 3) & ~3;

    job->shift = (uint32_t)(32 - pushes);
    job->marker = 1u << (pushes - 1);
    job->valid = rest >= 32 ? ~0u : (1u << rest) - 1;
    job->polarity = layer->polarity[word];
    job->window = window;
    job->end = window + window_bytes / 4;
    job->out = out;
    job->pairs = layer->out_w / 2;
    job->step = 4 * (uint32_t)layer->out_words;
    if (job->pairs)
        run(job);
    if (layer->out_w & 1) {
        const uint32_t skip = (uint32_t)job->pairs * job->strip_bytes;

        job->window = (const uint32_t *)((const uint8_t *)window + skip);
        job->end = job->window + window_bytes / 4;
        job->out = out + (layer->out_w - 1) * layer->out_words;
        job->pairs = 1;
        job->step = 0;
        run(job);
    }
}

/* A whole layer of 8-bit inputs. weights: int8 O/4 Y XC/4 O%4 XC%4. Scratch: 16 + 32 * ((out_c + 3) // 4) bytes, the
 * strips of two columns, the line. */
BNN_INLINE void bnn_lane_layer(const bnn_layer *layer, void (*run)(bnn_lane_job *job), const char *top)
{
    uint32_t *const table = layer->scratch;
    const int32_t fours = (layer->out_c + 3) / 4;
    bnn_strips s = bnn_start_strips(layer, table + 4 + 8 * fours, 2, bnn_run_words(layer), 0);
    const uint32_t row_bytes = 16 * (uint32_t)s.row_words; /* of the weights of four outputs */
    const uint32_t *const thresholds = bnn_lane_thresholds(layer, table);
    uint32_t *out = layer->output;
    bnn_lane_job job;

    job.strip_bytes = 4 * (uint32_t)s.strip_words;
    for (int32_t y = 0; y < layer->out_h; y++, out += layer->out_w * layer->out_words) {
        const bnn_stretch rows = bnn_rows_at(layer, y);
        const int32_t row = y * layer->stride_h - layer->pad_top; /* image row of the windows' first one */
        const uint32_t *const window = bnn_windows(layer, &s, row + rows.tap0, row + rows.tap1, 2, 0);
        const uint32_t inside = (uint32_t)bnn_stretch_taps(&rows), steps = inside * (uint32_t)s.row_words;

        job.entry = (uint32_t)top + (0u - steps) % BNN_LANE_STEPS * BNN_LANE_STEP_BYTES + 1;
        job.after = ((uint32_t)layer->kernel_h - inside) * row_bytes;
        for (int32_t word = 0; word < layer->out_words; word++) {
            job.weights = (const uint8_t *)layer->weights + (uint32_t)rows.tap0 * row_bytes
                          + 8 * (uint32_t)word * (uint32_t)layer->kernel_h * row_bytes;
            job.first = thresholds + 64 * word;
            bnn_lane_row(layer, run, &job, word, window, 8 * steps, out + word);
        }
    }
}
#endif
