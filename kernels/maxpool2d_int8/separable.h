/* Maximum pooling in two steps: rows of the window into one row in scratch, then its columns.
 *
 * The file that includes it defines max_bytes(to, a, b, bytes) before, which gives to[n] = max(a[n], b[n]).
 */
#ifndef MAXPOOL2D_INT8_SEPARABLE_H
#define MAXPOOL2D_INT8_SEPARABLE_H
#include "bnn_layer.h"
#include "copy.h"
#include "int8_lanes.h"

/* The maximum of rows top .. bottom - 1: a row of the image, or the one in scratch. */
static const int8_t *max_of_rows(const bnn_layer *layer, int32_t top, int32_t bottom)
{
    int32_t row_bytes = layer->in_w * layer->in_c;
    const int8_t *most = (const int8_t *)layer->input + top * row_bytes, *row = most;

    for (; top < bottom - 1; top++, most = layer->scratch) {
        row += row_bytes;
        max_bytes(layer->scratch, most, row, row_bytes);
    }
    return most;
}

/* The maximum of pixels left .. right - 1 of a row. */
static void max_of_columns(int8_t *output, const int8_t *row, int32_t left, int32_t right, int32_t pixel_bytes)
{
    const int8_t *pixel = row + left * pixel_bytes;

    if (right - left == 1)
        bnn_copy_bytes((uint8_t *)output, (const uint8_t *)pixel, pixel_bytes);
    for (const int8_t *most = pixel; left < right - 1; left++, most = output) {
        pixel += pixel_bytes;
        max_bytes(output, most, pixel, pixel_bytes);
    }
}

static inline void pool_rows_then_columns(const bnn_layer *layer)
{
    int8_t *output = layer->output;

    for (int32_t y = 0, top = -layer->pad_top; y < layer->out_h; y++, top += layer->stride_h) {
        int32_t bottom = top + layer->kernel_h;
        const int8_t *row =
            max_of_rows(layer, top < 0 ? 0 : top, bottom > layer->in_h ? layer->in_h : bottom);

        for (int32_t x = 0, left = -layer->pad_left; x < layer->out_w; x++, left += layer->stride_w) {
            int32_t right = left + layer->kernel_w;

            max_of_columns(output, row, left < 0 ? 0 : left, right > layer->in_w ? layer->in_w : right,
                           layer->in_c);
            output += layer->in_c;
        }
    }
    bnn_limit_output(layer);
}
#endif
