/* Output pixels that see the same taps of the kernel inside the image: corners, edges and the middle. */
#ifndef BNN_REGION_H
#define BNN_REGION_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

/* A stretch of outputs along one axis, and the taps that lie in the image for all of them. */
typedef struct {
    int32_t from, to;   /* outputs */
    int32_t tap0, tap1; /* none if tap1 <= tap0 */
} bnn_stretch;

BNN_INLINE bnn_stretch bnn_stretch_at(int32_t output, int32_t outputs, int32_t stride, int32_t pad, int32_t kernel,
                                      int32_t size)
{
    int32_t first = output * stride - pad;
    bnn_stretch s;
    s.from = output;
    s.tap0 = first < 0 ? -first : 0;
    s.tap1 = first + kernel > size ? size - first : kernel;
    for (s.to = output + 1; s.to < outputs; s.to++) {
        first += stride;
        if ((first < 0 ? -first : 0) != s.tap0 || (first + kernel > size ? size - first : kernel) != s.tap1)
            break;
    }
    return s;
}

BNN_INLINE bnn_stretch bnn_rows_at(const bnn_layer *layer, int32_t y)
{
    return bnn_stretch_at(y, layer->out_h, layer->stride_h, layer->pad_top, layer->kernel_h, layer->in_h);
}

BNN_INLINE bnn_stretch bnn_columns_at(const bnn_layer *layer, int32_t x)
{
    return bnn_stretch_at(x, layer->out_w, layer->stride_w, layer->pad_left, layer->kernel_w, layer->in_w);
}

BNN_INLINE int32_t bnn_stretch_taps(const bnn_stretch *s)
{
    return s->tap1 > s->tap0 ? s->tap1 - s->tap0 : 0;
}
#endif
