/* ---
operator: LceBconv2d
variant: vxpopa_blocked
idea: >-
  for an instruction that counts the differing bits of two words at once, on the FPU's registers: BBConv2D's
  vxpopa_blocked, three pixels by eight outputs in 31 cycles per 24 words. The distances of two pixels share
  words, those of the third wait for the third of the next three pixels. Converting is as in popcount_blocked.
registers: >-
  twelve D registers of sums, three of activations, one of weights; converting takes s0 to s15
needs: [vxpopa, thumb2, fpu]
fixed_time: true
weights: bit O/8 Y X C/32 O%8 C%32
scratch_bytes: frame_bytes + 8 * (out_c + 9) + 24 * kernel_h * kernel_w * in_words
supports: out_bytes > 0 and groups == 1 and kernel_h * kernel_w * in_c <= 32767
--- */
#include "bnn_layer.h"
#include "lce.h"
#include "pad.h"
#include "patch_vxpopa.h"

#define START_FOUR(a, b, c, d) \
    "vmov " #a ", r9, r9\n\tvmov " #b ", r9, r9\n\tvmov " #c ", r9, r9\n\tvmov " #d ", r9, r9\n\t"
/* Distances, doubled counts plus odd, of two outputs: r8 odd in both halves, r3 in the lower one; r10 where the third
 * pixel's go, to one half of each word. */
#define PAIR(x, y, z)                                            \
    "vmov r0, r2, " #x "\n\t"                                    \
    "vmov r4, r7, " #y "\n\t"                                    \
    "orr.w r0, r0, r4, lsl #16\n\torr.w r2, r2, r7, lsl #16\n\t" \
    "vmov r4, r7, " #z "\n\t"                                    \
    "add.w r0, r8, r0, lsl #1\n\tadd.w r2, r8, r2, lsl #1\n\t"   \
    "add.w r4, r3, r4, lsl #1\n\tadd.w r7, r3, r7, lsl #1\n\t"   \
    "str.w r2, [r6, #4]\n\t"                                     \
    "str.w r0, [r6], #8\n\t"                                     \
    "strh.w r7, [r10, #4]\n\t"                                   \
    "strh.w r4, [r10], #8\n\t"

extern const char lcebconv2d_vxpopa_top[], lcebconv2d_vxpopa_one_top[];
static __attribute__((naked, noinline)) void count_three(bnn_threes *p BNN_UNUSED, const uint32_t *weights BNN_UNUSED)
{
    BNN_THREES_ROUTINE("lcebconv2d_vxpopa_top", V_STEP,
                       "ldr.w r9, [r11, #48]\n\t"
                       START_FOUR(d0, d1, d2, d3) START_FOUR(d4, d5, d6, d7) START_FOUR(d8, d9, d10, d11),
                       "ldr.w r8, [r11, #52]\n\t"
                       "ldr.w r10, [r11, #36]\n\t"
                       "uxth.w r3, r8\n\t"
                       PAIR(d0, d4, d8) PAIR(d1, d5, d9) PAIR(d2, d6, d10) PAIR(d3, d7, d11)
                       "str.w r10, [r11, #36]\n\t",
                       "");
}

#define ONE(x)                                                 \
    "vmov r0, r2, " #x "\n\t"                                  \
    "add.w r0, r3, r0, lsl #1\n\tadd.w r2, r3, r2, lsl #1\n\t" \
    "str.w r2, [r6, #4]\n\t"                                   \
    "str.w r0, [r6], #8\n\t"
static __attribute__((naked, noinline)) void count_one(bnn_threes *p BNN_UNUSED, const uint32_t *weights BNN_UNUSED)
{
    BNN_THREES_ROUTINE("lcebconv2d_vxpopa_one_top", V_STEP_ONE,
                       "ldr.w r9, [r11, #48]\n\t" START_FOUR(d0, d1, d2, d3),
                       "ldr.w r8, [r11, #52]\n\t"
                       "uxth.w r3, r8\n\t"
                       ONE(d0) ONE(d1) ONE(d2) ONE(d3),
                       "");
}

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");

/* Distances start with the synapses that lie outside the image. */
static void describe(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns, uint32_t pixels,
                     bnn_threes *p)
{
    const int32_t taps = bnn_stretch_taps(rows) * bnn_stretch_taps(columns);
    const uint32_t outside = (uint32_t)((layer->kernel_h * layer->kernel_w - taps) * layer->in_c);
    const char *top = pixels == 1 ? lcebconv2d_vxpopa_one_top : lcebconv2d_vxpopa_top;
    bnn_describe_threes(layer, rows, columns, pixels, top, p);
    p->sums = outside / 2;
    p->odd = outside % 2 * 65537;
}

void lcebconv2d_vxpopa_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t outputs = (layer->out_c + 7) & ~7, pixel_bytes = layer->out_c * layer->out_bytes;
    uint32_t *const pairs = layer->scratch, *const thirds = pairs + outputs + 4;
    char *waiting = 0; /* outputs of the pixel whose distances are in the lower halves of thirds */
    bnn_stretch rows, columns;
    bnn_threes p;
    p.words = thirds + outputs;
    p.table = pairs;
    p.table_end = pairs + outputs;
    pairs[outputs + 3] = 0; /* no further group of outputs */
    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            bnn_walk at = bnn_walk_region(layer, &rows, &columns, pixel_bytes);
            if (at.pixels >= 2)
                describe(layer, &rows, &columns, 3, &p);
            while (at.pixels >= 2) {
                const int32_t all = at.pixels > 2;
                bnn_take_three(layer, &at, &p);
                char *const first = p.out[0];
                p.out[0] = (char *)thirds + (waiting ? 2 : 0);
                count_three(&p, (const uint32_t *)layer->weights + p.skip);
                bnn_lce_store_pairs(layer, pairs, 0, layer->out_c, first, p.out[1]);
                if (all && waiting)
                    bnn_lce_store_pairs(layer, thirds, 0, layer->out_c, waiting, p.out[2]);
                if (all)
                    waiting = waiting ? 0 : p.out[2];
            }
            if (at.pixels > 0) {
                describe(layer, &rows, &columns, 1, &p);
                bnn_gather_twice(layer, &p, at.in);
                count_one(&p, (const uint32_t *)layer->weights + p.skip);
                bnn_lce_store_pairs(layer, pairs, 0, layer->out_c, at.out, 0);
            }
        }
    }
    if (waiting)
        bnn_lce_store_pairs(layer, thirds, 0, layer->out_c, waiting, 0);
}
