/* ---
operator: PReLU_float32
variant: plain
idea: one element at a time, in C
registers: pointers and counts
needs: []
fixed_time: true
--- */
#include "float32.h"

void prelu_float32_plain(const bnn_layer *layer)
{
    const float *input = layer->input;
    float *output = layer->output;

    for (int32_t pixel = layer->out_h * layer->out_w; pixel > 0; pixel--)
        for (int32_t c = 0; c < layer->out_c; c++, input++)
            *output++ = bnn_if_greater(*input, 0, *input, *input * layer->factor[c]);
}
