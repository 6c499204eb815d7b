/* ---
operator: Mul_int8
variant: plain
idea: one element at a time; the product of both inputs, doubly rounded
registers: two elements, a product, two offsets, a factor; partly on the stack
needs: []
fixed_time: true
--- */
#include "int8_pair.h"

static void multiply_run(const bnn_layer *layer, const int8_t *a, const int8_t *b, int8_t *output, int32_t count)
{
    const bnn_operand *first = (const bnn_operand *)(const void *)layer->operands, *second = first + 1;

    for (; count > 0; count--) {
        int32_t product = (*a++ + first->offset) * (*b++ + second->offset);
        int32_t y = bnn_requantize_twice(product, layer->out_multiplier, layer->out_exponent) + layer->output_offset;

        *output++ = (int8_t)bnn_clamp(y, layer->out_min, layer->out_max);
    }
}

void mul_int8_plain(const bnn_layer *layer)
{
    bnn_pair(layer, layer->operands[7], multiply_run);
}
