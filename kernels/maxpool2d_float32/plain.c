/* ---
operator: MaxPool2D_float32
variant: plain
idea: one output at a time, in C; the first of equal numbers is kept
registers: the greatest value so far, pointers and counts
needs: []
fixed_time: true
--- */
#include "float32.h"

void maxpool2d_float32_plain(const bnn_layer *layer)
{
    float *output = layer->output;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            const bnn_float_window w = bnn_float_window_at(layer, y, x);

            for (int32_t c = 0; c < layer->in_c; c++) {
                const float *row = w.input + c;
                float greatest = bnn_float_of(0xff800000u);

                for (int32_t ky = 0; ky < w.rows; ky++, row += layer->in_w * layer->in_c) {
                    const float *in = row;

                    for (int32_t kx = 0; kx < w.columns; kx++, in += layer->in_c)
                        greatest = bnn_if_greater(*in, greatest, *in, greatest);
                }
                *output++ = bnn_clamp_float(layer, greatest);
            }
        }
}
