/* Binary convolutions around the routines of patch_routine.h: patches, their words, the walk through a region. */
#ifndef BNN_PATCHES_H
#define BNN_PATCHES_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "patch_routine.h"
#include "region.h"

/* Copy the words of one pixel's in-image taps. */
BNN_NOINLINE void bnn_gather_one(const bnn_layer *layer, const bnn_patch *p, const uint32_t *in)
{
    uint32_t *to = p->words;
    for (int32_t y = p->rows; y > 0; y--, in += layer->in_w * layer->in_words)
        for (int32_t i = 0; i < p->run; i++) {
            *to++ = in[i];
            BNN_KEEP(to); /* or it is unrolled, for a pixel or two */
        }
}

typedef struct {
    int32_t rows, run; /* neither is 0 */
    uint32_t skip;     /* bytes from the end of a row to the next one */
} bnn_gather_rows;

/* The words of two pixels, side by side. Loads stand in groups: each one after the first takes one cycle. */
static __attribute__((naked, noinline, unused)) void bnn_gather_two(const uint32_t *in0 BNN_UNUSED,
                                                                    const uint32_t *in1 BNN_UNUSED,
                                                                    uint32_t *to BNN_UNUSED,
                                                                    const bnn_gather_rows *rows BNN_UNUSED)
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r3, {r3, r12, lr}\n\t"
        "sub.w sp, sp, #4\n\t"
        "1: str.w r3, [sp]\n\t"
        "subs.w r3, r12, #4\n\t"
        "blo.w 3f\n\t"
        ".p2align 3\n"
        "2:\n\t"
        "ldr.w r4, [r0, #0]\n\t"
        "ldr.w r6, [r0, #4]\n\t"
        "ldr.w r8, [r0, #8]\n\t"
        "ldr.w r5, [r1, #0]\n\t"
        "ldr.w r7, [r1, #4]\n\t"
        "ldr.w r9, [r1, #8]\n\t"
        "ldr.w r10, [r0, #12]\n\t"
        "ldr.w r11, [r1, #12]\n\t"
        "str.w r5, [r2, #4]\n\t"
        "str.w r6, [r2, #8]\n\t"
        "str.w r7, [r2, #12]\n\t"
        "str.w r8, [r2, #16]\n\t"
        "str.w r9, [r2, #20]\n\t"
        "str.w r10, [r2, #24]\n\t"
        "str.w r11, [r2, #28]\n\t"
        "str.w r4, [r2], #32\n\t"
        "add.w r0, r0, #16\n\t"
        "add.w r1, r1, #16\n\t"
        "subs.w r3, r3, #4\n\t"
        "bhs.w 2b\n"
        "3: adds.w r3, r3, #4\n\t"
        "beq.w 5f\n\t"
        ".p2align 3\n"
        "4:\n\t"
        "ldr.w r4, [r0], #4\n\t"
        "ldr.w r5, [r1], #4\n\t"
        "subs.w r3, r3, #1\n\t"
        "str.w r5, [r2, #4]\n\t"
        "str.w r4, [r2], #8\n\t"
        "bne.w 4b\n"
        "5: ldr.w r3, [sp]\n\t"
        "add.w r0, r0, lr\n\t"
        "add.w r1, r1, lr\n\t"
        "subs.w r3, r3, #1\n\t"
        "bne.w 1b\n\t"
        "add.w sp, sp, #4\n\t"
        "pop.w {r4-r11, pc}");
}

BNN_INLINE uint32_t bnn_half_synapses(const bnn_layer *layer)
{
    return (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c) / 2;
}

/* The table that routines read. For each group of 32 outputs: biases and widths of its fours in turn; then what
 * makes the word of the bits, and the end of the next group's thresholds, 0 after the last. Returns the first end.
 * odd: whether the patches have an odd number of synapses. */
BNN_NOINLINE uint32_t *bnn_threshold_table(const bnn_layer *layer, uint32_t *table, uint32_t odd)
{
    const uint32_t offset = 2 * bnn_half_synapses(layer) + odd;
    uint32_t *first = 0, *next = 0;
    int32_t o = 0;
    for (int32_t group = 0; group < layer->out_words; group++) {
        const int32_t rest = layer->out_c - o, outputs = rest >= 32 ? 32 : (rest + 3) & ~3;
        for (int32_t i = o; i < o + outputs; i++) {
            *table++ = (uint32_t)layer->bias[i] + offset;
            *table++ = layer->width[i];
        }
        if (next)
            *next = (uint32_t)table;
        else
            first = table;
        next = table + 3;
        *table++ = (uint32_t)(32 - outputs);
        *table++ = layer->polarity[group];
        *table++ = rest >= 32 ? ~0u : (1u << rest) - 1;
        *table++ = 0;
        o += 32;
    }
    return first;
}

/* How a table tells thresholds. Of an output with sum x, bias b and width w the bit before polarity is b - 2 x >= w, so
 * those x for which it is 0 follow each other. BNN_SPANS: how many they are in place of b, and minus the first one in
 * place of w: sums that start from that take one comparison. BNN_TOPS: b and w in the upper halves, ones below b, for
 * sums that share a register as halves: fewer than 32768 synapses make b - 2 x and w numbers of 16 bits. */
typedef enum { BNN_BIASES_AND_WIDTHS, BNN_SPANS, BNN_TOPS } bnn_table_form;

/* Put a table of biases and widths into another form; end: of its first group's thresholds. */
BNN_NOINLINE void bnn_reform_table(uint32_t *table, const uint32_t *end, bnn_table_form form)
{
    while (end) {
        for (; table != end; table += 2) {
            const uint32_t b = table[0], w = table[1];
            const int32_t last = (int32_t)b >> 1, before = (int32_t)(b - w) >> 1;
            table[0] = form == BNN_SPANS ? (uint32_t)(last - before) : b << 16 | 0xffff;
            table[1] = form == BNN_SPANS ? (uint32_t)(-1 - before) : w << 16;
        }
        table += 4;
        end = (const uint32_t *)table[-1];
    }
}

/* weights: bit O/4 Y X C/32 O%4 C%32 */
BNN_INLINE void bnn_describe_patch(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns,
                                   uint32_t pixels, const bnn_routine *body, uint32_t *words, bnn_patch *p)
{
    const uint32_t tap_words = (uint32_t)layer->in_words, row_words = (uint32_t)layer->kernel_w * tap_words;
    const uint32_t nx = (uint32_t)bnn_stretch_taps(columns), ny = nx ? (uint32_t)bnn_stretch_taps(rows) : 0;
    const uint32_t run = nx * tap_words, gap = row_words - run, all = ny * run;
    const uint32_t apart = gap != 0 && ny > 1; /* else all rows are one */
    const uint32_t turns = apart ? run : all;
    const uint32_t steps = turns ? (turns - 1) % body->steps + 1 : 0;
    p->words = words;
    p->end = words + pixels * all;
    p->sums = (bnn_half_synapses(layer) - ny * nx * (uint32_t)layer->in_c / 2) * body->sums_unit;
    p->self = p;
    p->rows = (int32_t)ny;
    p->run = (int32_t)run;
    p->skip = all ? 4 * ((uint32_t)rows->tap0 * row_words + (uint32_t)columns->tap0 * tap_words) : 0;
    p->after = 16 * ((uint32_t)layer->kernel_h * row_words - all - (apart ? (ny - 1) * gap : 0));
    p->first = body->top + (body->steps - steps) * body->step_bytes + 1;
    p->next = body->top + 1;
    p->gap = 0;
    p->row_end = words + pixels * run;
    p->row_bytes = 4 * pixels * run;
    p->row_gap = 16 * gap;
    if (apart && run <= body->steps) {
        p->next = p->first;
        p->gap = p->row_gap;
    } else if (apart) {
        p->next = body->change_row + 1;
    }
}

/* A walk through the pixels of a region, row by row. */
typedef struct {
    const uint32_t *in; /* first word of the pixel's in-image taps */
    char *out;          /* its outputs */
    int32_t pixels;     /* in the region */
    int32_t rest;       /* in this row */
    int32_t width, in_step, in_wrap, out_step, out_wrap; /* words of input and bytes of output, to the next pixel
                                                            and more to the next row */
} bnn_walk;

BNN_INLINE bnn_walk bnn_walk_region(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns,
                                    int32_t pixel_bytes)
{
    const int32_t top = rows->from * layer->stride_h - layer->pad_top + rows->tap0;
    const int32_t left = columns->from * layer->stride_w - layer->pad_left + columns->tap0;
    bnn_walk w;
    w.in = (const uint32_t *)layer->input + (top * layer->in_w + left) * layer->in_words;
    w.out = (char *)layer->output + (rows->from * layer->out_w + columns->from) * pixel_bytes;
    w.width = columns->to - columns->from;
    w.pixels = w.width * (rows->to - rows->from);
    w.rest = w.width;
    w.in_step = layer->stride_w * layer->in_words;
    w.in_wrap = (layer->stride_h * layer->in_w - w.width * layer->stride_w) * layer->in_words;
    w.out_step = pixel_bytes;
    w.out_wrap = (layer->out_w - w.width) * pixel_bytes;
    return w;
}

BNN_INLINE void bnn_next_pixel(bnn_walk *w)
{
    w->in += w->in_step;
    w->out += w->out_step;
    if (--w->rest == 0) {
        w->rest = w->width;
        w->in += w->in_wrap;
        w->out += w->out_wrap;
    }
}

/* Gather the patch of the pixel where w stands and of the one behind it, to which w moves. */
BNN_INLINE void bnn_gather_pair(bnn_walk *w, const bnn_patch *p, const bnn_gather_rows *rows)
{
    const uint32_t *first = w->in;
    bnn_next_pixel(w);
    if (p->rows)
        bnn_gather_two(first, w->in, p->words, rows);
}

/* A binary convolution by routines that count for two pixels and for one. Scratch: the table, at most 272 bytes per
 * word of output, and the gathered words of two patches. */
BNN_INLINE void bnn_convolve_blocks_by(const bnn_layer *layer, const bnn_routine *two, const bnn_routine *one,
                                       bnn_table_form form)
{
    uint32_t *const table = layer->scratch, *const words = table + 68 * layer->out_words;
    bnn_stretch rows, columns;
    bnn_patch p;
    uint32_t odd = 0;
    p.table = table;
    p.table_end = bnn_threshold_table(layer, table, odd);
    if (form != BNN_BIASES_AND_WIDTHS)
        bnn_reform_table(table, p.table_end, form);
    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            bnn_walk at = bnn_walk_region(layer, &rows, &columns, 4 * layer->out_words);
            if ((uint32_t)(layer->in_c * bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns)) % 2 != odd) {
                odd ^= 1;
                bnn_threshold_table(layer, table, odd);
                if (form != BNN_BIASES_AND_WIDTHS)
                    bnn_reform_table(table, p.table_end, form);
            }
            if (at.pixels >= 2) {
                bnn_describe_patch(layer, &rows, &columns, 2, two, words, &p);
                const uint32_t *weights = (const uint32_t *)layer->weights + p.skip;
                const bnn_gather_rows gather = {p.rows, p.run, 4 * (uint32_t)(layer->in_w * layer->in_words - p.run)};
                for (; at.pixels >= 2; at.pixels -= 2) {
                    char *const first = at.out;
                    bnn_gather_pair(&at, &p, &gather);
                    two->count(&p, weights, (uint32_t *)first, (uint32_t *)at.out);
                    bnn_next_pixel(&at);
                }
            }
            if (at.pixels) {
                bnn_describe_patch(layer, &rows, &columns, 1, one, words, &p);
                bnn_gather_one(layer, &p, at.in);
                one->count(&p, (const uint32_t *)layer->weights + p.skip, (uint32_t *)at.out, 0);
            }
        }
    }
}

BNN_INLINE void bnn_convolve_blocks(const bnn_layer *layer, const bnn_routine *two, const bnn_routine *one)
{
    bnn_convolve_blocks_by(layer, two, one, BNN_BIASES_AND_WIDTHS);
}
#endif
