/* ---
operator: Conv2D_int8
variant: im2col_smlad_packed
idea: >-
  as im2col_smlad, but the weights stay 8 bits in flash: per four taps two words of weights are widened by SXTB16 for
  six activations, in two groups of adjacent loads, 26 cycles for 24 products. Activations are widened without
  reordering, for SXTB16 takes the weights apart in the same order.
registers: six sums, three inputs, two words of weights, widened weights, two pointers; the turns on the stack
needs: [dsp]
fixed_time: true
weights: int8 O/2 Y XC/4 O%2 XC%4
scratch_bytes: 24 * kernel_h * ((kernel_w * in_c + 3) // 4) + 56 * ((out_c + 1) // 2)
--- */
#include "bnn_layer.h"
#include "int8_smlad.h"

__attribute__((naked, noinline)) static void dots(__attribute__((unused)) bnn_smlad_job *job)
{
    __asm__ volatile(
        BNN_SMLAD_ENTER
        ".rept 16\n\t"
        "ldr.w r6, [r11, #8]\n\t"
        "ldr.w r7, [r11, #4]\n\t"
        "ldr.w r8, [r11], #24\n\t"
        "ldr.w r9, [r12, #4]\n\t"
        "ldr.w r10, [r12], #8\n\t"
        "sxtb16 lr, r9\n\t"
        "smlad r5, r6, lr, r5\n\t"
        "smlad r4, r7, lr, r4\n\t"
        "smlad r3, r8, lr, r3\n\t"
        "sxtb16 lr, r10\n\t"
        "smlad r2, r6, lr, r2\n\t"
        "smlad r1, r7, lr, r1\n\t"
        "smlad r0, r8, lr, r0\n\t"
        "sxtb16 r9, r9, ror #8\n\t"
        "sxtb16 r10, r10, ror #8\n\t"
        "ldr r6, [r11, #-4]\n\t"
        "ldr r7, [r11, #-8]\n\t"
        "ldr r8, [r11, #-12]\n\t"
        "smlad r5, r6, r9, r5\n\t"
        "smlad r4, r7, r9, r4\n\t"
        "smlad r3, r8, r9, r3\n\t"
        "smlad r2, r6, r10, r2\n\t"
        "smlad r1, r7, r10, r1\n\t"
        "smlad r0, r8, r10, r0\n\t"
        ".endr\n\t"
        "ldr.w lr, [sp, #4]\n\t"
        "cmp.w r11, lr\n\t"
        "bne.w 2b\n\t"
        BNN_SMLAD_LEAVE);
}

void conv2d_int8_im2col_smlad_packed(const bnn_layer *layer)
{
    static const bnn_smlad_kind kind = {dots, 4, 16, 2, 96, 1, 4, 1};

    bnn_smlad_layer(layer, &kind);
}
