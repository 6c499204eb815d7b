/* ---
operator: BBPointwiseConv2D
variant: held_xndota
idea: >-
  held_pixels for an instruction that adds the dot product of two words of ±1 to a sum. Sums start at their output's
  bias, less what pad bits add, and are compared with its width as they are
registers: as held_pixels'
needs: [xndota, thumb2]
fixed_time: true
weights: bit O/4 Y X O%4 C/32 C%32
scratch_bytes: 4 * (in_words + 2) * ((out_c + 3) // 4 * 4) + 20 * out_words
supports: in_words <= 4
--- */
#include "bnn_layer.h"
#include "push.h"

void bbpointwiseconv2d_held_xndota(const bnn_layer *layer);
#define PUSH BNN_PUSH_BY_CARRY
#define HELD_PIXELS bbpointwiseconv2d_held_xndota
#define ADD(sum, a, w, free) "bnnsim_xndota " #sum ", " #a ", " #w ", 31\n\t"
#define SUM(sum, a, w, start) "mov.w " #sum ", " #start "\n\t" ADD(sum, a, w, sum)
#define START(layer, o, before) ((void)(before), (uint32_t)(layer->bias[o] + layer->in_c - 32 * layer->in_words))
#define MANY(layer, o, before, last) layer->width[o]
#include "held_pixels.h"
