/* One patch by four outputs with a population count instruction and low registers, as in BBConv2D's popcount_rows. */
#ifndef BNN_ROWS_H
#define BNN_ROWS_H
#include <stdint.h>
#include "bnn_layer.h"
#include "counting.h"
#include "inline.h"
#include "isa.h"
#include "patches.h"
#include "region.h"

#ifdef BNNSIM_XOR_POPCOUNT_ACCUMULATE
#define BNN_ROWS_COUNT(sum, w) "bnnsim_xor_popcount_accumulate " #sum ", " #w ", r2\n\t"
#else
#define BNN_ROWS_COUNT(sum, w) "eors " #w ", r2\n\tbnnsim_popcount " #w ", " #w "\n\tadd " #sum ", " #w "\n\t"
#endif

typedef struct {
    const uint32_t *run_end, *end;  /* of the words of a patch */
    uint32_t run_bytes, skip_bytes; /* skip: weights from the end of a run to the next one */
} bnn_rows_window;

/* sums[0 .. 3]: bits in which the words differ from the weights of four outputs. */
static __attribute__((naked, noinline, unused)) void bnn_count_four(const uint32_t *words __attribute__((unused)),
                                                                    const uint32_t *weights __attribute__((unused)),
                                                                    const bnn_rows_window *w __attribute__((unused)),
                                                                    uint32_t *sums __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "push {r3-r7}\n\t"
        "ldmia r2!, {r4-r7}\n\t"
        "mov r12, r4\n\tmov lr, r7\n\t"
        "push {r5, r6}\n\t"
        "movs r4, #0\n\tmov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldmia r0!, {r2}\n\t"
        "ldmia r1!, {r4-r7}\n\t"
        BNN_ROWS_COUNT(r8, r4) BNN_ROWS_COUNT(r9, r5) BNN_ROWS_COUNT(r10, r6) BNN_ROWS_COUNT(r11, r7)
        "cmp r0, r12\n\t"
        "bne 1b\n\t"
        "ldr r2, [sp]\n\t"
        "cmp r0, r2\n\t"
        "beq 2f\n\t"
        "add r1, lr\n\t"
        "ldr r2, [sp, #4]\n\t"
        "add r12, r2\n\t"
        "b 1b\n"
        "2:\n\t"
        "add sp, sp, #8\n\t"
        "pop {r3}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "stmia r3!, {r4-r7}\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "pop {r4-r7, pc}");
}

/* How the pixels of a region of one row of outputs are counted. */
typedef struct {
    bnn_patch patch;         /* what bnn_gather_one reads */
    bnn_rows_window window;
    const uint32_t *input;   /* first in-image word of the first pixel */
    const uint32_t *weights; /* of the first output at the first tap in the image */
    int32_t taps;            /* in the image */
} bnn_rows_region;

BNN_INLINE bnn_rows_region bnn_describe_rows(const bnn_layer *layer, const bnn_stretch *rows,
                                             const bnn_stretch *columns, int32_t y, uint32_t *words)
{
    const int32_t nx = bnn_stretch_taps(columns), ny = nx ? bnn_stretch_taps(rows) : 0;
    const int32_t run = nx * layer->in_words, all = ny * run, row_words = layer->kernel_w * layer->in_words;
    const int32_t top = y * layer->stride_h - layer->pad_top + rows->tap0;
    const int32_t left = columns->from * layer->stride_w - layer->pad_left + columns->tap0;
    return (bnn_rows_region){
        .patch = {.words = words, .rows = ny, .run = run},
        .window = {words + (run == row_words ? all : run), words + all, 4 * (uint32_t)run,
                   16 * (uint32_t)(row_words - run)},
        .input = (const uint32_t *)layer->input + (top * layer->in_w + left) * layer->in_words,
        .weights = (const uint32_t *)layer->weights
                   + 4 * (rows->tap0 * row_words + columns->tap0 * layer->in_words),
        .taps = ny * nx,
    };
}

/* Gather the next pixel's words. */
BNN_INLINE void bnn_gather_row_pixel(const bnn_layer *layer, bnn_rows_region *r)
{
    bnn_gather_one(layer, &r->patch, r->input);
    r->input += layer->stride_w * layer->in_words;
}
#endif
