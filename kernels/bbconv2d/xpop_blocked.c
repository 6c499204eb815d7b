/* ---
operator: BBConv2D
variant: xpop_blocked
idea: >-
  for an instruction that counts the bits in which two words differ, in assembly: popcount_tops without its exclusive
  ors. Two pixels that see the same taps by four outputs: six adjacent loads (seven cycles) feed eight counts of one
  operation each, and UMAAL adds two counts at once to halves of a sum: 19 cycles per eight words.
registers: >-
  four pairs of sums, four weight words, two activation words, two pointers, one temporary and 65536: all
  fourteen; the loop's bounds come from the stack
needs: [xpop, thumb2]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 272 * out_words + 8 * kernel_h * kernel_w * in_words
supports: kernel_h * kernel_w * in_c <= 32767
--- */
#define TOPS_TWO BNN_XPOP_TWO
#define TOPS_ONE BNN_XPOP_ONE
#define TOPS_TWO_NAMED BNN_XPOP_TWO_NAMED
#define TOPS_ONE_NAMED BNN_XPOP_ONE_NAMED
#include "patch_xpop.h"
#include "popcount_tops.h"

void bbconv2d_xpop_blocked(const bnn_layer *layer)
{
    bbconv2d_convolve_tops(layer);
}
