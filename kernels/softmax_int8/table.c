/* ---
operator: Softmax_int8
variant: table
idea: the exponential of each of the 256 differences to the maximum is a constant.
registers: the sum, the maximum, the table, the pointer, the count; three of the scale
needs: []
fixed_time: true
looks_up_in: weights
constants: table
--- */
#include "softmax.h"

void softmax_int8_table(const bnn_layer *layer)
{
    const int8_t *input = layer->input;
    int8_t *output = layer->output;
    int32_t channels = layer->in_c;

    for (int32_t pixel = layer->in_h * layer->in_w; pixel > 0; pixel--, input += channels) {
        const int32_t *exponentials = layer->operands + greatest(input, channels);
        uint32_t sum = 0;
        probability_scale scale;

        for (int32_t c = 0; c < channels; c++)
            sum += (uint32_t)(exponentials[-input[c]] + (1 << (SUM_BITS - 1))) >> SUM_BITS;
        scale = scale_of_sum(sum);
        for (int32_t c = 0; c < channels; c++)
            *output++ = probability(scale, exponentials[-input[c]]);
    }
}
