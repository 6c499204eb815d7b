/* ---
operator: LceBconv2d
variant: plain
idea: >-
  one dot product at a time, one population count per word (a call, or the claimed instruction), taps outside the
  image skipped by tests inside the loops; any number of groups, every output type. Outside taps that count as +1 are
  in a framed copy of the input
registers: the sum, loop counts and pointers
needs: []
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: frame_bytes
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "lce.h"
#include "pad.h"
#include "sign.h"

/* Where an output's dot product reads: its first tap, its group's first word, words of a group. */
typedef struct {
    int32_t y, x, word, words;
} place;

/* Differing bits of a patch and a filter, and the taps that were in the image. */
static inline int32_t count(const bnn_layer *layer, const place *p, const uint32_t *w, int32_t *taps)
{
    const uint32_t *input = layer->input;
    int32_t sum = 0;

    *taps = 0;
    for (int32_t ky = 0; ky < layer->kernel_h; ky++)
        for (int32_t kx = 0; kx < layer->kernel_w; kx++, w += p->words) {
            int32_t y = p->y + ky, x = p->x + kx;

            if (y < 0 || x < 0 || y >= layer->in_h || x >= layer->in_w)
                continue;
            ++*taps;
            for (int32_t n = 0; n < p->words; n++)
                sum += (int32_t)BNN_PUBLISHED_POPCOUNT(input[(y * layer->in_w + x) * layer->in_words + p->word + n] ^ w[n]);
        }
    return sum;
}

/* All outputs of one pixel. float or int8 values, or bits. */
static void pixel(const bnn_layer *layer, place *p, void *out)
{
    const int32_t per_group = layer->out_c / layer->groups, all = layer->kernel_h * layer->kernel_w;
    const int32_t channels = layer->in_c / layer->groups;
    const uint32_t *w = layer->weights;
    int32_t taps;

    for (int32_t o = 0, g = 0; g < layer->groups; g++) {
        p->word = g * p->words;
        for (int32_t i = 0; i < per_group; i++, o++, w += all * p->words) {
            int32_t differing = count(layer, p, w, &taps);

            if (layer->out_bytes)
                bnn_lce_store(layer, o, (all - taps) * channels + 2 * differing, out);
            else
                bnn_set_bit(out, o, bnn_sign(layer, o, taps * channels - 2 * differing));
        }
    }
}

void lcebconv2d_plain(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t pixel_bytes = layer->out_bytes ? layer->out_c * layer->out_bytes : 4 * layer->out_words;
    char *out = layer->output;
    place p;

    p.words = layer->in_words / layer->groups;
    if (!layer->out_bytes)
        bnn_clear_output(layer);
    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++, out += pixel_bytes) {
            p.y = y * layer->stride_h - layer->pad_top;
            p.x = x * layer->stride_w - layer->pad_left;
            pixel(layer, &p, out);
        }
}

/* Names the type that makes the build compile this file for an FPU. */
_Static_assert(sizeof(float) == 4, "outputs are float32");
