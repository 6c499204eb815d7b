/* Bit-sliced counters of 32 outputs for all pixels of a tile, m planes for each pixel. Differing bits count twice: they
 * are added from plane 1 up, and plane 0 keeps the parity of where a counter starts. */
#ifndef BNN_COUNTERS_H
#define BNN_COUNTERS_H
#include <stdint.h>
#include "bitsliced.h"
#include "bnn_layer.h"
#include "inline.h"
#include "region.h"

enum { BNN_FEW_COUNTERS = 11 }; /* planes for layers of up to 1022 synapses */

typedef struct {
    int32_t y0, y1, x0, x1; /* output pixels, none if y1 <= y0 or x1 <= x0 */
} bnn_rectangle;

typedef struct {
    bnn_rectangle tile;
    uint32_t *tables;       /* of the weights */
    uint32_t *work;         /* 32 words */
    uint32_t *counters;
    const uint32_t *starts; /* planes of what counters start from */
    int32_t m;
} bnn_counters;

/* Planes that counters need; many: if eleven are too few. */
BNN_INLINE int32_t bnn_planes_of(const bnn_layer *layer, int32_t many)
{
    return layer->kernel_h * layer->kernel_w * layer->in_c > 1022 ? many : BNN_FEW_COUNTERS;
}

/* Lay out tables, work and counters in `memory`, m planes for each of at most `pixels`; returns what follows. */
BNN_INLINE void *bnn_place_counters(const bnn_layer *layer, bnn_counters *s, uint32_t *memory, int32_t table_words,
                                    int32_t pixels)
{
    const int32_t all = layer->out_h * layer->out_w;
    s->tables = memory;
    s->work = s->tables + table_words;
    s->counters = s->work + 32;
    return s->counters + s->m * (all < pixels ? all : pixels);
}

/* Move t, at first all 0, to the next tile of up to `pixels` pixels; returns whether there is one. */
BNN_INLINE int32_t bnn_next_tile(const bnn_layer *layer, bnn_rectangle *t, int32_t pixels)
{
    const int32_t width = layer->out_w < pixels ? layer->out_w : pixels, height = pixels / width;
    t->x0 = t->x1;
    if (t->x0 == layer->out_w || t->y1 == 0) {
        if (t->y1 == layer->out_h)
            return 0;
        t->x0 = 0;
        t->y0 = t->y1;
        t->y1 = t->y0 + height < layer->out_h ? t->y0 + height : layer->out_h;
    }
    t->x1 = t->x0 + width < layer->out_w ? t->x0 + width : layer->out_w;
    return 1;
}

/* Narrow [from, to) to the outputs whose tap k lies in the image, along one axis. */
BNN_INLINE void bnn_outputs_inside(int32_t k, int32_t pad, int32_t stride, int32_t size, int32_t *from, int32_t *to)
{
    int32_t before = pad - k, last = size - 1 + pad - k;
    int32_t lo = before > 0 ? (before + stride - 1) / stride : 0;
    int32_t hi = last < 0 ? 0 : last / stride + 1;
    if (lo > *from)
        *from = lo;
    if (hi < *to)
        *to = hi;
}

/* The pixels of a tile whose tap (ky, kx) lies in the image. */
BNN_INLINE bnn_rectangle bnn_pixels_inside(const bnn_layer *layer, const bnn_rectangle *tile, int32_t ky, int32_t kx)
{
    bnn_rectangle t = *tile;
    bnn_outputs_inside(ky, layer->pad_top, layer->stride_h, layer->in_h, &t.y0, &t.y1);
    bnn_outputs_inside(kx, layer->pad_left, layer->stride_w, layer->in_w, &t.x0, &t.x1);
    return t;
}

/* Copy eleven planes to each pixel of a run. */
#ifdef __thumb2__
static __attribute__((naked, noinline, unused)) void bnn_fill_eleven(uint32_t *counters __attribute__((unused)),
                                                                     const uint32_t *end __attribute__((unused)),
                                                                     const uint32_t *planes __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r2, {r2-r12}\n\t"
        ".p2align 2\n"
        "1: stm.w r0!, {r2-r12}\n\t"
        "cmp.w r0, r1\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}
#else
BNN_NOINLINE void bnn_fill_eleven(uint32_t *counters, const uint32_t *end, const uint32_t *planes)
{
    while (counters != end)
        for (int32_t i = 0; i < BNN_FEW_COUNTERS; i++)
            *counters++ = planes[i];
}
#endif

BNN_NOINLINE void bnn_fill_run(const bnn_counters *s, uint32_t *counters, int32_t pixels)
{
    uint32_t *end = counters + s->m * pixels;
    if (s->m == BNN_FEW_COUNTERS) {
        bnn_fill_eleven(counters, end, s->work);
        return;
    }
    for (; counters != end; counters += s->m) {
        bnn_fill_eleven(counters, counters + BNN_FEW_COUNTERS, s->work);
        for (int32_t i = BNN_FEW_COUNTERS; i < s->m; i++)
            counters[i] = s->work[i];
    }
}

/* Counters begin at starts + (the pixel's synapses outside the image). */
BNN_NOINLINE void bnn_start_counters(const bnn_layer *layer, const bnn_counters *s)
{
    const bnn_rectangle *t = &s->tile;
    const int32_t all = layer->kernel_h * layer->kernel_w, width = t->x1 - t->x0;
    bnn_stretch rows, columns;
    for (int32_t x = t->x0; x < t->x1; x = columns.to) {
        columns = bnn_columns_at(layer, x);
        const int32_t pixels = (columns.to < t->x1 ? columns.to : t->x1) - x;
        uint32_t *counters = s->counters + s->m * (x - t->x0);
        for (int32_t y = t->y0; y < t->y1; y++, counters += s->m * width) {
            if (y == t->y0 || y == rows.to) {
                rows = bnn_rows_at(layer, y);
                const int32_t outside = all - bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns);
                bnn_add_scalar(s->work, s->starts, (uint32_t)(layer->in_c * outside), s->m);
            }
            bnn_fill_run(s, counters, pixels);
        }
    }
}

/* Pack the outputs of a group: a bit before polarity is set when a pixel's number + width has no carry out. */
BNN_NOINLINE void bnn_threshold_counters(const bnn_layer *layer, const bnn_counters *s, int32_t group,
                                         const uint32_t *widths)
{
    const bnn_rectangle *t = &s->tile;
    const uint32_t *z = s->counters;
    const uint32_t polarity = ~layer->polarity[group], real = bnn_real_lanes(layer, group);
#define BNN_NEXT_PLANE(i) carry = bnn_majority(z[i], widths[i], carry)
    for (int32_t y = t->y0; y < t->y1; y++) {
        uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + t->x0) * layer->out_words + group;
        for (int32_t x = t->x0; x < t->x1; x++) {
            uint32_t carry = z[0] & widths[0];
            BNN_NEXT_PLANE(1), BNN_NEXT_PLANE(2), BNN_NEXT_PLANE(3), BNN_NEXT_PLANE(4), BNN_NEXT_PLANE(5);
            BNN_NEXT_PLANE(6), BNN_NEXT_PLANE(7), BNN_NEXT_PLANE(8), BNN_NEXT_PLANE(9), BNN_NEXT_PLANE(10);
            for (int32_t i = BNN_FEW_COUNTERS; i < s->m; i++) {
                BNN_NEXT_PLANE(i);
                BNN_KEEP(i); /* or it is unrolled */
            }
            z += s->m;
            *out = (carry ^ polarity) & real;
            out += layer->out_words;
        }
    }
#undef BNN_NEXT_PLANE
}
#endif
