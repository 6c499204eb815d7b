/* ---
operator: LceDequantize
variant: plain
idea: one element at a time; both levels are ready, a mask selects one
registers: word, two levels, pointer, counts
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"

void lcedequantize_plain(const bnn_layer *layer)
{
    const uint32_t *in = layer->input;
    uint32_t *floats = layer->output;
    int8_t *bytes = layer->output;

    for (int32_t pixels = layer->in_h * layer->in_w; pixels > 0; pixels--)
        for (int32_t rest = layer->in_c; rest > 0; rest -= 32) {
            uint32_t word = *in++;

            for (int32_t n = rest < 32 ? rest : 32; n > 0; n--, word >>= 1) {
                const uint32_t mask = 0u - (word & 1);

                if (layer->out_bytes == 4)
                    *floats++ = 0xbf800000u ^ (mask & 0x80000000u); /* -1.0, or +1.0 */
                else
                    *bytes++ = (int8_t)(layer->out_min ^ ((layer->out_min ^ layer->out_max) & (int32_t)mask));
            }
        }
}
