/* ---
operator: BBQFC
variant: csa_carry_save
idea: >-
  carry_save for an instruction that is a full adder of 32 lanes: one output at a time, in assembly; full adders fold
  sixteen words into counters of ones, twos, fours and eights, so that only one word in sixteen needs a population
  count. Sixteen words take 93 cycles: 40 of loads, 16 exclusive ors, 15 full adders, 11 for the population count.
registers: four counters, two pending carries, two pointers, two words of input and of weights, two of their carries
needs: [csa, thumb2]
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: 4 * out_c
--- */
#include "bnn_layer.h"
#include "dense_csa.h"
#include "requantize_counts.h"

void bbqfc_csa_carry_save(const bnn_layer *layer)
{
    BNN_REQUANTIZE_RUNS(layer, bnn_count_differences_csa);
}
