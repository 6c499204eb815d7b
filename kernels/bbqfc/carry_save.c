/* ---
operator: BBQFC
variant: carry_save
idea: >-
  one output at a time, in assembly; carry-save adders fold sixteen words into counters of ones, twos, fours and eights,
  so that only one word in sixteen needs a population count, which USADA8 adds up. Four words of input and weights take
  eight adjacent loads, nine cycles.
registers: four counters, two pointers, four words of input and four of weights; pending carries are on the stack
needs: [dsp, thumb2]
fixed_time: true
weights: bit O Y X C/32 C%32
scratch_bytes: 4 * out_c
--- */
#include "bnn_layer.h"
#include "dense_dsp.h"
#include "requantize_counts.h"

void bbqfc_carry_save(const bnn_layer *layer)
{
    BNN_REQUANTIZE_RUNS(layer, bnn_count_differences);
}
