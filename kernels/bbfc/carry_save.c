/* ---
operator: BBFC
variant: carry_save
idea: >-
  one output at a time, in assembly; carry-save adders fold sixteen words into counters of ones, twos, fours and eights,
  so that only one word in sixteen needs a population count, which USADA8 adds up. Four words of input and weights take
  eight adjacent loads, nine cycles. No patch is gathered and no table of thresholds made, since each is used once.
registers: four counters, two pointers, four words of input and four of weights; pending carries are on the stack
needs: [dsp, thumb2]
fixed_time: true
weights: bit O Y X C/32 C%32
--- */
#include "bnn_layer.h"
#include "dense_bits.h"
#include "dense_dsp.h"

void bbfc_carry_save(const bnn_layer *layer)
{
    BNN_STORE_BITS_BY_RUNS(layer, bnn_count_differences);
}
