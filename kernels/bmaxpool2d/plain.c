/* ---
operator: BMaxPool2D
variant: plain
idea: the loops of CBin-NN's BMaxPool2D, one channel bit at a time, each result bit written into memory by
  read-modify-write; pixels start on a fresh word and pad bits are written as 0
registers: pointers and loop counts; the output word lives in memory
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"

static inline uint32_t bit_of(const uint32_t *words, int32_t channel)
{
    return words[channel >> 5] >> (channel & 31) & 1;
}

void bmaxpool2d_plain(const bnn_layer *layer)
{
    const uint32_t *input = layer->input;
    uint32_t *output = layer->output;

    for (int32_t i = 0; i < layer->out_h * layer->out_w * layer->out_words; i++)
        output[i] = 0;
    for (int32_t c = 0; c < layer->in_c; c++)
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                uint32_t bit = 0;

                for (int32_t i = 0; i < layer->kernel_h; i++)
                    for (int32_t j = 0; j < layer->kernel_w; j++) {
                        int32_t row = y * layer->stride_h - layer->pad_top + i;
                        int32_t column = x * layer->stride_w - layer->pad_left + j;

                        if (row >= 0 && column >= 0 && row < layer->in_h && column < layer->in_w)
                            bit |= bit_of(input + (row * layer->in_w + column) * layer->in_words, c);
                    }
                output[(y * layer->out_w + x) * layer->out_words + (c >> 5)] |= bit << (c & 31);
            }
}
