/* What float32 kernels share: clamps, selections, windows. Each operation on floats is rounded once: no fused
 * multiply-adds, no other order than the one written. */
#ifndef BNN_FLOAT32_H
#define BNN_FLOAT32_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

BNN_INLINE uint32_t bnn_bits_of(float x)
{
    union {
        float value;
        uint32_t bits;
    } u = {x};
    return u.bits;
}

BNN_INLINE float bnn_float_of(uint32_t bits)
{
    union {
        uint32_t bits;
        float value;
    } u = {bits};
    return u.value;
}

/* yes if a > b, else no. Without FPU by masks: a compiler might branch, and Armv6-M has nothing else. */
BNN_INLINE float bnn_if_greater(float a, float b, float yes, float no)
{
#ifdef __ARM_FP
    return a > b ? yes : no;
#else
    int __aeabi_fcmpgt(float, float);
    uint32_t mask = 0u - (uint32_t)__aeabi_fcmpgt(a, b);
    __asm__("" : "+r"(mask));
    return bnn_float_of(bnn_bits_of(no) ^ ((bnn_bits_of(yes) ^ bnn_bits_of(no)) & mask));
#endif
}

BNN_INLINE float bnn_clamp_float(const bnn_layer *layer, float y)
{
    y = bnn_if_greater(layer->act_min, y, layer->act_min, y);
    return bnn_if_greater(y, layer->act_max, layer->act_max, y);
}

/* Whether the clamp of a layer can change anything: bit 0 by act_min, bit 1 by act_max. */
BNN_INLINE uint32_t bnn_clamps(const bnn_layer *layer)
{
    return (bnn_bits_of(layer->act_min) != 0xff800000u) | (uint32_t)(bnn_bits_of(layer->act_max) != 0x7f800000u) << 1;
}

/* The taps of one output pixel's window that lie inside the image, and the first input pixel. */
typedef struct {
    int32_t row, column, rows, columns; /* first tap, number of taps */
    const float *input;
} bnn_float_window;

BNN_INLINE bnn_float_window bnn_float_window_at(const bnn_layer *layer, int32_t y, int32_t x)
{
    const int32_t top = y * layer->stride_h - layer->pad_top, left = x * layer->stride_w - layer->pad_left;
    const int32_t end_row = top + layer->kernel_h < layer->in_h ? layer->kernel_h : layer->in_h - top;
    const int32_t end_column = left + layer->kernel_w < layer->in_w ? layer->kernel_w : layer->in_w - left;
    bnn_float_window w;
    w.row = top < 0 ? -top : 0;
    w.column = left < 0 ? -left : 0;
    w.rows = end_row - w.row;
    w.columns = end_column - w.column;
    w.input = (const float *)layer->input + ((top + w.row) * layer->in_w + left + w.column) * layer->in_c;
    return w;
}
#endif
