/* ---
operator: QQConv2D
variant: plain
idea: >-
  the loops of CBin-NN's QQConv2D: output channel, row, column, kernel row, kernel column, input channel; one
  multiply-accumulate at a time, taps outside the image are skipped by tests inside the loops, each output bit is
  written by read-modify-write. Departures: an integer sum and folded integer thresholds in place of floats.
registers: the sum, loop counts and pointers
needs: []
fixed_time: true
weights: int8 O Y X C
--- */
#include "bnn_layer.h"
#include "sign.h"

/* One dot product: output pixel (y, x), the filter at w. */
static inline int32_t dot(const bnn_layer *layer, int32_t y, int32_t x, const int8_t *w)
{
    const uint8_t *input = layer->input;
    int32_t sum = 0;

    for (int32_t ky = 0; ky < layer->kernel_h; ky++)
        for (int32_t kx = 0; kx < layer->kernel_w; kx++) {
            int32_t in_y = y * layer->stride_h + ky - layer->pad_top;
            int32_t in_x = x * layer->stride_w + kx - layer->pad_left;

            if (in_y < 0 || in_x < 0 || in_y >= layer->in_h || in_x >= layer->in_w)
                continue;
            for (int32_t c = 0; c < layer->in_c; c++)
                sum += w[(ky * layer->kernel_w + kx) * layer->in_c + c]
                       * input[(in_y * layer->in_w + in_x) * layer->in_c + c];
        }
    return sum;
}

void qqconv2d_plain(const bnn_layer *layer)
{
    const int8_t *weights = layer->weights;
    uint32_t *output = layer->output;
    const int32_t filter_bytes = layer->kernel_h * layer->kernel_w * layer->in_c;

    bnn_clear_output(layer);
    for (int32_t o = 0; o < layer->out_c; o++)
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                int32_t sum = dot(layer, y, x, weights + o * filter_bytes);

                bnn_set_bit(output + (y * layer->out_w + x) * layer->out_words, o, bnn_sign(layer, o, sum));
            }
}
