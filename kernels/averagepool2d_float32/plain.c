/* ---
operator: AveragePool2D_float32
variant: plain
idea: one output at a time, in C; a sum in the order ky, kx, divided by the number of pixels inside the image
registers: a sum, pointers and counts
needs: []
fixed_time: true
--- */
#include "float32.h"

void averagepool2d_float32_plain(const bnn_layer *layer)
{
    float *output = layer->output;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            const bnn_float_window w = bnn_float_window_at(layer, y, x);
            const float count = (float)(w.rows * w.columns);

            for (int32_t c = 0; c < layer->in_c; c++) {
                const float *row = w.input + c;
                float sum = 0;

                for (int32_t ky = 0; ky < w.rows; ky++, row += layer->in_w * layer->in_c) {
                    const float *in = row;

                    for (int32_t kx = 0; kx < w.columns; kx++, in += layer->in_c)
                        sum += *in;
                }
                *output++ = bnn_clamp_float(layer, sum / count);
            }
        }
}
