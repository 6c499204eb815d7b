/* Sums of int8 by the number of pixels, rounded half away from zero, by reciprocals; and the loop over pixels. */
#ifndef AVERAGEPOOL2D_INT8_AVERAGE_H
#define AVERAGEPOOL2D_INT8_AVERAGE_H
#include <stdint.h>
#include "bnn_layer.h"
#include "int8_lanes.h"

/* The pixels that one output sees; no window lies outside the image. */
typedef struct {
    const int8_t *first; /* channel 0 of the first one */
    int32_t rows, columns, channels;
    int32_t skip_bytes;  /* from the end of a row of the window to the next one */
    int32_t count;
    int32_t reciprocal;  /* of the count; see `reciprocal_of` and its like in simd.c */
    int32_t span_bytes;  /* from the first row of the window to the one after its last */
} pixels;

/* Up to 181 pixels the sum times a reciprocal that is a little too large does: it takes exact halves away from zero,
 * and 128 * 181 times its error (at most 1) is less than 2^23 / 2 / 181, the next fraction's distance from a half. */
enum { EXACT_COUNT = 181 };

static inline int32_t reciprocal_of(int32_t count)
{
    return count <= EXACT_COUNT ? (1 << 23) / count + 1 : (1 << 24) / count;
}

/* count < 2^24 / 129, so that the quotient of a large count is at most one too small */
static inline int32_t average_of(int32_t sum, int32_t count, int32_t reciprocal)
{
    int32_t sign = sum >> 31;
    uint32_t n, quotient, rest;

    if (count <= EXACT_COUNT)
        return (sum * reciprocal + (1 << 22)) >> 23;
    n = (uint32_t)((sum ^ sign) - sign + (count >> 1));
    quotient = (n * (uint32_t)reciprocal) >> 24;
    rest = n - quotient * (uint32_t)count;
    quotient += ((uint32_t)count - 1 - rest) >> 31;
    return ((int32_t)quotient ^ sign) - sign;
}

typedef void (*average_pixel)(const pixels *in, int8_t *output);

static inline void average_pool(const bnn_layer *layer, average_pixel average, int32_t (*reciprocal)(int32_t count))
{
    int32_t channels = layer->in_c, row_bytes = layer->in_w * channels;
    int8_t *output = layer->output;
    pixels in;

    in.channels = channels;
    in.count = 0;
    for (int32_t y = 0, row = -layer->pad_top; y < layer->out_h; y++, row += layer->stride_h) {
        int32_t top = row < 0 ? 0 : row, bottom = row + layer->kernel_h;

        in.rows = (bottom > layer->in_h ? layer->in_h : bottom) - top;
        in.span_bytes = in.rows * row_bytes;
        for (int32_t x = 0, column = -layer->pad_left; x < layer->out_w; x++, column += layer->stride_w) {
            int32_t left = column < 0 ? 0 : column, right = column + layer->kernel_w, count;

            in.columns = (right > layer->in_w ? layer->in_w : right) - left;
            in.first = (const int8_t *)layer->input + top * row_bytes + left * channels;
            in.skip_bytes = row_bytes - in.columns * channels;
            count = in.rows * in.columns;
            if (count != in.count)
                in.reciprocal = reciprocal(count);
            in.count = count;
            average(&in, output);
            output += channels;
        }
    }
    bnn_limit_output(layer);
}
#endif
