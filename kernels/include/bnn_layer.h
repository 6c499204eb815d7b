/* One layer's call: every kernel has the signature void NAME(const bnn_layer *layer).
 *
 * The build reads this struct to lay out its fields (all are 32-bit words), so this file is the only
 * place that names them. Packed tensors: 32-bit words, channel c of a pixel is bit (c % 32) of word
 * c / 32, LSB = lowest channel, bit 1 = +1, bit 0 = -1, pad bits 0; each pixel starts on a fresh word.
 * Fields that an operator does not use are 0.
 */
#ifndef BNN_LAYER_H
#define BNN_LAYER_H
#include <stdint.h>

typedef struct bnn_layer {
    const void *input;         /* HWC; packed words, integers or floats */
    void *output;              /* HWC; packed words, integers or floats */
    void *scratch;             /* scratch_bytes of the kernel's front matter, 8-byte aligned */
    const void *weights;       /* in the layout that the kernel's front matter names */
    const int32_t *bias;       /* per output channel: bits are polarity ^ ((uint32_t)(acc + bias) >= width), with
                                * bias = -(t_lo + 1); int8 operators add it to their sums */
    const uint32_t *width;     /* per output channel: t_hi - t_lo - 1; arrays are padded to whole groups of 32 */
    const uint32_t *polarity;  /* per group of 32 output channels: one bit each */
    const int32_t *requantize; /* BBQFC, per output: multiplier for a = acc + bias > 0, for a <= 0, offset, bias;
                                * LceBconv2d to int8, per output: multiplier, offset, shift of a line, or no array */
    /* int8 operators: per output channel, a multiplier in Q31 and an exponent (positive: to the left) */
    const int32_t *multiplier, *exponent;
    /* per output channel: y = x * factor + offset; PReLU slopes; of float32 layers offset is the bias, padded to 8 */
    const float *factor, *offset;
    const int32_t *operands;   /* of operators with several inputs: their numbers, one row per input; look-up tables */
    const void *const *inputs; /* all inputs, of operators with several */
    int32_t input_count;
    int32_t in_h, in_w, in_c, in_words;      /* pixels, channels, 32-bit words per pixel if packed */
    int32_t out_h, out_w, out_c, out_words;
    int32_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
    int32_t pad_one, frame_bytes;            /* taps outside the image: 0 count nothing, 1 count +1; see pad.h */
    int32_t groups, depth_multiplier;
    int32_t in_bytes, out_bytes;             /* per element that is not packed */
    int32_t shift, out_min, out_max;         /* fraction bits of fixed point, clamp of integers */
    int32_t input_offset, output_offset;     /* minus the input's zero point, the output's zero point */
    int32_t out_multiplier, out_exponent;    /* of the whole output, as multiplier and exponent above */
    int32_t diff_min, single_rounding;       /* softmax: least difference that counts; requantization */
    int32_t acc_min, acc_max;                /* LceBconv2d: clamp of K - dot product */
    float act_min, act_max;                  /* clamp of floats */
} bnn_layer;
#endif
