/* ---
operator: LceQuantize
variant: int8_select
idea: >-
  four bytes at a time: SSUB8 by the zero point sets four flags, SEL turns them into one bit per byte, USADA8 adds
  those to the bits. 2.1 cycles per element on a Cortex-M4
registers: eight loaded words at most, bits, zero points, the bytes' bits, pointer
needs: [dsp]
fixed_time: true
supports: in_bytes == 1 and in_c % 4 == 0
--- */
#include "bnn_layer.h"
#include "push_four.h"

void lcequantize_int8_select(const bnn_layer *layer)
{
    const uint32_t *x = layer->input;
    uint32_t *out = layer->output;
    const uint32_t zero_points = (uint8_t)-layer->input_offset * 0x01010101u;

    for (int32_t pixels = layer->in_h * layer->in_w; pixels > 0; pixels--) {
        int32_t words = layer->in_c / 4;

        for (; words >= 8; words -= 8, x += 8) {
            uint32_t bits = 0;
            uint32_t x7 = x[7], x6 = x[6], x5 = x[5], x4 = x[4];

            bits = push_four(push_four(bits, x7, zero_points), x6, zero_points);
            bits = push_four(push_four(bits, x5, zero_points), x4, zero_points);
            uint32_t x3 = x[3], x2 = x[2], x1 = x[1], x0 = x[0];

            bits = push_four(push_four(bits, x3, zero_points), x2, zero_points);
            *out++ = push_four(push_four(bits, x1, zero_points), x0, zero_points);
        }
        if (words) {
            uint32_t bits = 0;

            for (int32_t i = words - 1; i >= 0; i--)
                bits = push_four(bits, x[i], zero_points);
            *out++ = bits;
            x += words;
        }
    }
}
