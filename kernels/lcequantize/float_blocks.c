/* ---
operator: LceQuantize
variant: float_blocks
idea: >-
  eight floats at a time: one load, then a subtraction, a comparison and an addition with carry for each, as integers.
  4.3 cycles per element on a Cortex-M4
registers: eight elements, bits, two pointers, an end, two constants
needs: [thumb2]
fixed_time: true
supports: in_bytes == 4
--- */
#include "bnn_layer.h"

void lcequantize_float_blocks(const bnn_layer *layer);
#define PUSH_BIT(bits, x, y) "cmp.w " #x ", " #y "\n\tadc.w " #bits ", " #bits ", " #bits "\n\t"
#define FLOAT_BLOCKS lcequantize_float_blocks
#include "float_blocks.h"
