/* ---
operator: BBPointwiseConv2D
variant: faithful
idea: >-
  the loops of CBin-NN's BBPointwiseConv2D_Optimized_PReLU with its bugs repaired. A block of 32 output channels shares
  each activation load and adds N - 2 * popcount to 32 sums in an array, unrolled; output bits are set one at a time
  by read-modify-write. The popcount is a call, as libgcc's is, or the claimed instruction. Departures: filter
  stride, block count and input position as intended, real channels in N, and folded integer thresholds in place of
  float PReLU and batch normalisation.
registers: the 32 sums do not fit; they live in memory, as in the original
needs: []
fixed_time: true
weights: bit O/32 O%32 Y X C/32 C%32
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "sign.h"

#define FILTER(k) sum[k] += n - 2 * (int32_t)BNN_PUBLISHED_POPCOUNT(a ^ w[(k) * words]);
#define FILTERS8(k) \
    FILTER(k) FILTER(k + 1) FILTER(k + 2) FILTER(k + 3) FILTER(k + 4) FILTER(k + 5) FILTER(k + 6) FILTER(k + 7)

void bbpointwiseconv2d_faithful(const bnn_layer *layer)
{
    const uint32_t *input = layer->input, *weights = layer->weights;
    uint32_t *output = layer->output;
    const int32_t words = layer->in_words;

    for (int32_t block = 0; block < layer->out_words; block++) {
        int32_t rest = layer->out_c - 32 * block, outputs = rest < 32 ? rest : 32;

        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                const uint32_t *from = input + (y * layer->stride_h * layer->in_w + x * layer->stride_w) * words;
                uint32_t *pixel = output + (y * layer->out_w + x) * layer->out_words;
                int32_t sum[32] = {0};

                for (int32_t l = 0; l < words; l++) {
                    const uint32_t a = from[l], *w = weights + 32 * block * words + l;
                    int32_t n = layer->in_c - 32 * l < 32 ? layer->in_c - 32 * l : 32;

                    FILTERS8(0) FILTERS8(8) FILTERS8(16) FILTERS8(24)
                }
                pixel[block] = 0;
                for (int32_t k = 0; k < outputs; k++)
                    bnn_set_bit(pixel, 32 * block + k, bnn_sign(layer, 32 * block + k, sum[k]));
            }
    }
}
