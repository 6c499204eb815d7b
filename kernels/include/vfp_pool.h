/* Pools of floats, eight channels at a time; channels beyond a multiple of eight one by one. The kernel says in
 * assembly what a window starts with, what a tap (s8 to s15) does to s0 to s7 and what ends it, and in C the same of
 * one channel: BNN_POOL_START, BNN_POOL_TAP, BNN_POOL_END; bnn_pool_start, bnn_pool_tap, bnn_pool_end. */
#ifndef BNN_VFP_POOL_H
#define BNN_VFP_POOL_H
#include <stdint.h>
#include "vfp.h"

/* One call of the assembly below, which knows the offsets. */
typedef struct {
    const float *in;       /* 0: first tap of eight channels */
    int32_t rows, columns; /* 4, 8: taps */
    int32_t step, skip;    /* 12, 16: bytes from tap to tap, from the end of a row to the next one */
    float *out;            /* 20 */
    float count;           /* 24: taps */
    float inverse;         /* 28: 1 / taps if that is exact, else 0 */
} bnn_pool_block;

static float bnn_pool_start(void);
static float bnn_pool_tap(float y, float x);
static float bnn_pool_end(float y, float count);

#define BNN_POOL_EIGHT                           \
    BNN_POOL_START                               \
    "ldm.w %0, {r0-r4}\n"                        \
    "1:\n\t"                                     \
    "mov.w r5, r2\n\t"                           \
    ".p2align 3\n"                               \
    "2:\n\t"                                     \
    "vldmia r0, {s8-s15}\n\tadd.w r0, r0, r3\n\t" \
    BNN_POOL_TAP                                 \
    "subs.w r5, r5, #1\n\t"                      \
    "bne.w 2b\n\t"                               \
    "add.w r0, r0, r4\n\t"                       \
    "subs.w r1, r1, #1\n\t"                      \
    "bne.w 1b\n\t"                               \
    BNN_POOL_END                                 \
    BNN_VFP_CLAMP_EIGHT("%1")                    \
    "ldr.w r0, [%0, #20]\n\t"                    \
    "vstmia r0, {s0-s7}"

BNN_INLINE void bnn_pool_one(const bnn_layer *layer, const bnn_pool_block *b)
{
    const float *in = b->in;
    float y = bnn_pool_start();

    for (int32_t row = b->rows; row > 0; row--, in += b->skip / 4)
        for (int32_t column = b->columns; column > 0; column--, in += b->step / 4)
            y = bnn_pool_tap(y, *in);
    *b->out = bnn_clamp_float(layer, bnn_pool_end(y, b->count));
}

BNN_INLINE void bnn_pool_channels(const bnn_layer *layer)
{
    const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);
    bnn_pool_block b;

    b.step = 4 * layer->in_c;
    b.out = layer->output;
    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            const bnn_float_window w = bnn_float_window_at(layer, y, x);
            const int32_t taps = w.rows * w.columns;
            int32_t rest = layer->in_c;

            b.in = w.input;
            b.rows = w.rows;
            b.columns = w.columns;
            b.skip = 4 * (layer->in_w - w.columns) * layer->in_c;
            b.count = (float)taps;
            b.inverse = taps & (taps - 1) ? 0 : 1.0f / b.count;
            for (; rest >= 8; rest -= 8, b.in += 8, b.out += 8)
                __asm__ volatile(BNN_POOL_EIGHT
                                 :
                                 : "r"(&b), "r"(&clamp)
                                 : "r0", "r1", "r2", "r3", "r4", "r5", BNN_VFP_CLOBBERS);
            for (; rest > 0; rest--, b.in++, b.out++)
                bnn_pool_one(layer, &b);
        }
}
#endif
