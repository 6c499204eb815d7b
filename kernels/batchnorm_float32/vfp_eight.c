/* ---
operator: BatchNorm_float32
variant: vfp_eight
idea: eight channels at a time, loaded and stored by one instruction each; the rest one by one
registers: s0 to s7 elements, s8 to s15 factors, s16 to s23 offsets
needs: [fpu]
fixed_time: true
--- */
#include "vfp.h"

void batchnorm_float32_vfp_eight(const bnn_layer *layer)
{
    const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);
    const float *input = layer->input;
    float *output = layer->output;

    for (int32_t pixel = layer->out_h * layer->out_w; pixel > 0; pixel--) {
        const float *factor = layer->factor, *offset = layer->offset;
        int32_t count = layer->out_c;

        for (; count >= 8; count -= 8)
            __asm__ volatile(
                "vldmia %0!, {s0-s7}\n\tvldmia %2!, {s8-s15}\n\tvldmia %3!, {s16-s23}\n\t"
                BNN_VFP_PRODUCTS(0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11)
                BNN_VFP_PRODUCTS(4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15)
                BNN_VFP_ADD_FOUR(0, 1, 2, 3, 16, 17, 18, 19) BNN_VFP_ADD_FOUR(4, 5, 6, 7, 20, 21, 22, 23)
                BNN_VFP_CLAMP_EIGHT("%4") "vstmia %1!, {s0-s7}"
                : "+r"(input), "+r"(output), "+r"(factor), "+r"(offset)
                : "r"(&clamp)
                : "r0", BNN_VFP_CLOBBERS);
        for (; count > 0; count--)
            *output++ = bnn_clamp_float(layer, *input++ * *factor++ + *offset++);
    }
}
