/* QBConv2D by an instruction that works on one eighth of a weight word at a time: a pixel by four outputs, in assembly.
 *
 * Activations come in groups of eight words, one for each eighth of a weight word: nibbles of it or bits of a number.
 * Weights lie in scratch memory, in the order in which the routine reads: a record for each four outputs has their
 * biases, their weight words side by side, their widths. The loads of weights run one word ahead, so that the last ones
 * are the widths.
 */
#ifndef WEIGHT_STREAM_H
#define WEIGHT_STREAM_H
#include "bnn_layer.h"
#include "inline.h"

/* What the routine needs; the assembly knows the offsets. */
typedef struct {
    uint32_t bits;           /*  0 */
    const uint32_t *end;     /*  4: of the window's words */
    const uint32_t *window;  /*  8: of the first pixel, whole halves of groups */
    uint32_t entry;          /* 12: code address of the first half */
    const uint32_t *stream;  /* 16: the first record */
    int32_t pixels;          /* 20 */
    uint32_t marker;         /* 24: first bits; a one falls out after the last output */
    uint32_t strip_bytes;    /* 28: from window to window */
    uint32_t shift;          /* 32: of the bits to their places */
    uint32_t polarity, valid; /* 36, 40 */
    uint32_t *out;           /* 44: of the first pixel */
    uint32_t step;           /* 48: bytes from pixel to pixel */
} stream_job;

enum { STREAM_TURNS = 4, HALF_BYTES = 80, TURN_BYTES = 2 * HALF_BYTES + 16 };

/* Four words by four outputs, 21 cycles. op(sum, word, weights, eighth) */
#define STREAM_FOUR(op, a, k) op(r4, a, r8, k) op(r5, a, r9, k) op(r6, a, r10, k) op(r7, a, r11, k)
#define STREAM_HALF(op, k0, k1, k2, k3)   \
    "ldr.w r3, [r0, #4]\n\t"              \
    "ldr.w r12, [r0, #8]\n\t"             \
    "ldr.w lr, [r0, #12]\n\t"             \
    "ldr.w r2, [r0], #16\n\t"             \
    STREAM_FOUR(op, r3, k1) STREAM_FOUR(op, r12, k2) STREAM_FOUR(op, lr, k3) STREAM_FOUR(op, r2, k0)
#define STREAM_TURN(op)                   \
    STREAM_HALF(op, 0, 1, 2, 3)           \
    STREAM_HALF(op, 4, 5, 6, 7)           \
    "ldr.w r9, [r1, #4]\n\t"              \
    "ldr.w r10, [r1, #8]\n\t"             \
    "ldr.w r11, [r1, #12]\n\t"            \
    "ldr.w r8, [r1], #16\n\t"
#define STREAM_PUSH(sum, width) "cmp.w " #sum ", " #width "\n\trrx r3, r3\n\t"

/* The body of a naked function void f(stream_job *job). top: a global label. */
#define STREAM_ROUTINE(top, op)                                              \
    __asm__ volatile(                                                        \
        "push.w {r4-r11, lr}\n\t"                                            \
        "ldm.w r0!, {r1-r7}\n\t"                                             \
        "sub.w sp, sp, #52\n\t"                                              \
        "stm.w sp, {r1-r7}\n\t"                                              \
        "ldm.w r0, {r1-r6}\n\t"                                              \
        "add.w r0, sp, #28\n\t"                                              \
        "stm.w r0, {r1-r6}\n"                                                \
        "1:\n\t"                                                             \
        "ldr.w r1, [sp, #16]\n\t"                                            \
        "ldr.w r2, [sp, #24]\n\t"                                            \
        "ldr.w r0, [sp, #8]\n\t"                                             \
        "ldr.w r12, [sp, #12]\n\t"                                           \
        "ldm.w r1!, {r4-r11}\n\t"                                            \
        "str.w r2, [sp]\n\t"                                                 \
        "bx.n r12\n\t"                                                       \
        ".p2align 3\n"                                                       \
        top ":\n\t"                                                          \
        STREAM_TURN(op) STREAM_TURN(op) STREAM_TURN(op) STREAM_TURN(op)      \
        "ldr.w r2, [sp, #4]\n\t"                                             \
        "ldr.w r3, [sp]\n\t"                                                 \
        "cmp.w r0, r2\n\t"                                                   \
        "bne.w " top "\n\t"                                                  \
        STREAM_PUSH(r4, r8) STREAM_PUSH(r5, r9) STREAM_PUSH(r6, r10)         \
        "cmp.w r7, r11\n\t"                                                  \
        "rrxs r3, r3\n\t"                                                    \
        "ldr.w r0, [sp, #8]\n\t"                                             \
        "ldr.w r12, [sp, #12]\n\t"                                           \
        "ldm.w r1!, {r4-r11}\n\t"                                            \
        "str.w r3, [sp]\n\t"                                                 \
        "bcs.w 2f\n\t"                                                       \
        "bx.n r12\n\t"                                                       \
        ".p2align 2\n"                                                       \
        "2:\n\t"                                                             \
        "ldr.w r4, [sp, #32]\n\t"                                            \
        "ldr.w r5, [sp, #36]\n\t"                                            \
        "ldr.w r6, [sp, #40]\n\t"                                            \
        "ldr.w r7, [sp, #44]\n\t"                                            \
        "ldr.w r8, [sp, #48]\n\t"                                            \
        "ldr.w r9, [sp, #28]\n\t"                                            \
        "ldr.w r10, [sp, #4]\n\t"                                            \
        "ldr.w r11, [sp, #20]\n\t"                                           \
        "lsr.w r3, r3, r4\n\t"                                               \
        "eor.w r3, r3, r5\n\t"                                               \
        "and.w r3, r3, r6\n\t"                                               \
        "str.w r3, [r7]\n\t"                                                 \
        "add.w r7, r7, r8\n\t"                                               \
        "add.w r0, r0, r9\n\t"                                               \
        "add.w r10, r10, r9\n\t"                                             \
        "subs.w r11, r11, #1\n\t"                                            \
        "str.w r7, [sp, #44]\n\t"                                            \
        "str.w r0, [sp, #8]\n\t"                                             \
        "str.w r10, [sp, #4]\n\t"                                            \
        "str.w r11, [sp, #20]\n\t"                                           \
        "bne.w 1b\n\t"                                                       \
        "add.w sp, sp, #52\n\t"                                              \
        "pop.w {r4-r11, pc}\n\t")

/* Where a window of so many halves enters the code of a routine whose label is top. */
BNN_INLINE uint32_t stream_entry(const char *top, int32_t halves)
{
    const uint32_t skip = (0u - (uint32_t)halves) % (2 * STREAM_TURNS);

    return (uint32_t)top + skip / 2 * TURN_BYTES + skip % 2 * HALF_BYTES + 1;
}

/* Words of a record whose outputs have `words` weight words each. */
BNN_INLINE int32_t record_words(int32_t words)
{
    return 4 * (words + 2);
}

/* Biases and widths of all records; the first `words` weight words of every output are the kernel's. Loads reach 8
 * words beyond the last record. */
BNN_INLINE void stream_thresholds(const bnn_layer *layer, uint32_t *stream, int32_t words)
{
    for (int32_t o = 0; o < ((layer->out_c + 3) & ~3); o++) {
        uint32_t *const record = stream + (o >> 2) * record_words(words) + (o & 3);

        record[0] = (uint32_t)layer->bias[o];
        record[4 * (words + 1)] = layer->width[o];
    }
}

/* Where weight word `word` of output o lies. */
BNN_INLINE uint32_t *stream_weight(uint32_t *stream, int32_t words, int32_t o, int32_t word)
{
    return stream + (o >> 2) * record_words(words) + 4 * (word + 1) + (o & 3);
}

/* What differs between words of outputs. */
BNN_INLINE void stream_outputs(const bnn_layer *layer, stream_job *job, const uint32_t *stream, int32_t words,
                               int32_t word)
{
    const int32_t rest = layer->out_c - 32 * word, pushes = rest >= 32 ? 32 : (rest + 3) & ~3;

    job->stream = stream + 8 * word * record_words(words);
    job->shift = (uint32_t)(32 - pushes);
    job->marker = 1u << (pushes - 1);
    job->valid = rest >= 32 ? ~0u : (1u << rest) - 1;
    job->polarity = layer->polarity[word];
    job->step = 4 * (uint32_t)layer->out_words;
}
#endif
