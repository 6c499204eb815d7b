/* ---
operator: Quantize_int8
variant: clamp
idea: where input and output have the same scale and zero point (ReLU and ReLU6 mostly) only the limits are left;
  four elements per word, two words per turn, SSUB8 and SEL
registers: two words, two limits, two pointers
needs: [dsp]
fixed_time: true
supports: in_bytes == 1 and out_multiplier == 1073741824 and out_exponent == 1 and input_offset + output_offset == 0
--- */
#include "int8.h"
#include "int8_lanes.h"

void quantize_int8_clamp(const bnn_layer *layer)
{
    const uint32_t *input = layer->input;
    uint32_t *output = layer->output;
    uint32_t low = bnn_lanes_of(layer->out_min), high = bnn_lanes_of(layer->out_max);
    int32_t count = layer->out_h * layer->out_w * layer->out_c;

    for (; count >= 2 * BNN_LANES; count -= 2 * BNN_LANES, input += 2, output += 2) {
        uint32_t a = input[0], b = input[1];

        output[0] = bnn_min8(bnn_max8(a, low), high);
        output[1] = bnn_min8(bnn_max8(b, low), high);
    }
    for (const int8_t *from = (const int8_t *)input; count > 0; count--) {
        int8_t *to = (int8_t *)output;

        *to = (int8_t)bnn_clamp(*from++, layer->out_min, layer->out_max);
        output = (uint32_t *)(void *)(to + 1);
    }
}
