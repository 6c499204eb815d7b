/* ---
operator: MaxPool2D_int8
variant: plain
idea: a channel at a time; the greater of two by the sign of their difference, without a branch
registers: the maximum, an element, two counts, two strides, the pointer
needs: []
fixed_time: true
--- */
#include "int8.h"
#include "int8_window.h"

/* The maximum of one channel of rows x columns pixels. */
BNN_NOINLINE int32_t max_of_window(const bnn_layer *layer, const int8_t *from, int32_t rows, int32_t columns)
{
    int32_t most = -128, step = layer->in_c, skip = layer->in_w * step - columns * step;

    for (; rows > 0; rows--, from += skip)
        for (int32_t n = columns; n > 0; n--, from += step) {
            int32_t difference = most - *from, below = difference >> 31;

            BNN_KEEP(below); /* else compilers make a branch of it */
            most -= difference & below;
        }
    return most;
}

void maxpool2d_int8_plain(const bnn_layer *layer)
{
    const int8_t *input = layer->input;
    int8_t *output = layer->output;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            bnn_window w = bnn_window_at(layer, y, x);
            const int8_t *first = input + ((w.row + w.y0) * layer->in_w + w.column + w.x0) * layer->in_c;

            for (int32_t c = 0; c < layer->in_c; c++) {
                int32_t most = max_of_window(layer, first + c, w.y1 - w.y0, w.x1 - w.x0);

                *output++ = (int8_t)bnn_clamp(most, layer->out_min, layer->out_max);
            }
        }
}
