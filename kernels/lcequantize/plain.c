/* ---
operator: LceQuantize
variant: plain
idea: >-
  one element at a time, highest channel of a word first; CMP leaves the bit in the carry flag and ADC takes it in.
  Floats are compared as integers, so that no FPU is needed
registers: element, bits, pointer, threshold, count
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"
#include "threshold.h"

/* Bit patterns from the least negative number to minus infinity, moved to 0, end before this. -0.0, NaN of both signs
 * and all others lie behind. */
#define NEGATIVES (0xff800001u - 0x80000001u)

void lcequantize_plain(const bnn_layer *layer)
{
    const uint32_t *floats = layer->input;
    const int8_t *bytes = layer->input;
    uint32_t *out = layer->output;
    const int32_t pixels = layer->in_h * layer->in_w;
    const uint32_t least = 128 - (uint32_t)layer->input_offset; /* zero point + 128: bytes compare unsigned */

    for (int32_t pixel = 0; pixel < pixels; pixel++)
        for (int32_t rest = layer->in_c; rest > 0; rest -= 32) {
            const int32_t n = rest < 32 ? rest : 32;
            uint32_t bits = 0;

            if (layer->in_bytes == 4)
                for (int32_t i = n - 1; i >= 0; i--)
                    bits = bnn_push_threshold(bits, floats[i] - 0x80000001u, NEGATIVES);
            else
                for (int32_t i = n - 1; i >= 0; i--)
                    bits = bnn_push_threshold(bits, (uint32_t)(bytes[i] + 128), least);
            *out++ = bits;
            floats += n;
            bytes += n;
        }
}
