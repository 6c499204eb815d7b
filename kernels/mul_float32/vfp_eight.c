/* ---
operator: Mul_float32
variant: vfp_eight
idea: eight elements at a time, loaded and stored by one instruction each; the rest one by one
registers: s0 to s15 elements of the inputs, s16 a limit
needs: [fpu]
fixed_time: true
--- */
#include "vfp.h"

void mul_float32_vfp_eight(const bnn_layer *layer)
{
    const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);
    const int32_t pixels = layer->out_h * layer->out_w, repeats = layer->operands[1] ? pixels : 1;
    const float *a = layer->inputs[0];
    float *output = layer->output;

    for (int32_t n = repeats; n > 0; n--) {
        const float *b = layer->inputs[1];
        int32_t count = layer->operands[1] ? layer->out_c : pixels * layer->out_c;

        for (; count >= 8; count -= 8)
            __asm__ volatile("vldmia %0!, {s0-s7}\n\tvldmia %1!, {s8-s15}\n\t"
                             BNN_VFP_PRODUCTS(0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11)
                             BNN_VFP_PRODUCTS(4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15)
                             BNN_VFP_CLAMP_EIGHT("%3") "vstmia %2!, {s0-s7}"
                             : "+r"(a), "+r"(b), "+r"(output)
                             : "r"(&clamp)
                             : "r0", BNN_VFP_CLOBBERS);
        for (; count > 0; count--)
            *output++ = bnn_clamp_float(layer, *a++ * *b++);
    }
}
