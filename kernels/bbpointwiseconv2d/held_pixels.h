/* Pointwise convolutions as held_pixels explains them, of a kernel whose function is HELD_PIXELS and whose way to pack
 * sum >= many into bits, from the top, is PUSH(bits, sum, many). */
#ifndef BBPOINTWISECONV2D_HELD_PIXELS_H
#define BBPOINTWISECONV2D_HELD_PIXELS_H
#include "bnn_layer.h"
#include "counting.h"
#include "isa.h"

/* SUM: sum = start + bits in which a and w differ. ADD: sum += those, and free is used up. LAST: as ADD, or w is used
 * up. A kernel for another instruction defines ADD and SUM itself. */
#ifdef ADD
#elif defined(BNNSIM_XOR_POPCOUNT_ACCUMULATE)
#define ADD(sum, a, w, free) "bnnsim_xor_popcount_accumulate " #sum ", " #a ", " #w "\n\t"
#define SUM(sum, a, w, start) "mov.w " #sum ", " #start "\n\t" ADD(sum, a, w, sum)
#else
#define ADD(sum, a, w, free)                            \
    "eor.w " #free ", " #a ", " #w "\n\t"               \
    "bnnsim_popcount " #free ", " #free "\n\t"          \
    "add.w " #sum ", " #sum ", " #free "\n\t"
#define SUM(sum, a, w, start)                           \
    "eor.w " #sum ", " #a ", " #w "\n\t"                \
    "bnnsim_popcount " #sum ", " #sum "\n\t"            \
    "add.w " #sum ", " #sum ", " #start "\n\t"
#endif
#define LAST(sum, a, w) ADD(sum, a, w, w)

/* One output for all pixels of a block: LDM of its record, which is the weights, where sums start, how many counts give
 * the bit 0. Names: words per pixel, pixels. */
#define OUTPUT_1x1 "ldm.w r0!, {r1-r3}\n\t" LAST(r2, r4, r1) PUSH(r8, r2, r3)
#define OUTPUT_1x4                                                   \
    "ldm.w r0!, {r1-r3}\n\t"                                         \
    SUM(r12, r4, r1, r2) PUSH(r8, r12, r3)                           \
    SUM(r12, r5, r1, r2) PUSH(r9, r12, r3)                           \
    SUM(r12, r6, r1, r2) PUSH(r10, r12, r3)                          \
    LAST(r2, r7, r1) PUSH(r11, r2, r3)
#define OUTPUT_2x1 "ldm.w r0!, {r1-r3, r10}\n\t" LAST(r3, r4, r1) LAST(r3, r5, r2) PUSH(r8, r3, r10)
#define OUTPUT_2x2                                                   \
    "ldm.w r0!, {r1-r3, r10}\n\t"                                    \
    SUM(r11, r4, r1, r3) ADD(r11, r5, r2, r12) PUSH(r8, r11, r10)    \
    LAST(r3, r6, r1) LAST(r3, r7, r2) PUSH(r9, r3, r10)
#define OUTPUT_3x1                                                   \
    "ldm.w r0!, {r1-r3, r9, r10}\n\t"                                \
    LAST(r9, r4, r1) LAST(r9, r5, r2) LAST(r9, r6, r3) PUSH(r8, r9, r10)
#define OUTPUT_4x1                                                   \
    "ldm.w r0!, {r1-r3, r9-r11}\n\t"                                 \
    LAST(r10, r4, r1) LAST(r10, r5, r2) LAST(r10, r6, r3) LAST(r10, r7, r9) PUSH(r8, r10, r11)

/* The words of a group's bits: r12 is the bytes from pixel to pixel. */
#define WORD(bits)                            \
    "lsr.w " #bits ", " #bits ", r1\n\t"      \
    "eor.w " #bits ", " #bits ", r2\n\t"      \
    "and.w " #bits ", " #bits ", r3\n\t"
#define WORDS_1 WORD(r8)
#define WORDS_2 WORDS_1 WORD(r9)
#define WORDS_4 WORDS_2 WORD(r10) WORD(r11)
#define STORE_1 "str.w r8, [r1]\n\t"
#define STORE_2 STORE_1 "str.w r9, [r1, r12]\n\t"
#define STORE_4 STORE_2 "add.w r1, r1, r12, lsl #1\n\tstr.w r10, [r1]\n\tstr.w r11, [r1, r12]\n\t"

/* All outputs of a block. table: for each group of 32 outputs a multiple of four records, then a `tail`; end: of the
 * first group's records; in: words of the pixels; out: of the first pixel. */
#define DEFINE_HOLD(words, pixels, load)                                                                     \
    static __attribute__((naked, noinline)) void hold_##words##x##pixels(                                    \
        const uint32_t *table __attribute__((unused)), const uint32_t *end __attribute__((unused)),          \
        const uint32_t *in __attribute__((unused)), uint32_t *out __attribute__((unused)))                   \
    {                                                                                                        \
        __asm__ volatile(                                                                                    \
            "push.w {r3-r11, lr}\n\t"                                                                        \
            "mov.w lr, r1\n\t"                                                                               \
            "ldm.w r2, {" load "}\n\t"                                                                       \
            ".p2align 3\n"                                                                                   \
            "1:\n\t"                                                                                         \
            OUTPUT_##words##x##pixels OUTPUT_##words##x##pixels                                              \
            OUTPUT_##words##x##pixels OUTPUT_##words##x##pixels                                              \
            "cmp.w r0, lr\n\t"                                                                               \
            "bne.w 1b\n\t"                                                                                   \
            "ldm.w r0!, {r1-r3, r12, lr}\n\t"                                                                \
            WORDS_##pixels                                                                                   \
            "ldr.w r1, [sp]\n\t"                                                                             \
            "add.w r2, r1, #4\n\t"                                                                           \
            STORE_##pixels                                                                                   \
            "str.w r2, [sp]\n\t"                                                                             \
            "cmp.w lr, #0\n\t"                                                                               \
            "bne.w 1b\n\t"                                                                                   \
            "pop.w {r3-r11, pc}");                                                                           \
    }
DEFINE_HOLD(1, 1, "r4, r5") /* LDM takes two registers or more; a word behind the pixel is in `copies` */
DEFINE_HOLD(1, 4, "r4-r7")
DEFINE_HOLD(2, 1, "r4, r5")
DEFINE_HOLD(2, 2, "r4-r7")
DEFINE_HOLD(3, 1, "r4-r6")
DEFINE_HOLD(4, 1, "r4-r7")

typedef void (*hold)(const uint32_t *table, const uint32_t *end, const uint32_t *in, uint32_t *out);

/* What makes a group's word of its pushed bits, and the end of the next group's records, 0 after the last. */
typedef struct {
    uint32_t shift, polarity, real, pixel_bytes, end;
} tail;

/* With c differing bits the sum is K - 2 c, so the bit is 0 before polarity for the c from the one after `before` to a
 * `last` one. A kernel whose sums are no such counts defines START and MANY itself. */
#ifndef START
#define START(layer, o, before) (uint32_t)(-1 - (before))
#define MANY(layer, o, before, last) (uint32_t)((last) - (before))
#endif

/* Returns the end of the first group's records. */
static const uint32_t *make_table(const bnn_layer *layer)
{
    const uint32_t *weights = layer->weights, *first = 0;
    uint32_t *to = layer->scratch, *next = 0;
    for (int32_t group = 0, o = 0; group < layer->out_words; group++) {
        const int32_t rest = layer->out_c - o, outputs = rest >= 32 ? 32 : (rest + 3) & ~3;
        for (int32_t i = 0; i < outputs; i++, o++) {
            const int32_t last = layer->in_c + layer->bias[o], before = (last - (int32_t)layer->width[o]) >> 1;
            for (int32_t word = 0; word < layer->in_words; word++)
                *to++ = *weights++;
            *to++ = START(layer, o, before);
            *to++ = MANY(layer, o, before, last >> 1);
        }
        if (next)
            *next = (uint32_t)to;
        else
            first = to;
        *(tail *)(void *)to = (tail){32 - (uint32_t)outputs, layer->polarity[group],
                                     rest >= 32 ? ~0u : (1u << rest) - 1, 4 * (uint32_t)layer->out_words, 0};
        to += sizeof(tail) / 4;
        next = to - 1;
    }
    return first;
}

void HELD_PIXELS(const bnn_layer *layer)
{
    static const hold blocks[] = {hold_1x4, hold_2x2, hold_3x1, hold_4x1};
    static const hold singles[] = {hold_1x1, hold_2x1, hold_3x1, hold_4x1};
    const int32_t words = layer->in_words, most = words == 1 ? 4 : words == 2 ? 2 : 1;
    const int32_t step = layer->stride_w * words;
    const int32_t wrap = (layer->stride_h * layer->in_w - layer->out_w * layer->stride_w) * words;
    const int straight = layer->stride_w == 1 && (layer->stride_h == 1 || layer->out_h == 1);
    const uint32_t *in = layer->input, *const table = layer->scratch, *const end = make_table(layer);
    uint32_t *out = layer->output;
    int32_t x = 0, pixels = layer->out_h * layer->out_w;
    for (; straight && pixels >= most; pixels -= most, in += most * words, out += most * layer->out_words)
        blocks[words - 1](table, end, in, out);
    while (pixels > 0) {
        uint32_t copies[4] = {0, 0, 0, 0}, *to = copies;
        const int32_t count = pixels >= most ? most : 1;
        for (int32_t i = 0; i < count; i++) {
            for (int32_t word = 0; word < words; word++)
                *to++ = in[word];
            in += step;
            if (++x == layer->out_w) {
                x = 0;
                in += wrap;
            }
        }
        (count == most ? blocks : singles)[words - 1](table, end, copies, out);
        pixels -= count;
        out += count * layer->out_words;
    }
}
#endif
