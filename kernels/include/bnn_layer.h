/* One layer's call: every kernel has the signature void NAME(const bnn_layer *layer).
 *
 * The build reads this struct to lay out its fields (all are 32-bit words), so this file is the only
 * place that names them. Packed tensors: 32-bit words, channel c of a pixel is bit (c % 32) of word
 * c / 32, LSB = lowest channel, bit 1 = +1, bit 0 = -1, pad bits 0; each pixel starts on a fresh word.
 */
#ifndef BNN_LAYER_H
#define BNN_LAYER_H
#include <stdint.h>

typedef struct bnn_layer {
    const void *input;         /* HWC; packed words or 8-bit values */
    void *output;              /* HWC; packed words or integers */
    void *scratch;             /* scratch_bytes of the kernel's front matter, 8-byte aligned */
    const void *weights;       /* in the layout that the kernel's front matter names */
    const int32_t *bias;       /* per output channel: -(t_lo + 1); bit = polarity ^ ((uint32_t)(acc + bias) >= width) */
    const uint32_t *width;     /* per output channel: t_hi - t_lo - 1; arrays are padded to whole groups of 32 */
    const uint32_t *polarity;  /* per group of 32 output channels: one bit each */
    const int32_t *requantize; /* per output: multiplier for acc > 0, for acc <= 0, offset (quantized outputs) */
    int32_t in_h, in_w, in_c, in_words;      /* pixels, channels, 32-bit words per pixel if packed */
    int32_t out_h, out_w, out_c, out_words;
    int32_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
    int32_t shift, out_min, out_max, out_bytes; /* quantized outputs: fraction bits, clamp, bytes per element */
} bnn_layer;
#endif
