/* ---
operator: Conv2D_int8
variant: im2col_smlad
idea: >-
  windows of three output pixels are widened once, as pairs of 16 bits with the input offset added (0 outside the
  image), interleaved word by word; then three pixels by two outputs per step, five adjacent loads for six SMLAD (12
  products), unrolled 32 steps, entered in the middle for the remainder. Requantization by SMMLAR in the same
  assembly, the zero point added before the last shift. Weights are 16 bits in flash.
registers: six sums, three inputs, two weights, two pointers, the turns; the rest on the stack
needs: [dsp]
fixed_time: true
weights: int16 O/2 Y XC/2 O%2 XC%2
scratch_bytes: 12 * kernel_h * ((kernel_w * in_c + 1) // 2) + 56 * ((out_c + 1) // 2)
--- */
#include "bnn_layer.h"
#include "int8_smlad.h"

__attribute__((naked, noinline)) static void dots(__attribute__((unused)) bnn_smlad_job *job)
{
    __asm__ volatile(BNN_SMLAD_ENTER BNN_SMLAD_LOOP BNN_SMLAD_LEAVE);
}

void conv2d_int8_im2col_smlad(const bnn_layer *layer)
{
    static const bnn_smlad_kind kind = {dots, 2, BNN_SMLAD_UNROLL, 1, BNN_SMLAD_STEP_BYTES, 0, 8, 0};

    bnn_smlad_layer(layer, &kind);
}
