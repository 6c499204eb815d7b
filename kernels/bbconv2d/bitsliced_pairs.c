/* ---
operator: BBConv2D
variant: bitsliced_pairs
idea: >-
  bit-sliced counters whose 32 lanes are output channels, fed from tables as in bitsliced_tables, with fewer planes
  to add. A weight word's channels form groups of 7, 7, 6, 6, 6; a table gives, for every pattern of a group's
  activation bits, only the twos and fours of the count of a ^ w. The ones are a ^ w's parities, so the ones
  of all five groups together depend on the parities of the five patterns alone: one more table of 32 entries, whose
  index is found once per input word. That is 13 planes for 32 channels. Two weight words (of any taps) are looked up
  in one go, so that counters are loaded, rippled and stored half as often: 236 cycles for 64 x 32 binary
  multiply-accumulates. Out-of-image taps are never visited; where only one word of a pair lies in the image, it is
  looked up alone. The addresses of look-ups depend on the activations, so on a core with a data cache the time does.
registers: >-
  input, counter and table pointers, an activation word, four counter planes, two table addresses, two operands and
  two pending carries: all fourteen; two more carries, end and step wait on the stack
needs: [thumb2]
fixed_time: true
looks_up_in: activations
weights: bit O/32 X Y C/32 C%32 O%32
scratch_bytes: >-
  frame_bytes + 8192 + 256 + max(in_h * in_w * in_words, frame_bytes // 4)
  + min(512, out_h * out_w) * 4 * (11 + 3 * (kernel_h * kernel_w * in_c > 1022))
supports: kernel_h * kernel_w * in_c <= 8190
--- */
#include "bnn_layer.h"
#include "pairs.h"

void bbconv2d_bitsliced_pairs(const bnn_layer *layer)
{
    CONVOLVE_BY_PAIRS(layer, bnn_begin_pairs, bnn_threshold_counters);
}
