/* ---
operator: Dequantize_int8
variant: plain
idea: the difference from the zero point as a float times the scale; four elements per turn
registers: four integers, four floats, the scale, two pointers, the count
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"

void dequantize_int8_plain(const bnn_layer *layer)
{
    const int8_t *input = layer->input;
    float *output = layer->output, scale = layer->factor[0];
    int32_t offset = layer->input_offset, count = layer->out_h * layer->out_w * layer->out_c;

    for (; count >= 4; count -= 4, input += 4, output += 4) {
        int32_t a = input[0] + offset, b = input[1] + offset, c = input[2] + offset, d = input[3] + offset;

        output[0] = scale * (float)a;
        output[1] = scale * (float)b;
        output[2] = scale * (float)c;
        output[3] = scale * (float)d;
    }
#pragma GCC unroll 1
    for (; count > 0; count--)
        *output++ = scale * (float)(*input++ + offset);
}
