/* ---
operator: Quantize_int8
variant: table
idea: the output of each of the 256 inputs is a constant; four elements per turn from one word. ReLU and ReLU6, too.
registers: four bytes, the word, three pointers
needs: []
fixed_time: true
looks_up_in: weights
constants: table
supports: in_bytes == 1
--- */
#include "bnn_layer.h"

void quantize_int8_table(const bnn_layer *layer)
{
    const uint8_t *input = layer->input, *table = (const uint8_t *)layer->operands;
    uint8_t *output = layer->output;
    int32_t count = layer->out_h * layer->out_w * layer->out_c;

    for (; count >= 4; count -= 4, input += 4) {
        uint32_t x = *(const uint32_t *)(const void *)input; /* buffers start on words */
        uint32_t a = table[x & 0xff], b = table[x >> 8 & 0xff], c = table[x >> 16 & 0xff], d = table[x >> 24];

#ifdef __thumb2__
        *(uint32_t *)(void *)output = a | b << 8 | c << 16 | d << 24;
#else
        output[0] = (uint8_t)a;
        output[1] = (uint8_t)b;
        output[2] = (uint8_t)c;
        output[3] = (uint8_t)d;
#endif
        output += 4;
    }
#pragma GCC unroll 1
    for (; count > 0; count--)
        *output++ = table[*input++];
}
