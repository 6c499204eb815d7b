/* Convolutions by blocks of four pixels that see the same taps, or one pixel, and four outputs. The kernel says how
 * products are added: FOUR(sum0, …, sum3, x, w0, …, w3), by numbers of registers; s28 to s31 are free. Weights are
 * float32 O/4 Y X C O%4. */
#include "region.h"
#include "vfp.h"

/* One call of the assembly below, which knows the offsets. */
typedef struct {
    const float *in[4];          /* 0: first taps of the pixels */
    const float *weights;        /* 16 */
    int32_t rows, run;           /* 20, 24: rows of the window, floats in each */
    int32_t in_skip, weights_skip; /* 28, 32: bytes from the end of a row to the next one */
    const float *start;          /* 36: four first values of the sums */
    float *out[4];               /* 40: where the outputs of the pixels go; moves on by four of them */
} block;

/* One channel of two pixels. */
#define BOTH(a, b, c, d, x, e, f, g, h, y, w0, w1, w2, w3) \
    FOUR(a, b, c, d, x, w0, w1, w2, w3) FOUR(e, f, g, h, y, w0, w1, w2, w3)

#define FOUR_PIXELS_TWO_CHANNELS                                                     \
    "vldmia r4!, {s16-s23}\n\tvldmia r0!, {s24-s25}\n\tvldmia r1!, {s26-s27}\n\t"    \
    BOTH(0, 1, 2, 3, 24, 4, 5, 6, 7, 26, 16, 17, 18, 19)                             \
    BOTH(0, 1, 2, 3, 25, 4, 5, 6, 7, 27, 20, 21, 22, 23)                             \
    "vldmia r2!, {s24-s25}\n\tvldmia r3!, {s26-s27}\n\t"                             \
    BOTH(8, 9, 10, 11, 24, 12, 13, 14, 15, 26, 16, 17, 18, 19)                       \
    BOTH(8, 9, 10, 11, 25, 12, 13, 14, 15, 27, 20, 21, 22, 23)
#define FOUR_PIXELS_ONE_CHANNEL                                                     \
    "vldmia r4!, {s16-s19}\n\tvldmia r0!, {s24}\n\tvldmia r1!, {s25}\n\t"             \
    "vldmia r2!, {s26}\n\tvldmia r3!, {s27}\n\t"                                     \
    BOTH(0, 1, 2, 3, 24, 4, 5, 6, 7, 25, 16, 17, 18, 19)                             \
    BOTH(8, 9, 10, 11, 26, 12, 13, 14, 15, 27, 16, 17, 18, 19)
#define ONE_PIXEL_FOUR_CHANNELS                                                     \
    "vldmia r0!, {s4-s7}\n\tvldmia r4!, {s8-s23}\n\t"                                \
    FOUR(0, 1, 2, 3, 4, 8, 9, 10, 11) FOUR(0, 1, 2, 3, 5, 12, 13, 14, 15)           \
    FOUR(0, 1, 2, 3, 6, 16, 17, 18, 19) FOUR(0, 1, 2, 3, 7, 20, 21, 22, 23)
#define ONE_PIXEL_ONE_CHANNEL "vldmia r0!, {s4}\n\tvldmia r4!, {s8-s11}\n\t" FOUR(0, 1, 2, 3, 4, 8, 9, 10, 11)

/* All rows of a block: `four` channels at once, then the rest one by one; next: what moves pixels to the next row. */
#define ROWS(four, one, next)             \
    "1:\n\t"                              \
    "subs.w r9, r6, #4\n\t"               \
    "blt.w 3f\n\t"                        \
    ".p2align 3\n"                        \
    "2:\n\t" four                         \
    "subs.w r9, r9, #4\n\t"               \
    "bge.w 2b\n"                          \
    "3:\n\t"                              \
    "adds.w r9, r9, #4\n\t"               \
    "beq.w 5f\n\t"                        \
    ".p2align 3\n"                        \
    "4:\n\t" one                          \
    "subs.w r9, r9, #1\n\t"               \
    "bne.w 4b\n"                          \
    "5:\n\t" next                         \
    "add.w r4, r4, r8\n\t"                \
    "subs.w r5, r5, #1\n\t"               \
    "bne.w 1b\n\t"
#define CLOBBERS "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", BNN_VFP_CLOBBERS
#define LIMIT_ALL(condition)                                 \
    BNN_VFP_LIMIT_EIGHT(condition, 0, 1, 2, 3, 4, 5, 6, 7)   \
    BNN_VFP_LIMIT_EIGHT(condition, 8, 9, 10, 11, 12, 13, 14, 15)

BNN_INLINE void four_pixels(const block *b, const bnn_vfp_clamp *clamp)
{
    __asm__ volatile(
        "ldr.w r0, [%0, #36]\n\t"
        "vldmia r0, {s0-s3}\n\tvldmia r0, {s4-s7}\n\tvldmia r0, {s8-s11}\n\tvldmia r0, {s12-s15}\n\t"
        "ldm.w %0, {r0-r6}\n\t"
        ROWS(FOUR_PIXELS_TWO_CHANNELS FOUR_PIXELS_TWO_CHANNELS, FOUR_PIXELS_ONE_CHANNEL,
             "ldrd r8, r9, [%0, #28]\n\t"
             "add.w r0, r0, r8\n\tadd.w r1, r1, r8\n\tadd.w r2, r2, r8\n\tadd.w r3, r3, r8\n\tmov.w r8, r9\n\t")
        BNN_VFP_CLAMP("%1", LIMIT_ALL("mi"), LIMIT_ALL("gt"))
        "add.w r4, %0, #40\n\t"
        "ldm.w r4, {r0-r3}\n\t"
        "vstmia r0!, {s0-s3}\n\tvstmia r1!, {s4-s7}\n\tvstmia r2!, {s8-s11}\n\tvstmia r3!, {s12-s15}\n\t"
        "stm.w r4, {r0-r3}"
        :
        : "r"(b), "r"(clamp)
        : CLOBBERS);
}

BNN_INLINE void one_pixel(const block *b, const bnn_vfp_clamp *clamp)
{
    __asm__ volatile(
        "ldr.w r0, [%0, #36]\n\t"
        "vldmia r0, {s0-s3}\n\t"
        "ldm.w %0, {r0-r6}\n\t"
        ROWS(ONE_PIXEL_FOUR_CHANNELS, ONE_PIXEL_ONE_CHANNEL,
             "ldrd r8, r9, [%0, #28]\n\tadd.w r0, r0, r8\n\tmov.w r8, r9\n\t")
        BNN_VFP_CLAMP("%1", BNN_VFP_LIMIT_FOUR("mi", 0, 1, 2, 3), BNN_VFP_LIMIT_FOUR("gt", 0, 1, 2, 3))
        "ldr.w r0, [%0, #40]\n\t"
        "vstmia r0!, {s0-s3}\n\t"
        "str.w r0, [%0, #40]"
        :
        : "r"(b), "r"(clamp)
        : CLOBBERS);
}

/* All outputs of four pixels or one, from b->out[] on. */
BNN_NOINLINE void all_outputs(const bnn_layer *layer, block *b, int32_t pixels)
{
    const int32_t group_floats = 4 * layer->kernel_h * layer->kernel_w * layer->in_c;
    const float *const weights = b->weights;
    const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);
    float spare[16], *out[4];
    int32_t rest = layer->out_c;

    for (b->start = layer->offset; rest > 0; b->start += 4, b->weights += group_floats, rest -= 4) {
        for (int32_t p = 0; p < pixels && rest < 4; p++) { /* the last outputs, with others that are none */
            out[p] = b->out[p];
            b->out[p] = spare + 4 * p;
        }
        if (pixels == 4)
            four_pixels(b, &clamp);
        else
            one_pixel(b, &clamp);
    }
    b->weights = weights;
    for (int32_t p = 0; p < pixels && rest < 0; p++)
        for (int32_t n = 0; n < rest + 4; n++)
            out[p][n] = spare[4 * p + n];
}

BNN_INLINE void convolve_blocks(const bnn_layer *layer)
{
    const int32_t row = layer->kernel_w * layer->in_c;
    bnn_stretch rows, columns;
    block b;

    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            int32_t waiting = 0;

            b.rows = bnn_stretch_taps(&rows);
            b.run = bnn_stretch_taps(&columns) * layer->in_c;
            b.in_skip = 4 * (layer->in_w * layer->in_c - b.run);
            b.weights_skip = 4 * 4 * (row - b.run);
            b.weights = (const float *)layer->weights + 4 * (rows.tap0 * row + columns.tap0 * layer->in_c);
            for (int32_t y = rows.from; y < rows.to; y++)
                for (int32_t x = columns.from; x < columns.to; x++) {
                    b.in[waiting] = (const float *)layer->input
                                    + ((y * layer->stride_h - layer->pad_top + rows.tap0) * layer->in_w
                                       + x * layer->stride_w - layer->pad_left + columns.tap0)
                                          * layer->in_c;
                    b.out[waiting] = (float *)layer->output + (y * layer->out_w + x) * layer->out_c;
                    if (++waiting == 4) {
                        all_outputs(layer, &b, 4);
                        waiting = 0;
                    }
                }
            for (int32_t p = 0; p < waiting; p++) {
                b.in[0] = b.in[p];
                b.out[0] = b.out[p];
                all_outputs(layer, &b, 1);
            }
        }
    }
}
