/* ---
operator: QBConv2D
variant: plain
idea: >-
  the loops of CBin-NN's QBConv2D: output channel, row, column, kernel row, kernel column, input channel; one bit test
  per multiply-accumulate, which adds or subtracts the input. Weights are one stream of bits, so that filters start
  anywhere in a word. Taps outside the image are skipped by tests inside the loops, each output bit is written by
  read-modify-write. Departures: an integer sum and folded integer thresholds in place of floats.
registers: the sum, loop counts and pointers
needs: []
fixed_time: true
weights: bit OYXC
--- */
#include "bnn_layer.h"
#include "sign.h"

/* One dot product: output pixel (y, x), the filter whose weights begin at bit `first`. */
static inline int32_t dot(const bnn_layer *layer, int32_t y, int32_t x, int32_t first)
{
    const uint8_t *input = layer->input;
    const uint32_t *weights = layer->weights;
    int32_t sum = 0;

    for (int32_t ky = 0; ky < layer->kernel_h; ky++)
        for (int32_t kx = 0; kx < layer->kernel_w; kx++) {
            int32_t in_y = y * layer->stride_h + ky - layer->pad_top;
            int32_t in_x = x * layer->stride_w + kx - layer->pad_left;

            if (in_y < 0 || in_x < 0 || in_y >= layer->in_h || in_x >= layer->in_w)
                continue;
            for (int32_t c = 0; c < layer->in_c; c++) {
                int32_t value = input[(in_y * layer->in_w + in_x) * layer->in_c + c];
                int32_t at = first + (ky * layer->kernel_w + kx) * layer->in_c + c;

                if (weights[at >> 5] >> (at & 31) & 1)
                    sum += value;
                else
                    sum -= value;
            }
        }
    return sum;
}

void qbconv2d_plain(const bnn_layer *layer)
{
    uint32_t *output = layer->output;
    const int32_t filter_bits = layer->kernel_h * layer->kernel_w * layer->in_c;

    bnn_clear_output(layer);
    for (int32_t o = 0; o < layer->out_c; o++)
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                int32_t sum = dot(layer, y, x, o * filter_bits);

                bnn_set_bit(output + (y * layer->out_w + x) * layer->out_words, o, bnn_sign(layer, o, sum));
            }
}
