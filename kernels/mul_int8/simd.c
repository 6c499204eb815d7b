/* ---
operator: Mul_int8
variant: simd
idea: four elements from words, SXTAB16 subtracts the zero points of two, SMULBB and SMULTT multiply, SMMLAR scales,
  rounds and adds the zero point
registers: two words, four pairs, a product, two offsets, three constants, three pointers, the count
needs: [dsp]
fixed_time: true
supports: out_exponent < 0 and out_exponent > -24
--- */
#include "dsp.h"
#include "int8_pair.h"

static inline int32_t lower_product(uint32_t a, uint32_t b)
{
    int32_t r;
    __asm__("smulbb %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

static inline int32_t upper_product(uint32_t a, uint32_t b)
{
    int32_t r;
    __asm__("smultt %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

BNN_NOINLINE void multiply_run(const bnn_layer *layer, const int8_t *a, const int8_t *b, int8_t *output, int32_t count)
{
    const bnn_operand *operands = (const bnn_operand *)(const void *)layer->operands;
    const bnn_output_scale scale = bnn_output_scale_of(layer);
    uint32_t a_offsets = ((uint32_t)operands[0].offset & 0xffff) * 0x10001u;
    uint32_t b_offsets = ((uint32_t)operands[1].offset & 0xffff) * 0x10001u;

    for (; count >= BNN_LANES; count -= BNN_LANES, a += BNN_LANES, b += BNN_LANES, output += BNN_LANES) {
        uint32_t x = bnn_load_lanes(a), y = bnn_load_lanes(b);
        uint32_t x_even = bnn_sxtab16(a_offsets, x), y_even = bnn_sxtab16(b_offsets, y);
        uint32_t x_odd = bnn_sxtab16_ror8(a_offsets, x), y_odd = bnn_sxtab16_ror8(b_offsets, y);
        uint32_t word = (uint32_t)bnn_scaled_output(scale, 2 * lower_product(x_even, y_even));

        BNN_INSERT_BYTE(word, 1, bnn_scaled_output(scale, 2 * lower_product(x_odd, y_odd)));
        BNN_INSERT_BYTE(word, 2, bnn_scaled_output(scale, 2 * upper_product(x_even, y_even)));
        BNN_INSERT_BYTE(word, 3, bnn_scaled_output(scale, 2 * upper_product(x_odd, y_odd)));
        bnn_store_lanes(output, word);
    }
    for (; count > 0; count--) {
        int32_t product = (*a++ + operands[0].offset) * (*b++ + operands[1].offset);

        *output++ = (int8_t)bnn_scaled_output(scale, 2 * product);
    }
}

void mul_int8_simd(const bnn_layer *layer)
{
    bnn_pair(layer, layer->operands[7], multiply_run);
    bnn_limit_output(layer);
}
