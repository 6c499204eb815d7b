/* ---
operator: Quantize_int8
variant: fpu
idea: >-
  a division, as TFLite's; then the whole number below in magnitude, and one more if twice the rest is at least 1, so
  that halves go away from zero. Conversions and additions saturate, so that any number is clamped.
registers: the quotient, the whole number, the rest
needs: [fpu, dsp]
fixed_time: true
supports: in_bytes == 4
--- */
#include "bnn_layer.h"

static inline int32_t whole(float x)
{
    float r;
    int32_t n;
    __asm__("vcvt.s32.f32 %0, %1" : "=t"(r) : "t"(x));
    __asm__("vmov %0, %1" : "=r"(n) : "t"(r));
    return n;
}

static inline int32_t saturating_sum(int32_t a, int32_t b)
{
    int32_t r;
    __asm__("qadd %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

void quantize_int8_fpu(const bnn_layer *layer)
{
    const float *input = layer->input;
    int8_t *output = layer->output, *end = output + layer->out_h * layer->out_w * layer->out_c;
    float scale = layer->factor[0];
    int32_t zero_point = layer->output_offset;

    while (output < end) {
        float steps = *input++ / scale;
        int32_t n = whole(steps);
        float rest = steps - (float)n;
        int32_t y = saturating_sum(saturating_sum(n, whole(rest + rest)), zero_point);

        __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(y));
        *output++ = (int8_t)y;
    }
}
