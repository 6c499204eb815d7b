/* ---
operator: DepthwiseConv2D_float32
variant: vfp_channels
idea: two pixels that see the same taps by eight channels, which share the weights; products take the place of their
  inputs; channels beyond a multiple of eight one by one
registers: s0 to s15 sums, s16 to s23 weights, s24 to s31 inputs; r0 and r1 walk through the pixels, r2 through weights
needs: [fpu]
fixed_time: true
weights: float32 Y X C O
supports: depth_multiplier == 1
--- */
#include "vfp.h"

#define EIGHT(sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7)                    \
    BNN_VFP_PRODUCTS(24, 25, 26, 27, 24, 25, 26, 27, 16, 17, 18, 19)             \
    BNN_VFP_PRODUCTS(28, 29, 30, 31, 28, 29, 30, 31, 20, 21, 22, 23)             \
    BNN_VFP_ADD_FOUR(sum0, sum1, sum2, sum3, 24, 25, 26, 27)                     \
    BNN_VFP_ADD_FOUR(sum4, sum5, sum6, sum7, 28, 29, 30, 31)
#include "channels.h"

void depthwiseconv2d_float32_vfp_channels(const bnn_layer *layer)
{
    convolve_channels(layer);
}
