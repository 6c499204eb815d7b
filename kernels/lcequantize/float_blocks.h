/* Packing of floats as float_blocks explains it, of a kernel whose function is FLOAT_BLOCKS. PUSH_BIT(bits, x, y)
 * doubles bits and adds x >= y, unsigned. */
#ifndef LCEQUANTIZE_FLOAT_BLOCKS_H
#define LCEQUANTIZE_FLOAT_BLOCKS_H
#include "bnn_layer.h"
#include "threshold.h"

/* Bit patterns from the least negative number to minus infinity, moved to 0, end before this. */
#define NEGATIVES (0xff800001u - 0x80000001u)
#define PUSH(x) "sub.w " #x ", " #x ", r2\n\t" PUSH_BIT(r12, x, r3)

#define EIGHT \
    "ldmdb.w r0!, {r4-r11}\n\t" PUSH(r11) PUSH(r10) PUSH(r9) PUSH(r8) PUSH(r7) PUSH(r6) PUSH(r5) PUSH(r4)

/* Pack 32 floats to a word, from x up to `end`. Returns the end of the words. */
static __attribute__((naked, noinline)) uint32_t *pack_words(const uint32_t *x __attribute__((unused)),
                                                             const uint32_t *end __attribute__((unused)),
                                                             uint32_t *out __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "mov.w lr, r2\n\t"
        "mov.w r2, #0x80000000\n\t"
        "add.w r2, r2, #1\n\t"
        "mov.w r3, #0x7f800000\n\t" /* NEGATIVES */
        ".p2align 3\n"
        "1:\n\t"
        "add.w r0, r0, #128\n\t"
        EIGHT EIGHT EIGHT EIGHT /* 32 bits leave nothing of what r12 held */
        "str.w r12, [lr], #4\n\t"
        "add.w r0, r0, #128\n\t"
        "cmp.w r0, r1\n\t"
        "bne.w 1b\n\t"
        "mov.w r0, lr\n\t"
        "pop.w {r4-r11, pc}");
}

void FLOAT_BLOCKS(const bnn_layer *layer)
{
    const uint32_t *x = layer->input;
    uint32_t *out = layer->output;
    const int32_t rest = layer->in_c % 32, all = layer->in_h * layer->in_w;
    /* without a rest, pixels follow each other like words */
    const int32_t pixels = rest ? all : 1, whole = rest ? layer->in_c - rest : all * layer->in_c;

    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        if (whole)
            out = pack_words(x, x + whole, out);
        x += whole;
        if (rest) {
            uint32_t bits = 0;

            for (int32_t i = rest - 1; i >= 0; i--)
                bits = bnn_push_threshold(bits, x[i] - 0x80000001u, NEGATIVES);
            *out++ = bits;
            x += rest;
        }
    }
}
#endif
