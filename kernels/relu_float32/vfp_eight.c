/* ---
operator: ReLU_float32
variant: vfp_eight
idea: eight elements at a time, loaded and stored by one instruction each; the rest one by one
registers: s0 to s7 elements, s16 a limit
needs: [fpu]
fixed_time: true
--- */
#include "vfp.h"

void relu_float32_vfp_eight(const bnn_layer *layer)
{
    const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);
    const float *input = layer->input;
    float *output = layer->output;
    int32_t count = layer->out_h * layer->out_w * layer->out_c;

    for (; count >= 8; count -= 8)
        __asm__ volatile("vldmia %0!, {s0-s7}\n\t" BNN_VFP_CLAMP_EIGHT("%2") "vstmia %1!, {s0-s7}"
                         : "+r"(input), "+r"(output)
                         : "r"(&clamp)
                         : "r0", BNN_VFP_CLOBBERS);
    for (; count > 0; count--)
        *output++ = bnn_clamp_float(layer, *input++);
}
