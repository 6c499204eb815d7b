/* ---
operator: DepthwiseConv2D_int8
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

static int32_t sum_of(const bnn_layer *layer, const bnn_window *at, int32_t channel, const int8_t *weights)
{
    int32_t acc = 0, offset = layer->input_offset;

    for (int32_t i = at->y0; i < at->y1; i++) {
        const int8_t *w = weights + i * layer->kernel_w + at->x0, *end = weights + i * layer->kernel_w + at->x1;
        const int8_t *in = layer->input;

        in += ((at->row + i) * layer->in_w + at->column + at->x0) * layer->in_c + channel;
        for (; w < end; in += layer->in_c)
            acc += (*in + offset) * *w++;
    }
    return acc;
}

void depthwiseconv2d_int8_plain(const bnn_layer *layer)
{
    int8_t *output = layer->output;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            bnn_window at = bnn_window_at(layer, y, x);
            const int8_t *weights = layer->weights;
            int32_t o = 0;

            for (int32_t channel = 0; channel < layer->in_c; channel++)
                for (int32_t end = o + layer->depth_multiplier; o < end; o++) {
                    *output++ = bnn_int8_output(layer, o, layer->bias[o] + sum_of(layer, &at, channel, weights));
                    weights += layer->kernel_h * layer->kernel_w;
                }
        }
}
