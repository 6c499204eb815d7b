/* ---
operator: QQConv2D
variant: smlad
idea: >-
  windows of three output pixels are copied as 16-bit pairs into scratch (zeros outside the image),
  interleaved word by word; then three pixels by two outputs per step, five adjacent loads for six SMLAD
  (12 products), unrolled twenty steps, entered in the middle for the remainder. Rows are widened once, in
  two copies half a word apart, so that windows are copied by whole words. Thresholds by CMP and RRX,
  three words at a time.
registers: six sums, three inputs, two weights, two pointers, the step count; the rest on the stack
needs: [dsp]
fixed_time: true
weights: int16 O/2 YXC/2 O%2 YXC%2
scratch_bytes: 12 * ((kernel_h * kernel_w * in_c + 1) // 2)
  + 8 * kernel_h * ((((out_w - 1) * stride_w + kernel_w) * in_c + 1) // 2 + 1)
--- */
#include "bnn_layer.h"
#include "push.h"

void qqconv2d_smlad(const bnn_layer *layer);
#define PUSH BNN_PUSH_BY_CARRY
#define PUSH_OUT BNN_PUSH_OUT_BY_CARRY
#define SMLAD qqconv2d_smlad
#include "smlad.h"
