/* ---
operator: FullyConnected_float32
variant: plain
idea: one dot product at a time, in C; sums are rounded in the order of the inputs
registers: a sum, two pointers, a product
needs: []
fixed_time: true
weights: float32 O Y X C
--- */
#include "float32.h"

void fullyconnected_float32_plain(const bnn_layer *layer)
{
    const int32_t inputs = layer->in_h * layer->in_w * layer->in_c;
    const float *input = layer->input, *weights = layer->weights;
    float *output = layer->output;

    for (int32_t o = 0; o < layer->out_c; o++, weights += inputs) {
        float sum = layer->offset[o];

        for (int32_t i = 0; i < inputs; i++)
            sum += input[i] * weights[i];
        output[o] = bnn_clamp_float(layer, sum);
    }
}
