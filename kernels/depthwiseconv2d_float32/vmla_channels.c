/* ---
operator: DepthwiseConv2D_float32
variant: vmla_channels
idea: as vfp_channels with VMLA, which rounds the product and then the sum as two instructions do; for cores on which
  it takes less time than they
registers: s0 to s15 sums, s16 to s23 weights, s24 to s31 inputs; r0 and r1 walk through the pixels, r2 through weights
needs: [fpu]
fixed_time: true
weights: float32 Y X C O
supports: depth_multiplier == 1
--- */
#include "vfp.h"

#define EIGHT(sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7)                    \
    BNN_VFP_MLA_FOUR(sum0, sum1, sum2, sum3, 24, 25, 26, 27, 16, 17, 18, 19)     \
    BNN_VFP_MLA_FOUR(sum4, sum5, sum6, sum7, 28, 29, 30, 31, 20, 21, 22, 23)
#include "channels.h"

void depthwiseconv2d_float32_vmla_channels(const bnn_layer *layer)
{
    convolve_channels(layer);
}
