/* ---
operator: AveragePool2D_int8
variant: words
idea: four channels per word, plus 128 each, summed in two words of two 16-bit lanes; reciprocals as in plain
registers: two sums, a word, its half, the lanes' mask, the sign bits, a count, the pointer
needs: []
fixed_time: true
supports: in_c % 4 == 0 and kernel_h * kernel_w <= 257
--- */
#include "average.h"

/* Sums of bytes 0 and 2 in the lower word, 1 and 3 in the upper one; not inline, so that all registers are free. */
BNN_NOINLINE uint64_t lane_sums(const pixels *in, const int8_t *from)
{
    const uint32_t lanes = 0x00ff00ffu;
    uint32_t even = 0, odd = 0, signs = 0x80808080u;
    int32_t rows = in->rows, step = in->channels;

    do {
        int32_t columns = in->columns;

        do {
            uint32_t word = *(const uint32_t *)(const void *)from ^ signs;

            even += word & lanes;
            odd += word >> 8 & lanes;
            from += step;
        } while (--columns > 0);
        from += in->skip_bytes;
    } while (--rows > 0);
    return (uint64_t)odd << 32 | even;
}

static void average_channels(const pixels *in, int8_t *output)
{
    int32_t count = in->count, reciprocal = in->reciprocal, bias = 128 * count;
    uint32_t factor = (uint32_t)reciprocal, addend = (1u << 22) - (uint32_t)bias * factor; /* as average_of adds */
    int8_t *end = output + in->channels;

    for (const int8_t *from = in->first; output < end; from += BNN_LANES, output += BNN_LANES) {
        uint64_t sums = lane_sums(in, from);
        uint32_t even = (uint32_t)sums, odd = (uint32_t)(sums >> 32);

        if (count <= EXACT_COUNT) {
            output[0] = (int8_t)((int32_t)((even & 0xffff) * factor + addend) >> 23);
            output[1] = (int8_t)((int32_t)((odd & 0xffff) * factor + addend) >> 23);
            output[2] = (int8_t)((int32_t)((even >> 16) * factor + addend) >> 23);
            output[3] = (int8_t)((int32_t)((odd >> 16) * factor + addend) >> 23);
        } else {
            output[0] = (int8_t)average_of((int32_t)(even & 0xffff) - bias, count, reciprocal);
            output[1] = (int8_t)average_of((int32_t)(odd & 0xffff) - bias, count, reciprocal);
            output[2] = (int8_t)average_of((int32_t)(even >> 16) - bias, count, reciprocal);
            output[3] = (int8_t)average_of((int32_t)(odd >> 16) - bias, count, reciprocal);
        }
    }
}

void averagepool2d_int8_words(const bnn_layer *layer)
{
    average_pool(layer, average_channels, reciprocal_of);
}
