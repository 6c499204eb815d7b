/* The taps of one output pixel's window that lie in the image. */
#ifndef BNN_INT8_WINDOW_H
#define BNN_INT8_WINDOW_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

typedef struct {
    int32_t row, column;          /* of the window's first tap in the image; may lie outside */
    int32_t y0, y1, x0, x1;       /* taps inside: rows y0 .. y1 - 1 of the kernel, columns x0 .. x1 - 1 */
} bnn_window;

BNN_INLINE bnn_window bnn_window_at(const bnn_layer *layer, int32_t y, int32_t x)
{
    bnn_window w;

    w.row = y * layer->stride_h - layer->pad_top;
    w.column = x * layer->stride_w - layer->pad_left;
    w.y0 = w.row < 0 ? -w.row : 0;
    w.x0 = w.column < 0 ? -w.column : 0;
    w.y1 = w.row + layer->kernel_h > layer->in_h ? layer->in_h - w.row : layer->kernel_h;
    w.x1 = w.column + layer->kernel_w > layer->in_w ? layer->in_w - w.column : layer->kernel_w;
    return w;
}
#endif
