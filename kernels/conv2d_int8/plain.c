/* ---
operator: Conv2D_int8
variant: plain
idea: >-
  loops over pixels, outputs and taps; taps outside the image are left out. For any shape and core.
registers: left to the compiler
needs: []
fixed_time: true
weights: int8 O Y X C
--- */
#include "bnn_layer.h"
#include "int8.h"
#include "int8_window.h"

void conv2d_int8_plain(const bnn_layer *layer)
{
    int8_t *output = layer->output;
    int32_t channels = layer->in_c, offset = layer->input_offset;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            bnn_window at = bnn_window_at(layer, y, x);
            const int8_t *weights = layer->weights;

            for (int32_t o = 0; o < layer->out_c; o++) {
                int32_t acc = layer->bias[o];

                for (int32_t i = at.y0; i < at.y1; i++) {
                    const int8_t *w = weights + (i * layer->kernel_w + at.x0) * channels;
                    const int8_t *in = layer->input, *end = w + (at.x1 - at.x0) * channels;

                    in += ((at.row + i) * layer->in_w + at.column + at.x0) * channels;
                    while (w != end)
                        acc += (*in++ + offset) * *w++;
                }
                *output++ = bnn_int8_output(layer, o, acc);
                weights += layer->kernel_h * layer->kernel_w * channels;
            }
        }
}
