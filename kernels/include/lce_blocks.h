/* LceBconv2d around the routines of patch_routine.h: two pixels or one by four outputs at a time. */
#ifndef BNN_LCE_BLOCKS_H
#define BNN_LCE_BLOCKS_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "lce.h"
#include "pad.h"
#include "patches.h"
#include "region.h"

/* A routine's "thresholds": it writes distances, doubled counts plus `odd`, where its table pointer stands. The table
 * is a buffer of a word per output and four more, which end the patch. */
#define BNN_BEGIN_DISTANCES                        \
    "ldr.w r0, " BNN_STACK(BNN_SELF) "\n\t"        \
    "ldr.w r2, [r0, #64]\n\t"                      \
    "ldr.w r0, " BNN_STACK(BNN_TABLE) "\n\t"
#define BNN_DISTANCE(x) "add.w " #x ", r2, " #x ", lsl #1\n\t"

/* Of counts that share a register as halves: of two pixels in r8 to r11; of two outputs in r8 and r9, for one pixel. */
#define BNN_HALVES_DISTANCES_TWO                                                          \
    BNN_BEGIN_DISTANCES                                                                   \
    BNN_DISTANCE(r8) BNN_DISTANCE(r9) BNN_DISTANCE(r10) BNN_DISTANCE(r11)                 \
    "stm.w r0!, {r8-r11}\n\t"
#define BNN_HALVES_DISTANCES_ONE                                                          \
    BNN_BEGIN_DISTANCES                                                                   \
    BNN_DISTANCE(r8) BNN_DISTANCE(r9)                                                     \
    "lsr.w r10, r8, #16\n\tlsr.w r12, r9, #16\n\tuxth.w r8, r8\n\tuxth.w r11, r9\n\t" \
    "stm.w r0!, {r8, r10-r12}\n\t"

typedef struct {
    bnn_patch patch;
    uint32_t odd; /* 64: what halving the first distance drops, 0 or 1 in each half */
} bnn_lce_patch;
_Static_assert(sizeof(bnn_patch) == 64, "assembly knows the offset of odd");

/* As bnn_describe_patch; distances start with the synapses that lie outside the image. */
BNN_INLINE void bnn_describe_lce_patch(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns,
                                       uint32_t pixels, const bnn_routine *body, bnn_lce_patch *p)
{
    const uint32_t taps = (uint32_t)(bnn_stretch_taps(rows) * bnn_stretch_taps(columns));
    const uint32_t outside = ((uint32_t)(layer->kernel_h * layer->kernel_w) - taps) * (uint32_t)layer->in_c;

    bnn_describe_patch(layer, rows, columns, pixels, body, p->patch.words, &p->patch);
    p->patch.sums = outside / 2 * body->sums_unit;
    p->odd = outside % 2 * 65537;
}

/* Scratch: the framed input; 4 * (out_c rounded up to fours) + 16 bytes of distances; the gathered words of two
 * patches: frame_bytes + 4 * (out_c + 7) + 8 * kernel_h * kernel_w * in_words. */
BNN_INLINE void bnn_lce_convolve_blocks(const bnn_layer *layer, const bnn_routine *two, const bnn_routine *one)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t outputs = (layer->out_c + 3) & ~3, pixel_bytes = layer->out_c * layer->out_bytes;
    uint32_t *const distances = layer->scratch;
    bnn_stretch rows, columns;
    bnn_lce_patch p;

    p.patch.words = distances + outputs + 4;
    p.patch.table = distances;
    p.patch.table_end = distances + outputs;
    distances[outputs + 3] = 0; /* no further group of outputs */
    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            bnn_walk at = bnn_walk_region(layer, &rows, &columns, pixel_bytes);
            if (at.pixels >= 2) {
                bnn_describe_lce_patch(layer, &rows, &columns, 2, two, &p);
                const uint32_t *weights = (const uint32_t *)layer->weights + p.patch.skip;
                const bnn_gather_rows gather = {p.patch.rows, p.patch.run,
                                                4 * (uint32_t)(layer->in_w * layer->in_words - p.patch.run)};
                for (; at.pixels >= 2; at.pixels -= 2) {
                    char *const first = at.out;
                    bnn_gather_pair(&at, &p.patch, &gather);
                    two->count(&p.patch, weights, 0, 0);
                    bnn_lce_store_pairs(layer, distances, 0, layer->out_c, first, at.out);
                    bnn_next_pixel(&at);
                }
            }
            if (at.pixels) {
                bnn_describe_lce_patch(layer, &rows, &columns, 1, one, &p);
                bnn_gather_one(layer, &p.patch, at.in);
                one->count(&p.patch, (const uint32_t *)layer->weights + p.patch.skip, 0, 0);
                bnn_lce_store_pairs(layer, distances, 0, layer->out_c, at.out, 0);
            }
        }
    }
}
#endif
