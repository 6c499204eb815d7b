/* ---
operator: Add_int8
variant: plain
idea: one element at a time; both inputs shifted to the left by 20 and scaled, then their sum, each doubly rounded
registers: two elements, a product, six factors; partly on the stack
needs: []
fixed_time: true
--- */
#include "int8_pair.h"

static void add_run(const bnn_layer *layer, const int8_t *a, const int8_t *b, int8_t *output, int32_t count)
{
    const bnn_operand *first = (const bnn_operand *)(const void *)layer->operands, *second = first + 1;

    for (; count > 0; count--) {
        int32_t x = (int32_t)((uint32_t)(*a++ + first->offset) << 20);
        int32_t y = (int32_t)((uint32_t)(*b++ + second->offset) << 20);
        int32_t sum = bnn_requantize_twice(x, first->multiplier, first->exponent)
                      + bnn_requantize_twice(y, second->multiplier, second->exponent);

        sum = bnn_requantize_twice(sum, layer->out_multiplier, layer->out_exponent) + layer->output_offset;
        *output++ = (int8_t)bnn_clamp(sum, layer->out_min, layer->out_max);
    }
}

void add_int8_plain(const bnn_layer *layer)
{
    bnn_pair(layer, layer->operands[7], add_run);
}
