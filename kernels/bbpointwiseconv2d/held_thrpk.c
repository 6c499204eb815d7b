/* ---
operator: BBPointwiseConv2D
variant: held_thrpk
idea: held_pixels where one instruction compares a sum and packs the bit
registers: >-
  table and its end, weights and threshold, one to two activations per pixel and a word of bits for each, one sum;
  thirteen or fourteen
needs: [any_popcount, push_threshold, thumb2]
fixed_time: true
weights: bit O/4 Y X O%4 C/32 C%32
scratch_bytes: 4 * (in_words + 2) * ((out_c + 3) // 4 * 4) + 20 * out_words
supports: in_words <= 4
--- */
#include "bnn_layer.h"
#include "push.h"

void bbpointwiseconv2d_held_thrpk(const bnn_layer *layer);
#define PUSH BNN_PUSH_BY_THRPK
#define HELD_PIXELS bbpointwiseconv2d_held_thrpk
#include "held_pixels.h"
