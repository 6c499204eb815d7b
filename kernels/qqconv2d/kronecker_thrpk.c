/* ---
operator: QQConv2D
variant: kronecker_thrpk
idea: >-
  kronecker where one instruction compares a value and packs the bit: six cycles less per eight outputs. Flags are left
  alone, so that LSRS finds the end of the pairs
registers: four 64-bit sums, two inputs, two weights, two pointers; the rest on the stack
needs: [fixed_time_long_multiply, push_threshold]
fixed_time: true
weights: int8 O Y X C
scratch_bytes: 240 * ((out_w + 3) // 4 + 2)
  + (out_c + 1) // 2 * (8 * ((kernel_w + 1) // 2) * kernel_h * in_c + 32)
  + (out_c + 1) // 2 * 8
  * ((kernel_h * in_c * max(0, (kernel_w + 1) // 2 - (pad_left + kernel_w % 2 + 1) // 2) + 1) // 2)
supports: stride_w == 1 and kernel_w >= 3 and kernel_w <= 6 and kernel_h * in_c <= 15
  and kernel_h * in_c * (kernel_w // 2) <= 31
--- */
#include "bnn_layer.h"
#include "push.h"

#define PUSH(value, bits) BNN_PUSH_BY_THRPK(bits, value, r9)
#define FIRST_OUTPUT                              \
    PUSH(r11, r1) PUSH(r0, r3) PUSH(r12, r8)      \
    "ldr.w r11, [sp, #12]\n\t"                    \
    "ldr.w r12, [lr, #15 * 8 * steps + 12]\n\t"   \
    "ldr.w r0, [lr, #15 * 8 * steps + 20]\n\t"    \
    PUSH(r2, r11)                                 \
    "ldr.w r9, [lr, #15 * 8 * steps + 16]\n\t"
#define SECOND_OUTPUT                             \
    PUSH(r0, r1) PUSH(r4, r3) PUSH(r2, r8)        \
    "ldr.w r2, [sp, #24]\n\t"                     \
    "lsrs.w r12, r11, #1\n\t"                     \
    PUSH(r6, r11)                                 \
    "str.w r1, [sp]\n\t"                          \
    "str.w r3, [sp, #4]\n\t"                      \
    "str.w r8, [sp, #8]\n\t"                      \
    "str.w r11, [sp, #12]\n\t"

void qqconv2d_kronecker_thrpk(const bnn_layer *layer);
#define KRONECKER qqconv2d_kronecker_thrpk
#include "kronecker.h"
