/* ---
operator: BBConv2D
variant: plain
idea: >-
  the loops of CBin-NN's BBConv2D with its bugs repaired: output channel, row, column, kernel row, kernel column, word.
  One dot product at a time, one population count (a call, or the claimed instruction) per word, taps outside the
  image are skipped by tests inside the loops, each output bit is written by read-modify-write. Departures: pixel and
  weight index as intended, sums start at 0, real channels in N, folded integer thresholds in place of float batch
  normalisation, one padding by a framed copy.
registers: the sum, loop counts and pointers; the count is a call that clobbers the scratch registers
needs: []
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: frame_bytes
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "pad.h"
#include "sign.h"

/* One dot product: output pixel (y, x), the filter at w. */
static inline int32_t dot(const bnn_layer *layer, int32_t y, int32_t x, const uint32_t *w)
{
    const uint32_t *input = layer->input;
    int32_t sum = 0;

    for (int32_t ky = 0; ky < layer->kernel_h; ky++)
        for (int32_t kx = 0; kx < layer->kernel_w; kx++) {
            int32_t in_y = y * layer->stride_h + ky - layer->pad_top;
            int32_t in_x = x * layer->stride_w + kx - layer->pad_left;

            if (in_y < 0 || in_x < 0 || in_y >= layer->in_h || in_x >= layer->in_w)
                continue;
            for (int32_t l = 0; l < layer->in_words; l++) {
                int32_t n = layer->in_c - 32 * l < 32 ? layer->in_c - 32 * l : 32;
                uint32_t a = input[(in_y * layer->in_w + in_x) * layer->in_words + l];

                sum += n - 2 * (int32_t)BNN_PUBLISHED_POPCOUNT(a ^ w[(ky * layer->kernel_w + kx) * layer->in_words + l]);
            }
        }
    return sum;
}

void bbconv2d_plain(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const uint32_t *weights = layer->weights;
    uint32_t *output = layer->output;
    const int32_t filter_words = layer->kernel_h * layer->kernel_w * layer->in_words;

    bnn_clear_output(layer);
    for (int32_t o = 0; o < layer->out_c; o++)
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                int32_t sum = dot(layer, y, x, weights + o * filter_words);

                bnn_set_bit(output + (y * layer->out_w + x) * layer->out_words, o, bnn_sign(layer, o, sum));
            }
}
