/* ---
operator: BBPointwiseConv2D
variant: plain
idea: >-
  the loops of CBin-NN's BBPointwiseConv2D with its bugs repaired: output channel, row, column, word; one population
  count (a call, or the claimed instruction) per word, each output bit is written by read-modify-write. Departures:
  pixel and weight index as intended, sums start at 0, real channels in N, folded integer thresholds in place of float
  batch normalisation.
registers: the sum, loop counts and pointers; the count is a call that clobbers the scratch registers
needs: []
fixed_time: true
weights: bit O Y X C/32 C%32
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "sign.h"

void bbpointwiseconv2d_plain(const bnn_layer *layer)
{
    const uint32_t *input = layer->input, *weights = layer->weights;
    uint32_t *output = layer->output;

    bnn_clear_output(layer);
    for (int32_t o = 0; o < layer->out_c; o++)
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                const uint32_t *pixel = input + (y * layer->stride_h * layer->in_w + x * layer->stride_w)
                                                    * layer->in_words;
                int32_t sum = 0;

                for (int32_t l = 0; l < layer->in_words; l++) {
                    int32_t n = layer->in_c - 32 * l < 32 ? layer->in_c - 32 * l : 32;

                    sum += n - 2 * (int32_t)BNN_PUBLISHED_POPCOUNT(pixel[l] ^ weights[o * layer->in_words + l]);
                }
                bnn_set_bit(output + (y * layer->out_w + x) * layer->out_words, o, bnn_sign(layer, o, sum));
            }
}
