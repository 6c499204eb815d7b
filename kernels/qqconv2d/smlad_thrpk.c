/* ---
operator: QQConv2D
variant: smlad_thrpk
idea: smlad where one instruction compares a value and packs the bit
registers: six sums, three inputs, two weights, two pointers, the step count; the rest on the stack
needs: [dsp, push_threshold]
fixed_time: true
weights: int16 O/2 YXC/2 O%2 YXC%2
scratch_bytes: 12 * ((kernel_h * kernel_w * in_c + 1) // 2)
  + 8 * kernel_h * ((((out_w - 1) * stride_w + kernel_w) * in_c + 1) // 2 + 1)
--- */
#include "bnn_layer.h"
#include "push.h"

void qqconv2d_smlad_thrpk(const bnn_layer *layer);
#define PUSH BNN_PUSH_BY_THRPK
#define PUSH_OUT BNN_PUSH_OUT_BY_THRPK
#define SMLAD qqconv2d_smlad_thrpk
#include "smlad.h"
