/* ---
operator: FullyConnected_int8
variant: plain
idea: >-
  a dot product for each output. For any shape and core.
registers: left to the compiler
needs: []
fixed_time: true
weights: int8 O Y X C
--- */
#include "bnn_layer.h"
#include "int8.h"

void fullyconnected_int8_plain(const bnn_layer *layer)
{
    const int8_t *weights = layer->weights;
    int8_t *output = layer->output;
    int32_t count = layer->in_h * layer->in_w * layer->in_c, offset = layer->input_offset;

    for (int32_t o = 0; o < layer->out_c; o++) {
        const int8_t *in = layer->input, *end = in + count;
        int32_t acc = layer->bias[o];

        while (in != end)
            acc += (*in++ + offset) * *weights++;
        output[o] = bnn_int8_output(layer, o, acc);
    }
}
