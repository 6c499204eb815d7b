/* Packing of bytes, 32 at a time, of a kernel whose function is INT8_BLOCKS.
 *
 * A kernel tells how eight words, r4 to r11, become one, PACKED: PACK_EIGHT, with the zero point in all bytes of r3 and
 * what it set r12 and lr to, CONSTANTS. push_four(bits, x, zero_points) packs one word in C.
 */
#ifndef LCEQUANTIZE_INT8_BLOCKS_H
#define LCEQUANTIZE_INT8_BLOCKS_H
#include "bnn_layer.h"

/* Pack 8 words to one, from x up to `end`. Returns the end of the packed words. */
static __attribute__((naked, noinline)) uint32_t *pack_words(const uint32_t *x __attribute__((unused)),
                                                             const uint32_t *end __attribute__((unused)),
                                                             uint32_t *out __attribute__((unused)),
                                                             uint32_t zero_points __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        CONSTANTS
        ".p2align 3\n"
        "1:\n\t"
        "ldm.w r0!, {r4-r11}\n\t"
        PACK_EIGHT
        "cmp.w r0, r1\n\t"
        "str.w " PACKED ", [r2], #4\n\t"
        "bne.w 1b\n\t"
        "mov.w r0, r2\n\t"
        "pop.w {r4-r11, pc}");
}

void INT8_BLOCKS(const bnn_layer *layer)
{
    const uint32_t *x = layer->input;
    uint32_t *out = layer->output;
    const uint32_t zero_points = (uint8_t)-layer->input_offset * 0x01010101u;
    const int32_t words = layer->in_c / 4, rest = words % 8, all = layer->in_h * layer->in_w;
    /* without a rest, pixels follow each other like words */
    const int32_t pixels = rest ? all : 1, whole = rest ? words - rest : all * words;

    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        if (whole)
            out = pack_words(x, x + whole, out, zero_points);
        x += whole;
        if (rest) {
            uint32_t bits = 0;

            for (int32_t i = rest - 1; i >= 0; i--)
                bits = push_four(bits, x[i], zero_points);
            *out++ = bits;
            x += rest;
        }
    }
}
#endif
