/* ---
operator: Softmax_float32
variant: plain
idea: greatest input, exponentials, their sum, divisions, in C; exp by a polynomial of exp(r) for |r| <= ln 2 / 2
  and a power of two in two factors; the operations are those of the reference, in its order
registers: five coefficients, a few floats
needs: []
fixed_time: true
--- */
#include "float32.h"

/* x <= 0; below -104 the result is less than half of the least float. */
static float exponential(float x)
{
    const float least = -104.0f, rounder = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    const float log2_e = bnn_float_of(0x3fb8aa3bu);
    const float ln2_high = bnn_float_of(0x3f318000u), ln2_low = bnn_float_of(0xb95e8083u);
    float shifted, n, r, p;
    int32_t exponent;

    x = bnn_if_greater(least, x, least, x);
    shifted = x * log2_e + rounder;
    n = shifted - rounder;
    exponent = (int32_t)(bnn_bits_of(shifted) - bnn_bits_of(rounder));
    r = x - n * ln2_high;
    r = r - n * ln2_low;
    p = bnn_float_of(0x3ab5121au);
    p = p * r + bnn_float_of(0x3c091cf1u);
    p = p * r + bnn_float_of(0x3d2aac79u);
    p = p * r + bnn_float_of(0x3e2aaa49u);
    p = p * r + bnn_float_of(0x3efffffeu);
    p = p * r * r + r + 1.0f;
    p = p * bnn_float_of((uint32_t)((exponent >> 1) + 127) << 23);
    return p * bnn_float_of((uint32_t)(exponent - (exponent >> 1) + 127) << 23);
}

void softmax_float32_plain(const bnn_layer *layer)
{
    const float *input = layer->input;
    float *output = layer->output;

    for (int32_t pixel = layer->out_h * layer->out_w; pixel > 0; pixel--) {
        float greatest = input[0], sum = 0;

        for (int32_t c = 1; c < layer->in_c; c++)
            greatest = bnn_if_greater(input[c], greatest, input[c], greatest);
        for (int32_t c = 0; c < layer->in_c; c++) {
            output[c] = exponential(input[c] - greatest);
            sum += output[c];
        }
        for (int32_t c = 0; c < layer->in_c; c++)
            output[c] = output[c] / sum;
        input += layer->in_c;
        output += layer->in_c;
    }
}
