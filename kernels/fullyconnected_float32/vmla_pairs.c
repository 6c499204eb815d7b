/* ---
operator: FullyConnected_float32
variant: vmla_pairs
idea: as vfp_pairs with VMLA, which rounds the product and then the sum as two instructions do; for cores on which it
  takes less time than they
registers: s0 to s7 sums, s8 to s15 inputs, s16 to s31 weights; r0 walks through the inputs, r1 to r4 through weights
needs: [fpu]
fixed_time: true
weights: float32 O/2 Y X C O%2
--- */
#include "vfp.h"

#define MULTIPLY(w0, w1, w2, w3, x0, x1, x2, x3)
#define ADD(s0, s1, s2, s3, w0, w1, w2, w3, x0, x1, x2, x3) \
    BNN_VFP_MLA_FOUR(s0, s1, s2, s3, w0, w1, w2, w3, x0, x1, x2, x3)
#include "pairs.h"

void fullyconnected_float32_vmla_pairs(const bnn_layer *layer)
{
    connect_pairs(layer);
}
