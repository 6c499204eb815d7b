/* ---
operator: BBConv2D
variant: faithful
idea: >-
  the loops of CBin-NN's BBConv2D_Optimized_PReLU with its bugs repaired. A block of 32 output channels
  shares each activation load and adds N - 2 * popcount to 32 sums in an array, unrolled inside the tap
  loop; output bits are set one at a time by read-modify-write. The popcount is a call, as libgcc's is,
  or the claimed instruction. Departures: filter stride, block count and pixel index as intended, real
  channels in N, the folded integer threshold in place of float PReLU and batch normalisation, and one padding
  by a framed copy.
registers: the 32 sums and filter pointers do not fit; they live in memory, as in the original. A compiler may branch
  on an output bit, so that the last cycles depend on the input
needs: []
fixed_time: false
weights: bit O/32 O%32 Y X C/32 C%32
scratch_bytes: frame_bytes
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "inline.h"
#include "pad.h"

#define FILTER(o) sum[o] += n - 2 * (int32_t)BNN_PUBLISHED_POPCOUNT(a ^ w[(o) * filter_words]);
#define FILTERS8(o) \
    FILTER(o) FILTER(o + 1) FILTER(o + 2) FILTER(o + 3) FILTER(o + 4) FILTER(o + 5) FILTER(o + 6) FILTER(o + 7)

BNN_INLINE void store_bits(const bnn_layer *layer, const int32_t *sum, int32_t block, uint32_t *out)
{
    *out = 0;
    for (int32_t i = 0; i < 32; i++) {
        int32_t o = 32 * block + i;
        if (o >= layer->out_c)
            break;
        uint32_t bit = (uint32_t)(sum[i] + layer->bias[o]) >= layer->width[o];
        bit ^= (layer->polarity[block] >> i) & 1;
        if (bit)
            *out |= 1u << i;
        else
            *out &= ~(1u << i);
    }
}

/* A function of its own, or compilers make other code of it where the layer may be a framed one. */
BNN_NOINLINE void convolve(const bnn_layer *layer)
{
    const uint32_t *input = layer->input;
    const uint32_t *weights = layer->weights;
    uint32_t *output = layer->output;
    const int32_t in_words = layer->in_words;
    const int32_t filter_words = layer->kernel_h * layer->kernel_w * in_words;

    for (int32_t block = 0; block < layer->out_words; block++) {
        for (int32_t y = 0; y < layer->out_h; y++) {
            for (int32_t x = 0; x < layer->out_w; x++) {
                int32_t sum[32] = {0};
                for (int32_t ky = 0; ky < layer->kernel_h; ky++) {
                    for (int32_t kx = 0; kx < layer->kernel_w; kx++) {
                        int32_t in_y = y * layer->stride_h + ky - layer->pad_top;
                        int32_t in_x = x * layer->stride_w + kx - layer->pad_left;
                        if (in_y < 0 || in_y >= layer->in_h || in_x < 0 || in_x >= layer->in_w)
                            continue;
                        for (int32_t l = 0; l < in_words; l++) {
                            uint32_t a = input[(in_y * layer->in_w + in_x) * in_words + l];
                            const uint32_t *w = weights + 32 * block * filter_words
                                                + (ky * layer->kernel_w + kx) * in_words + l;
                            int32_t n = layer->in_c - 32 * l < 32 ? layer->in_c - 32 * l : 32;
                            FILTERS8(0) FILTERS8(8) FILTERS8(16) FILTERS8(24)
                        }
                    }
                }
                store_bits(layer, sum, block, output + (y * layer->out_w + x) * layer->out_words + block);
            }
        }
    }
}

void bbconv2d_faithful(const bnn_layer *layer)
{
    bnn_layer framed;
    convolve(bnn_framed(layer, &framed));
}
