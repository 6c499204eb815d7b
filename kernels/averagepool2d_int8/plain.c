/* ---
operator: AveragePool2D_int8
variant: plain
idea: a channel at a time; a reciprocal and, for windows of more than 181 pixels, a correction instead of a division,
  whose time depends on the data
registers: the sum, two counts, two strides, the pointer
needs: []
fixed_time: true
supports: kernel_h * kernel_w <= 130000
--- */
#include "average.h"

static void average_channels(const pixels *in, int8_t *output)
{
    for (int32_t c = 0; c < in->channels; c++) {
        const int8_t *from = in->first + c;
        int32_t sum = 0, step = in->channels;

        for (int32_t rows = in->rows; rows > 0; rows--, from += in->skip_bytes)
            for (int32_t columns = in->columns; columns > 0; columns--, from += step)
                sum += *from;
        *output++ = (int8_t)average_of(sum, in->count, in->reciprocal);
    }
}

void averagepool2d_int8_plain(const bnn_layer *layer)
{
    average_pool(layer, average_channels, reciprocal_of);
}
