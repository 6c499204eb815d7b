/* ---
operator: BBConv2D
variant: xvpu_m33
idea: >-
  xvpu's convolution for a unit whose operands pass through core registers: eight words per LDM, four transfers of
  64 bits, one instruction that counts 256 synapses. Three tiles are unrolled.
registers: eight words on their way, patch, weights, thresholds, output and a loop count; sums are in the unit
needs: [cmaccr1, thumb2]
fixed_time: true
weights: bit O/16 YXC32/256 O%16- YXC32%256
scratch_bytes: frame_bytes + 128 + 400 * out_words + 32 * ((kernel_h * kernel_w * in_words + 7) // 8)
supports: kernel_h * kernel_w * in_words <= 2040
--- */
#include "bnn_layer.h"
#include "vector_transfers.h"
#include "vector_unit.h"

void bbconv2d_xvpu_m33(const bnn_layer *layer)
{
    bnn_vector_convolve(layer);
}
