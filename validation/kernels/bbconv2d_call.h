/* Calls a binary convolution of this repository on 4 x 4 pixels, 32 to 32 channels, 3 x 3 taps, padding 1. */
#ifndef BBCONV2D_CALL_H
#define BBCONV2D_CALL_H
#include <stdint.h>
#include "bnn_layer.h"

/* Words of the buffer: what a kernel reads is 0 but for `input`, so that its cycles do not depend on data. */
enum { PIXELS = 16, WEIGHTS = 32 * 9, INPUT = 0, OUTPUT = 16, BIAS = 32, WIDTH = 64, POLARITY = 96, AT_WEIGHTS = 128 };
enum { SCRATCH = AT_WEIGHTS + WEIGHTS };

static inline void call_bbconv2d(void (*kernel)(const bnn_layer *), void *buffer)
{
    uint32_t *words = buffer;
    for (uint32_t i = 0; i < PIXELS; i++)
        words[INPUT + i] = 0x9e3779b9u * (i + 1);
    const bnn_layer layer = {
        .input = words + INPUT, .output = words + OUTPUT, .scratch = words + SCRATCH, .weights = words + AT_WEIGHTS,
        .bias = (const int32_t *)(words + BIAS), .width = words + WIDTH, .polarity = words + POLARITY,
        .in_h = 4, .in_w = 4, .in_c = 32, .in_words = 1, .out_h = 4, .out_w = 4, .out_c = 32, .out_words = 1,
        .kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1, .pad_top = 1, .pad_left = 1,
    };
    kernel(&layer);
}
#endif
