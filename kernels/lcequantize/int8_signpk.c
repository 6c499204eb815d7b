/* ---
operator: LceQuantize
variant: int8_signpk
idea: >-
  int8_blocks with an instruction that packs the signs of four bytes: QSUB8 takes the zero point away, saturating, so
  that signs stay right, and that instruction shifts their opposites into the word. 0.9 cycles per element on a
  Cortex-M4
registers: eight words, zero points, the bytes' bits, two pointers, an end
needs: [signpk, dsp, thumb2]
fixed_time: true
supports: in_bytes == 1 and in_c % 4 == 0
--- */
#include "bnn_layer.h"
#include "inline.h"
#include "isa.h"

/* 16 * bits + one bit for each byte of x that is at least the byte of zero_points. */
BNN_INLINE uint32_t push_four(uint32_t bits, uint32_t x, uint32_t zero_points)
{
    __asm__("qsub8 %0, %0, %1" : "+r"(x) : "r"(zero_points));
    return signpk(bits, x, 2);
}

void lcequantize_int8_signpk(const bnn_layer *layer);
#define CONSTANTS ""
#define PUSH(x) "qsub8 " #x ", " #x ", r3\n\tbnnsim_signpk r12, " #x ", 3\n\t"
#define PACKED "r12"
#define PACK_EIGHT PUSH(r4) PUSH(r5) PUSH(r6) PUSH(r7) PUSH(r8) PUSH(r9) PUSH(r10) PUSH(r11)
#define INT8_BLOCKS lcequantize_int8_signpk
#include "int8_blocks.h"
