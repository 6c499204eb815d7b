/* ---
operator: BBConv2D
variant: xvpu
idea: >-
  for a vector unit that loads its operands. The patch of a pixel is copied by whole vectors; a part of it of 256
  synapses stays in the unit while sixteen outputs' weights stream past, one instruction each, the last output first,
  because accumulators rotate. Nine such tiles are unrolled, the first turn enters so that none is left. Sums become
  bits in the unit, sixteen at a time: one comparison for thresholds that cut off on one side, two for others. Taps
  outside the image are zeros; what they add is found once per region by the unit itself and taken off the thresholds.
registers: patch, weights, thresholds, output and the loops' bounds; sums are in the unit
needs: [vlmaccr1, thumb2]
fixed_time: true
weights: bit O/16 YXC32/256 O%16- YXC32%256
scratch_bytes: frame_bytes + 128 + 400 * out_words + 32 * ((kernel_h * kernel_w * in_words + 7) // 8)
supports: kernel_h * kernel_w * in_words <= 2040
--- */
#include "bnn_layer.h"
#include "vector_loads.h"
#include "vector_unit.h"

void bbconv2d_xvpu(const bnn_layer *layer)
{
    bnn_vector_convolve(layer);
}
