/* ---
operator: Mul_float32
variant: plain
idea: one element at a time, in C; an input of one pixel starts anew with each pixel
registers: pointers and counts
needs: []
fixed_time: true
--- */
#include "float32.h"

void mul_float32_plain(const bnn_layer *layer)
{
    const float *a = layer->inputs[0], *b = layer->inputs[1];
    float *output = layer->output;

    for (int32_t pixel = layer->out_h * layer->out_w; pixel > 0; pixel--) {
        if (layer->operands[1])
            b = layer->inputs[1];
        for (int32_t c = layer->out_c; c > 0; c--)
            *output++ = bnn_clamp_float(layer, *a++ * *b++);
    }
}
