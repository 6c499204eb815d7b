/* ---
operator: QBConv2D
variant: faithful
idea: >-
  the loops of CBin-NN's QBConv2D_Optimized_PReLU. The 32 filters of a block are unrolled inside the tap loop, three
  channels of a tap at once as in the original, a bit test per multiply-accumulate; weights are one stream of bits, in
  which each filter has its offset. Taps outside the image are skipped by tests inside the loops; result bits are set
  one at a time in memory. Departures: other numbers of channels, an input byte is loaded once for all filters, and
  folded integer thresholds in place of float PReLU and batch normalisation.
registers: 32 sums and 32 filter offsets do not fit and live on the stack
needs: []
fixed_time: true
weights: bit O/32 O%32 Y X C
--- */
#include "bnn_layer.h"
#include "sign.h"

#define ADD(k, x, at)                                \
    do {                                             \
        int32_t bit_ = filter[k] + (at);             \
                                                     \
        if (weights[bit_ >> 5] >> (bit_ & 31) & 1)   \
            sum[k] += (x);                           \
        else                                         \
            sum[k] -= (x);                           \
    } while (0);
#define ONE(k) ADD(k, x0, tap)
#define THREE(k) ADD(k, x0, tap) ADD(k, x1, tap + 1) ADD(k, x2, tap + 2)
#define FOUR(F, k) F(k) F(k + 1) F(k + 2) F(k + 3)
#define SIXTEEN(F, k) FOUR(F, k) FOUR(F, k + 4) FOUR(F, k + 8) FOUR(F, k + 12)

/* The 32 dot products of one block of filters; (row, column) is the image position of the window's first tap. */
static inline void accumulate(const bnn_layer *layer, int32_t row, int32_t column, const int32_t filter[32],
                              int32_t sum[32])
{
    const uint8_t *input = layer->input;
    const uint32_t *weights = layer->weights;

    for (int32_t i = 0; i < layer->kernel_h; i++)
        for (int32_t j = 0; j < layer->kernel_w; j++)
            if (row + i >= 0 && column + j >= 0 && row + i < layer->in_h && column + j < layer->in_w) {
                const uint8_t *pixel = input + ((row + i) * layer->in_w + column + j) * layer->in_c;
                int32_t tap = (i * layer->kernel_w + j) * layer->in_c;
                int32_t c = 0;

                for (; c + 3 <= layer->in_c; c += 3, tap += 3) {
                    int32_t x0 = pixel[c], x1 = pixel[c + 1], x2 = pixel[c + 2];

                    SIXTEEN(THREE, 0)
                    SIXTEEN(THREE, 16)
                }
                for (; c < layer->in_c; c++, tap++) {
                    int32_t x0 = pixel[c];

                    SIXTEEN(ONE, 0)
                    SIXTEEN(ONE, 16)
                }
            }
}

void qbconv2d_faithful(const bnn_layer *layer)
{
    uint32_t *output = layer->output;
    int32_t filter[32], sum[32];
    int32_t filter_bits = layer->kernel_h * layer->kernel_w * layer->in_c;

    for (int32_t block = 0; block < layer->out_words; block++) {
        int32_t rest = layer->out_c - 32 * block, outputs = rest < 32 ? rest : 32;

        for (int32_t k = 0; k < 32; k++)
            filter[k] = (block * 32 + k) * filter_bits;
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++) {
                uint32_t *pixel = output + (y * layer->out_w + x) * layer->out_words;

                for (int32_t k = 0; k < 32; k++)
                    sum[k] = 0;
                accumulate(layer, y * layer->stride_h - layer->pad_top, x * layer->stride_w - layer->pad_left, filter,
                           sum);
                pixel[block] = 0;
                for (int32_t k = 0; k < outputs; k++)
                    bnn_set_bit(pixel, 32 * block + k, bnn_sign(layer, 32 * block + k, sum[k]));
            }
    }
}
