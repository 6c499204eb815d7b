/* ---
operator: QQConv2D
variant: faithful
idea: >-
  the loops of CBin-NN's QQConv2D_Optimized_PReLU, repaired. The 32 filters of a block are unrolled inside
  the tap loop and share each input byte, three channels of a tap at once as in the original; taps outside
  the image are skipped by tests inside the loops; result bits are set one at a time in memory. Departures:
  other numbers of channels, and folded integer thresholds in place of float PReLU and batch normalisation.
registers: 32 sums and 32 filter offsets do not fit and live on the stack
needs: []
fixed_time: true
weights: int8 O/32 O%32 Y X C
--- */
#include "at_least.h"
#include "bnn_layer.h"

#define ONE(k) sum[k] += x0 * at[filter[k]];
#define THREE(k) sum[k] += x0 * at[filter[k]] + x1 * at[filter[k] + 1] + x2 * at[filter[k] + 2];
#define FOUR(F, k) F(k) F(k + 1) F(k + 2) F(k + 3)
#define SIXTEEN(F, k) FOUR(F, k) FOUR(F, k + 4) FOUR(F, k + 8) FOUR(F, k + 12)

/* The 32 dot products of one block of filters at output pixel (y, x). */
static inline void accumulate(const bnn_layer *layer, const int8_t *weights, int32_t row, int32_t column,
                              const int32_t filter[32], int32_t sum[32])
{
    const uint8_t *input = layer->input;

    for (int32_t i = 0; i < layer->kernel_h; i++)
        for (int32_t j = 0; j < layer->kernel_w; j++)
            if (row + i >= 0 && column + j >= 0 && row + i < layer->in_h && column + j < layer->in_w) {
                const uint8_t *pixel = input + ((row + i) * layer->in_w + column + j) * layer->in_c;
                const int8_t *at = weights + (i * layer->kernel_w + j) * layer->in_c;
                int32_t c = 0;

                for (; c + 3 <= layer->in_c; c += 3, at += 3) {
                    int32_t x0 = pixel[c], x1 = pixel[c + 1], x2 = pixel[c + 2];

                    SIXTEEN(THREE, 0)
                    SIXTEEN(THREE, 16)
                }
                for (; c < layer->in_c; c++, at++) {
                    int32_t x0 = pixel[c];

                    SIXTEEN(ONE, 0)
                    SIXTEEN(ONE, 16)
                }
            }
}

void qqconv2d_faithful(const bnn_layer *layer)
{
    const int8_t *weights = layer->weights;
    uint32_t *output = layer->output;
    int32_t filter[32], sum[32];
    int32_t filter_bytes = layer->kernel_h * layer->kernel_w * layer->in_c;

    for (int32_t block = 0; block < layer->out_words; block++) {
        for (int32_t k = 0; k < 32; k++)
            filter[k] = (block * 32 + k) * filter_bytes;
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                uint32_t *word = output + (y * layer->out_w + x) * layer->out_words + block;

                for (int32_t k = 0; k < 32; k++)
                    sum[k] = 0;
                accumulate(layer, weights, y * layer->stride_h - layer->pad_top,
                           x * layer->stride_w - layer->pad_left, filter, sum);
                *word = 0;
                for (int32_t k = 0; k < 32; k++) {
                    int32_t o = block * 32 + k;
                    uint32_t inside = bnn_at_least((uint32_t)(sum[k] + layer->bias[o]), layer->width[o]);

                    *word |= (inside ^ (layer->polarity[block] >> k & 1)) << k;
                }
            }
    }
}
