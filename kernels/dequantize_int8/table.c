/* ---
operator: Dequantize_int8
variant: table
idea: the float of each of the 256 inputs is a constant; four elements per turn from one word, loads in a row.
registers: four floats, the word, three pointers
needs: []
fixed_time: true
looks_up_in: weights
constants: table
--- */
#include "bnn_layer.h"

void dequantize_int8_table(const bnn_layer *layer)
{
    const uint8_t *input = layer->input;
    const uint32_t *table = (const uint32_t *)(const void *)layer->factor;
    uint32_t *output = layer->output;
    int32_t count = layer->out_h * layer->out_w * layer->out_c;

    for (; count >= 4; count -= 4, input += 4, output += 4) {
        uint32_t x = *(const uint32_t *)(const void *)input; /* buffers start on words */
        uint32_t a = table[x & 0xff], b = table[x >> 8 & 0xff], c = table[x >> 16 & 0xff], d = table[x >> 24];

        output[0] = a;
        output[1] = b;
        output[2] = c;
        output[3] = d;
    }
#pragma GCC unroll 1
    for (; count > 0; count--)
        *output++ = table[*input++];
}
