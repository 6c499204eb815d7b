/* ---
operator: BBPointwiseConv2D
variant: held_pixels
idea: >-
  for a population count instruction and few channels, in assembly. The activations of some pixels (four of one word,
  two of two, one of three or four) stay in registers while all outputs pass; LDM fetches an output's weights and
  threshold. Thresholds are folded into counts of differing bits, so that one comparison makes a bit, and RRX packs it.
  Pixels are read where they lie, no patch is gathered.
registers: >-
  table and its end, weights and threshold, one to two activations per pixel and a word of bits for each, one sum;
  thirteen or fourteen
needs: [any_popcount, thumb2]
fixed_time: true
weights: bit O/4 Y X O%4 C/32 C%32
scratch_bytes: 4 * (in_words + 2) * ((out_c + 3) // 4 * 4) + 20 * out_words
supports: in_words <= 4
--- */
#include "bnn_layer.h"
#include "push.h"

void bbpointwiseconv2d_held_pixels(const bnn_layer *layer);
#define PUSH BNN_PUSH_BY_CARRY
#define HELD_PIXELS bbpointwiseconv2d_held_pixels
#include "held_pixels.h"
