/* ---
operator: LceQuantize
variant: int8_blocks
idea: >-
  int8_select in assembly, 32 bytes at a time with one load: SSUB8 by the zero point sets four flags, SEL turns them
  into one bit per byte, of two words side by side in eight bits, which USADA8 adds to the rest. 1.3 cycles per element
  on a Cortex-M4
registers: eight words, zero points, the bytes' bits, zero, two pointers, an end
needs: [dsp, thumb2]
fixed_time: true
supports: in_bytes == 1 and in_c % 4 == 0
--- */
#include "bnn_layer.h"
#include "push_four.h"

void lcequantize_int8_blocks(const bnn_layer *layer);
#define CONSTANTS "movw r12, #0x0201\n\tmovt r12, #0x0804\n\tmov.w lr, #0\n\t"
#define FLAGS(x) "ssub8 " #x ", " #x ", r3\n\tsel " #x ", r12, lr\n\t"
#define EIGHT_FLAGS(low, high) FLAGS(high) FLAGS(low) "orr.w " #low ", " #low ", " #high ", lsl #4\n\t"
#define PUSH_EIGHT(bits, low, high)             \
    EIGHT_FLAGS(low, high)                      \
    "lsl.w " #bits ", " #bits ", #8\n\t"        \
    "usada8 " #bits ", " #low ", lr, " #bits "\n\t"
#define PACKED "r10"
#define PACK_EIGHT                              \
    EIGHT_FLAGS(r10, r11)                       \
    "usad8 r10, r10, lr\n\t"                    \
    PUSH_EIGHT(r10, r8, r9) PUSH_EIGHT(r10, r6, r7) PUSH_EIGHT(r10, r4, r5)
#define INT8_BLOCKS lcequantize_int8_blocks
#include "int8_blocks.h"
