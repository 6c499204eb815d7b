/* ---
operator: LceQuantize
variant: float_thrpk
idea: >-
  float_blocks where one instruction compares and packs the bit: eight floats at a time, one load, then a subtraction
  and that for each. 3.3 cycles per element on a Cortex-M4
registers: eight elements, bits, two pointers, an end, two constants
needs: [push_threshold, thumb2]
fixed_time: true
supports: in_bytes == 4
--- */
#include "bnn_layer.h"

void lcequantize_float_thrpk(const bnn_layer *layer);
#define PUSH_BIT(bits, x, y) "bnnsim_push_threshold " #bits ", " #x ", " #y ", 0\n\t"
#define FLOAT_BLOCKS lcequantize_float_thrpk
#include "float_blocks.h"
