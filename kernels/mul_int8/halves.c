/* ---
operator: Mul_int8
variant: halves
idea: for cores without DSP instructions; the product of two elements has 17 bits, so two multiplications by the halves
  of the factor, the lower one signed, make the product with it that long multiplication would
registers: two elements, two products, two halves, three constants, three pointers, the count
needs: []
fixed_time: true
supports: out_exponent < 0 and out_exponent > -24
--- */
#include "int8_pair.h"

BNN_NOINLINE void multiply_run(const bnn_layer *layer, const int8_t *a, const int8_t *b, int8_t *output, int32_t count)
{
    int32_t a_offset = layer->operands[0], b_offset = layer->operands[4];
    int32_t low = (int16_t)layer->out_multiplier, high = (layer->out_multiplier - low) >> 16; /* both within 2^15 */
    int32_t shift = -layer->out_exponent, addend = bnn_output_scale_of(layer).addend;

    for (; count > 0; count--) {
        int32_t product = (*a++ + a_offset) * (*b++ + b_offset);
        int32_t y = (product * high + (product * low >> 16) + (1 << 14)) >> 15;

        y = (y + addend + (product >> 31)) >> shift;
        *output++ = (int8_t)bnn_clamp(y, -128, 127);
    }
}

void mul_int8_halves(const bnn_layer *layer)
{
    bnn_pair(layer, layer->operands[7], multiply_run);
    bnn_limit_output(layer);
}
