/* ---
operator: BBPointwiseConv2D
variant: held_xpop
idea: >-
  held_pixels for an instruction that counts the bits in which two words differ: a count and an addition per word
registers: as held_pixels'
needs: [xpop, thumb2]
fixed_time: true
weights: bit O/4 Y X O%4 C/32 C%32
scratch_bytes: 4 * (in_words + 2) * ((out_c + 3) // 4 * 4) + 20 * out_words
supports: in_words <= 4
--- */
#include "bnn_layer.h"
#include "push.h"

void bbpointwiseconv2d_held_xpop(const bnn_layer *layer);
#define PUSH BNN_PUSH_BY_CARRY
#define HELD_PIXELS bbpointwiseconv2d_held_xpop
#define ADD(sum, a, w, free)                     \
    "bnnsim_xpop " #free ", " #a ", " #w "\n\t"  \
    "add.w " #sum ", " #sum ", " #free "\n\t"
#define SUM(sum, a, w, start)                    \
    "bnnsim_xpop " #sum ", " #a ", " #w "\n\t"   \
    "add.w " #sum ", " #sum ", " #start "\n\t"
#include "held_pixels.h"
