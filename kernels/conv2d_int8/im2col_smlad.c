/* ---
operator: Conv2D_int8
variant: im2col_smlad
idea: >-
  windows of three output pixels are widened once, as pairs of 16 bits with the input offset added (0 outside the
  image), interleaved word by word; then three pixels by two outputs per step, five adjacent loads for six SMLAD (12
  products), unrolled 32 steps, entered in the middle for the remainder. Requantization by SMMULR in the same
  assembly, the zero point added before the last shift. Weights are 16 bits in flash.
registers: six sums, three inputs, two weights, two pointers, the turns; the rest on the stack
needs: [dsp]
fixed_time: true
weights: int16 O/2 Y XC/2 O%2 XC%2
scratch_bytes: 12 * kernel_h * ((kernel_w * in_c + 1) // 2) + 56 * ((out_c + 1) // 2)
--- */
#include "bnn_layer.h"
#include "int8_smlad.h"

/* Consecutive loads overlap; those of one base are ordered so that the last one moves it. */
__attribute__((naked, noinline)) static void dots(__attribute__((unused)) bnn_smlad_job *job)
{
    __asm__ volatile(
        BNN_SMLAD_ENTER
        ".rept 32\n\t"
        "ldr.w r6, [r11, #8]\n\t"
        "ldr.w r7, [r11, #4]\n\t"
        "ldr.w r8, [r11], #12\n\t"
        "ldr.w r9, [r12, #4]\n\t"
        "ldr.w r10, [r12], #8\n\t"
        "smlad r5, r6, r9, r5\n\t"
        "smlad r4, r7, r9, r4\n\t"
        "smlad r3, r8, r9, r3\n\t"
        "smlad r2, r6, r10, r2\n\t"
        "smlad r1, r7, r10, r1\n\t"
        "smlad r0, r8, r10, r0\n\t"
        ".endr\n\t"
        "subs.w lr, lr, #1\n\t"
        "bne.w 2b\n\t"
        BNN_SMLAD_LEAVE);
}

void conv2d_int8_im2col_smlad(const bnn_layer *layer)
{
    static const bnn_smlad_kind kind = {dots, 2, 32, 1, 44, 0, 8, 0};

    bnn_smlad_layer(layer, &kind);
}
