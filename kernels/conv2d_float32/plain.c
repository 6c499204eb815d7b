/* ---
operator: Conv2D_float32
variant: plain
idea: one dot product at a time, in C; sums are rounded in the order ky, kx, channel
registers: a sum, two pointers, a product
needs: []
fixed_time: true
weights: float32 O Y X C
--- */
#include "float32.h"

void conv2d_float32_plain(const bnn_layer *layer)
{
    const int32_t filter = layer->kernel_h * layer->kernel_w * layer->in_c, row = layer->kernel_w * layer->in_c;
    float *output = layer->output;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            const bnn_float_window w = bnn_float_window_at(layer, y, x);
            const float *weights = (const float *)layer->weights + w.row * row + w.column * layer->in_c;
            const int32_t run = w.columns * layer->in_c;

            for (int32_t o = 0; o < layer->out_c; o++, weights += filter) {
                float sum = layer->offset[o];

                for (int32_t ky = 0; ky < w.rows; ky++) {
                    const float *in = w.input + ky * layer->in_w * layer->in_c, *taps = weights + ky * row;

                    for (int32_t i = 0; i < run; i++)
                        sum += in[i] * taps[i];
                }
                *output++ = bnn_clamp_float(layer, sum);
            }
        }
}
