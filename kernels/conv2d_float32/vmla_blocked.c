/* ---
operator: Conv2D_float32
variant: vmla_blocked
idea: as vfp_blocked with VMLA, which rounds the product and then the sum as two instructions do; for cores on which
  it takes less time than they
registers: s0 to s15 sums, s16 to s23 weights of two channels, s24 to s27 inputs; r0 to r3 walk through the pixels,
  r4 through the weights
needs: [fpu]
fixed_time: true
weights: float32 O/4 Y X C O%4
--- */
#include "vfp.h"

#define FOUR(sum0, sum1, sum2, sum3, x, w0, w1, w2, w3) \
    BNN_VFP_MLA_FOUR(sum0, sum1, sum2, sum3, w0, w1, w2, w3, x, x, x, x)

#include "blocks.h"

void conv2d_float32_vmla_blocked(const bnn_layer *layer)
{
    convolve_blocks(layer);
}
