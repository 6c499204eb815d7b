/* ---
operator: Conv2D_float32
variant: vfp_blocked
idea: four pixels that see the same taps by four outputs; a weight is loaded once for four products, and products of
  the four outputs stand between a product and its sum, so that nothing waits for a result
registers: s0 to s15 sums, s16 to s23 weights of two channels, s24 to s27 inputs, s28 to s31 products; r0 to r3
  walk through the pixels, r4 through the weights
needs: [fpu]
fixed_time: true
weights: float32 O/4 Y X C O%4
--- */
#include "vfp.h"

#define FOUR(sum0, sum1, sum2, sum3, x, w0, w1, w2, w3) \
    BNN_VFP_PRODUCTS(28, 29, 30, 31, w0, w1, w2, w3, x, x, x, x) \
    BNN_VFP_ADD_FOUR(sum0, sum1, sum2, sum3, 28, 29, 30, 31)

#include "blocks.h"

void conv2d_float32_vfp_blocked(const bnn_layer *layer)
{
    convolve_blocks(layer);
}
