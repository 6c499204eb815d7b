/* ---
operator: ReLU6_float32
variant: plain
idea: one element at a time, in C
registers: pointers and counts
needs: []
fixed_time: true
--- */
#include "float32.h"

void relu6_float32_plain(const bnn_layer *layer)
{
    const float *input = layer->input;
    float *output = layer->output;

    for (int32_t pixel = layer->out_h * layer->out_w; pixel > 0; pixel--)
        for (int32_t c = 0; c < layer->out_c; c++, input++)
            *output++ = bnn_clamp_float(layer, *input);
}
