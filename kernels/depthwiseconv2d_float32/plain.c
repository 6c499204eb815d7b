/* ---
operator: DepthwiseConv2D_float32
variant: plain
idea: one output at a time, in C; sums are rounded in the order ky, kx
registers: a sum, two pointers, a product
needs: []
fixed_time: true
weights: float32 Y X C O
--- */
#include "float32.h"

void depthwiseconv2d_float32_plain(const bnn_layer *layer)
{
    float *output = layer->output;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            const bnn_float_window w = bnn_float_window_at(layer, y, x);
            int32_t o = 0;

            for (int32_t c = 0; c < layer->in_c; c++)
                for (int32_t n = 0; n < layer->depth_multiplier; n++, o++) {
                    const float *weights = (const float *)layer->weights + o;
                    float sum = layer->offset[o];

                    for (int32_t ky = 0; ky < w.rows; ky++) {
                        const float *in = w.input + ky * layer->in_w * layer->in_c + c;
                        const float *taps =
                            weights + ((w.row + ky) * layer->kernel_w + w.column) * layer->out_c;

                        for (int32_t kx = 0; kx < w.columns; kx++, in += layer->in_c, taps += layer->out_c)
                            sum += *in * *taps;
                    }
                    *output++ = bnn_clamp_float(layer, sum);
                }
        }
}
