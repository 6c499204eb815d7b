/* ---
operator: BBPointwiseConv2D
variant: held_xpopa_h
idea: >-
  held_pixels for an instruction that adds the number of differing bits to a half of a register. Sums are few, so that
  lower halves do; their starts are cut to 16 bits
registers: as held_pixels'
needs: [xpopa_h, thumb2]
fixed_time: true
weights: bit O/4 Y X O%4 C/32 C%32
scratch_bytes: 4 * (in_words + 2) * ((out_c + 3) // 4 * 4) + 20 * out_words
supports: in_words <= 4
--- */
#include "bnn_layer.h"
#include "push.h"

void bbpointwiseconv2d_held_xpopa_h(const bnn_layer *layer);
#define PUSH BNN_PUSH_BY_CARRY
#define HELD_PIXELS bbpointwiseconv2d_held_xpopa_h
#define ADD(sum, a, w, free) "bnnsim_xpopa_h " #sum ", " #a ", " #w ", 0\n\t"
#define SUM(sum, a, w, start) "mov.w " #sum ", " #start "\n\t" ADD(sum, a, w, sum)
#define START(layer, o, before) ((uint32_t)(-1 - (before)) & 0xffffu)
#define MANY(layer, o, before, last) (uint32_t)((last) - (before))
#include "held_pixels.h"
