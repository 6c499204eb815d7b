/* Sums and products of two float32 tensors: an input of one pixel starts anew with each pixel. */
#ifndef BNN_FLOAT32_PAIR_H
#define BNN_FLOAT32_PAIR_H
#include "float32.h"

/* Both inputs, element by element; `operation` is + or *. */
#define BNN_FLOAT_PAIR(layer, operation)                                               \
    do {                                                                               \
        const float *a = (layer)->inputs[0], *b = (layer)->inputs[1];                  \
        float *output = (layer)->output;                                               \
                                                                                       \
        for (int32_t pixel = (layer)->out_h * (layer)->out_w; pixel > 0; pixel--) {    \
            if ((layer)->operands[1])                                                  \
                b = (layer)->inputs[1];                                                \
            for (int32_t c = (layer)->out_c; c > 0; c--)                               \
                *output++ = bnn_clamp_float(layer, *a++ operation *b++);               \
        }                                                                              \
    } while (0)

/* The same with eight elements of each input at a time in s0 to s15, which the assembly `eight` combines into s0 to s7
 * (vfp.h comes first). */
#define BNN_FLOAT_PAIR_EIGHT(layer, operation, eight)                                                        \
    do {                                                                                                     \
        const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);                                                 \
        const int32_t pixels = (layer)->out_h * (layer)->out_w, repeats = (layer)->operands[1] ? pixels : 1; \
        const float *a = (layer)->inputs[0];                                                                 \
        float *output = (layer)->output;                                                                     \
                                                                                                             \
        for (int32_t n = repeats; n > 0; n--) {                                                              \
            const float *b = (layer)->inputs[1];                                                             \
            int32_t count = (layer)->operands[1] ? (layer)->out_c : pixels * (layer)->out_c;                 \
                                                                                                             \
            for (; count >= 8; count -= 8)                                                                   \
                __asm__ volatile("vldmia %0!, {s0-s7}\n\tvldmia %1!, {s8-s15}\n\t" eight                    \
                                 BNN_VFP_CLAMP_EIGHT("%3") "vstmia %2!, {s0-s7}"                             \
                                 : "+r"(a), "+r"(b), "+r"(output)                                            \
                                 : "r"(&clamp)                                                               \
                                 : "r0", BNN_VFP_CLOBBERS);                                                  \
            for (; count > 0; count--)                                                                       \
                *output++ = bnn_clamp_float(layer, *a++ operation *b++);                                     \
        }                                                                                                    \
    } while (0)
#endif
