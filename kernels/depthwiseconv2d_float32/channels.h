/* Depthwise convolutions by blocks of two pixels that see the same taps, or one pixel, and eight channels. The kernel
 * says how products are added: EIGHT(sum0, …, sum7) of the inputs s24 to s31 and the weights s16 to s23. Weights are
 * float32 Y X C O. */
#include "region.h"
#include "vfp.h"

/* One call of the assembly below, which knows the offsets. Steps are bytes, from tap to tap and from the end of a
 * row to the next one. */
typedef struct {
    const float *in[2];              /* 0: first taps of the pixels */
    const float *weights;            /* 8 */
    int32_t rows, columns;           /* 12, 16: taps */
    int32_t step, in_skip;           /* 20, 24: weights have the same step */
    int32_t weights_skip;            /* 28 */
    const float *start;              /* 32: eight first values of the sums */
    float *out[2];                   /* 36 */
} block;

#define FIRST_PIXEL                                                                                        \
    "vldmia r2, {s16-s23}\n\tadd.w r2, r2, r5\n\tvldmia r0, {s24-s31}\n\tadd.w r0, r0, r5\n\t"             \
    EIGHT(0, 1, 2, 3, 4, 5, 6, 7)
#define SECOND_PIXEL "vldmia r1, {s24-s31}\n\tadd.w r1, r1, r5\n\t" EIGHT(8, 9, 10, 11, 12, 13, 14, 15)

#define TAPS(tap, next)                    \
    "ldm.w %0, {r0-r6}\n\t"                \
    "ldr.w r8, [%0, #28]\n"                \
    "1:\n\t"                               \
    "mov.w r9, r4\n\t"                     \
    ".p2align 3\n"                         \
    "2:\n\t" tap                           \
    "subs.w r9, r9, #1\n\t"                \
    "bne.w 2b\n\t"                         \
    "add.w r0, r0, r6\n\t" next            \
    "add.w r2, r2, r8\n\t"                 \
    "subs.w r3, r3, #1\n\t"                \
    "bne.w 1b\n\t"
#define CLOBBERS "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", BNN_VFP_CLOBBERS
#define LIMIT_FIRST(condition) BNN_VFP_LIMIT_EIGHT(condition, 0, 1, 2, 3, 4, 5, 6, 7)
#define LIMIT_BOTH(condition) LIMIT_FIRST(condition) BNN_VFP_LIMIT_EIGHT(condition, 8, 9, 10, 11, 12, 13, 14, 15)

BNN_INLINE void two_pixels(const block *b, const bnn_vfp_clamp *clamp)
{
    __asm__ volatile(
        "ldr.w r0, [%0, #32]\n\t"
        "vldmia r0, {s0-s7}\n\tvldmia r0, {s8-s15}\n\t"
        TAPS(FIRST_PIXEL SECOND_PIXEL, "add.w r1, r1, r6\n\t")
        BNN_VFP_CLAMP("%1", LIMIT_BOTH("mi"), LIMIT_BOTH("gt"))
        "ldrd r0, r1, [%0, #36]\n\t"
        "vstmia r0, {s0-s7}\n\tvstmia r1, {s8-s15}"
        :
        : "r"(b), "r"(clamp)
        : CLOBBERS);
}

BNN_INLINE void one_pixel(const block *b, const bnn_vfp_clamp *clamp)
{
    __asm__ volatile(
        "ldr.w r0, [%0, #32]\n\t"
        "vldmia r0, {s0-s7}\n\t"
        TAPS(FIRST_PIXEL, "")
        BNN_VFP_CLAMP("%1", LIMIT_FIRST("mi"), LIMIT_FIRST("gt"))
        "ldr.w r0, [%0, #36]\n\t"
        "vstmia r0, {s0-s7}"
        :
        : "r"(b), "r"(clamp)
        : CLOBBERS);
}

/* One channel of one pixel. */
BNN_INLINE void one_channel(const bnn_layer *layer, const block *b, const float *in, float *out)
{
    const float *weights = b->weights;
    float sum = *b->start;

    for (int32_t y = 0; y < b->rows; y++) {
        for (int32_t x = 0; x < b->columns; x++, in += layer->in_c, weights += layer->in_c)
            sum += *in * *weights;
        in += b->in_skip / 4;
        weights += b->weights_skip / 4;
    }
    *out = bnn_clamp_float(layer, sum);
}

/* All channels of two pixels or one, from b->in[], b->out[] on. */
BNN_NOINLINE void all_channels(const bnn_layer *layer, block *b, int32_t pixels)
{
    const float *const weights = b->weights;
    const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);
    int32_t rest = layer->in_c;

    for (b->start = layer->offset; rest >= 8; rest -= 8) {
        if (pixels == 2)
            two_pixels(b, &clamp);
        else
            one_pixel(b, &clamp);
        b->start += 8;
        b->weights += 8;
        for (int32_t p = 0; p < pixels; p++) {
            b->in[p] += 8;
            b->out[p] += 8;
        }
    }
    for (; rest > 0; rest--, b->start++, b->weights++)
        for (int32_t p = 0; p < pixels; p++)
            one_channel(layer, b, b->in[p]++, b->out[p]++);
    b->weights = weights;
}

BNN_INLINE void convolve_channels(const bnn_layer *layer)
{
    const int32_t pixel = layer->in_c;
    bnn_stretch rows, columns;
    block b;

    b.step = 4 * pixel;
    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            int32_t waiting = 0;

            b.rows = bnn_stretch_taps(&rows);
            b.columns = bnn_stretch_taps(&columns);
            b.in_skip = 4 * (layer->in_w - b.columns) * pixel;
            b.weights_skip = 4 * (layer->kernel_w - b.columns) * pixel;
            b.weights = (const float *)layer->weights + (rows.tap0 * layer->kernel_w + columns.tap0) * pixel;
            for (int32_t y = rows.from; y < rows.to; y++)
                for (int32_t x = columns.from; x < columns.to; x++) {
                    b.in[waiting] = (const float *)layer->input
                                    + ((y * layer->stride_h - layer->pad_top + rows.tap0) * layer->in_w
                                       + x * layer->stride_w - layer->pad_left + columns.tap0)
                                          * pixel;
                    b.out[waiting] = (float *)layer->output + (y * layer->out_w + x) * pixel;
                    if (++waiting == 2) {
                        all_channels(layer, &b, 2);
                        waiting = 0;
                    }
                }
            if (waiting)
                all_channels(layer, &b, 1);
        }
    }
}
