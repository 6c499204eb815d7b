/* int8 convolutions by a dot product of four bytes: three pixels by two outputs, requantization inline.
 *
 * The frame and the requantization are those of int8_smlad.h; a word has four taps. The zero point is taken out of the
 * sums as its product with the sum of a filter's weights, which becomes part of the bias.
 */
#ifndef SDOT4_THREES_H
#define SDOT4_THREES_H
#include "bnn_layer.h"
#include "int8_smlad.h"
#include "isa.h"

enum { SDOT4_STEPS = 32, SDOT4_STEP_BYTES = 44, SDOT4_PAIR_BYTES_PER_WORD = 8 };

/* signed bytes by signed bytes */
#define SDOT4(sum, x, w) "bnnsim_sdot4 " sum ", " x ", " w ", 3\n\t"

/* weights: int8 O/2 Y XC/4 O%2 XC%4. Five adjacent loads for six operations. */
__attribute__((naked, noinline)) static void sdot4_dots(__attribute__((unused)) bnn_smlad_job *job)
{
    __asm__ volatile(
        BNN_SMLAD_ENTER
        ".rept 32\n\t"
        "ldr.w r6, [r11, #8]\n\t"
        "ldr.w r7, [r11, #4]\n\t"
        "ldr.w r8, [r11], #12\n\t"
        "ldr.w r9, [r12, #4]\n\t"
        "ldr.w r10, [r12], #8\n\t"
        SDOT4("r5", "r6", "r9") SDOT4("r4", "r7", "r9") SDOT4("r3", "r8", "r9")
        SDOT4("r2", "r6", "r10") SDOT4("r1", "r7", "r10") SDOT4("r0", "r8", "r10")
        ".endr\n\t"
        "subs.w lr, lr, #1\n\t"
        "bne.w 2b\n\t"
        BNN_SMLAD_LEAVE);
}

static const bnn_smlad_kind sdot4_kind = {.dots = sdot4_dots, .pair_bytes_per_word = SDOT4_PAIR_BYTES_PER_WORD};

/* A job for windows of `words` words. rows: filled, with biases that make up for the zero point; *fits: whether inline
 * requantization does for all outputs. */
BNN_INLINE bnn_smlad_job sdot4_start(const bnn_layer *layer, bnn_smlad_row *rows, int32_t words, int32_t *fits)
{
    const int32_t turns = (words + SDOT4_STEPS - 1) / SDOT4_STEPS;
    const uint32_t *w = layer->weights;

    *fits = bnn_smlad_rows(layer, rows);
    for (int32_t pair = 0; pair < (layer->out_c + 1) / 2; pair++) {
        uint32_t first = 0, second = 0;

        for (int32_t n = words; n > 0; n--, w += 2) {
            first = sdot4(first, w[0], 0x01010101u, 3);
            second = sdot4(second, w[1], 0x01010101u, 3);
        }
        rows[pair].bias[0] += (int32_t)first * layer->input_offset;
        rows[pair].bias[1] += (int32_t)second * layer->input_offset;
    }
    return (bnn_smlad_job){.turns = (uintptr_t)turns,
                           .skip_bytes = (turns * SDOT4_STEPS - words) * SDOT4_STEP_BYTES,
                           .row = rows};
}
#endif
