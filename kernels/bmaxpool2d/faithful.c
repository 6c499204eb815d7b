/* ---
operator: BMaxPool2D
variant: faithful
idea: the loops of CBin-NN's BMaxPool2D_Optimized with the word index and the function's name repaired; 32 channels at
  a time, one OR per in-image tap, taps outside the image are skipped by tests inside the loops
registers: the word, four loop counts, pointers
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"

void bmaxpool2d_faithful(const bnn_layer *layer)
{
    const uint32_t *input = layer->input;
    uint32_t *output = layer->output;

    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++)
            for (int32_t n = 0; n < layer->in_words; n++) {
                uint32_t word = 0;

                for (int32_t i = 0; i < layer->kernel_h; i++)
                    for (int32_t j = 0; j < layer->kernel_w; j++) {
                        int32_t row = y * layer->stride_h - layer->pad_top + i;
                        int32_t column = x * layer->stride_w - layer->pad_left + j;

                        if (row >= 0 && column >= 0 && row < layer->in_h && column < layer->in_w)
                            word |= input[(row * layer->in_w + column) * layer->in_words + n];
                    }
                output[(y * layer->out_w + x) * layer->out_words + n] = word;
            }
}
