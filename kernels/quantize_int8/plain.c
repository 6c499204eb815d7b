/* ---
operator: Quantize_int8
variant: plain
idea: one element at a time; TFLite's doubly rounded product, clamp by masks; of int8 inputs, ReLU and ReLU6, too
registers: everything in registers on cores with long multiplication
needs: []
fixed_time: true
supports: in_bytes == 1
--- */
#include "int8.h"

void quantize_int8_plain(const bnn_layer *layer)
{
    const int8_t *input = layer->input;
    int8_t *output = layer->output, *end = output + layer->out_h * layer->out_w * layer->out_c;
    int32_t offset = layer->input_offset, multiplier = layer->out_multiplier, exponent = layer->out_exponent;
    int32_t out_offset = layer->output_offset, low = layer->out_min, high = layer->out_max;

    while (output < end) {
        int32_t y = bnn_requantize_twice(*input++ + offset, multiplier, exponent) + out_offset;

        *output++ = (int8_t)bnn_clamp(y, low, high);
    }
}
