/* ---
operator: QQConv2D
variant: packed_pairs
idea: >-
  for cores whose only multiply is 32 bits by 32 (Armv6-M), in assembly. The weights of two outputs share a word, 16
  bits apart, so that one MUL makes the products of both. Two taps are added before the halves are taken apart; the
  borrow of the lower half is the carry that ASR leaves. Weights are packed into scratch at the start of the layer,
  each pixel's window is widened into words there once for all outputs. Inputs are taken minus 127, so that two
  products fit 16 bits: 21 cycles for eight multiply-accumulates.
registers: two pointers, two inputs, two weights, two sums of upper outputs; two sums and the end in high registers
needs: []
fixed_time: true
weights: int8 O Y X C
scratch_bytes: 4 * ((kernel_h * kernel_w * in_c + 3) // 4 * 4 * (2 * ((out_c + 3) // 4) + 1) + (out_c + 3) // 4 * 4)
--- */
#include "bnn_layer.h"
#include "threshold.h"

enum {
    MIDDLE = 127,      /* inputs less this are -127 .. 128 */
    UPPER_OFFSET = 128 /* what `dot_offset` adds to an upper half per two taps */
};

/* Two taps by two outputs: r4, r5 hold the weights. */
#define PAIR(products, upper, offset)   \
    "ldmia r1!, {r4, r5}\n\t"           \
    "muls r4, r2, r4\n\t"               \
    "muls r5, r3, r5\n\t"               \
    "adds r4, r4, r5\n\t" offset        \
    "add " #products ", r4\n\t"         \
    "asrs r4, r4, #16\n\t"              \
    "adcs " #upper ", r4\n\t"
#define TWO_TAPS(offset) "ldmia r0!, {r2, r3}\n\t" PAIR(r8, r6, offset) PAIR(r9, r7, offset)

/* sums[0 .. 3] of four outputs over the words patch .. end, a multiple of four of them. */
#define DEFINE_DOT(name, offset)                                                                        \
    static __attribute__((naked, noinline)) void name(                                                  \
        const int32_t *patch __attribute__((unused)), const uint32_t *weights __attribute__((unused)),   \
        const int32_t *end __attribute__((unused)), int32_t *sums __attribute__((unused)))               \
    {                                                                                                   \
        __asm__ volatile(                                                                               \
            "push {r4-r7, lr}\n\t"                                                                      \
            "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\t"                                                \
            "push {r3-r6}\n\t"                                                                          \
            "mov r12, r2\n\t"                                                                           \
            "movs r6, #128\n\tlsls r6, r6, #16\n\tmov r10, r6\n\t"                                       \
            "movs r6, #0\n\tmovs r7, #0\n\tmov r8, r6\n\tmov r9, r6\n\t"                                 \
            ".p2align 3\n"                                                                              \
            "1:\n\t" TWO_TAPS(offset) TWO_TAPS(offset)                                                  \
            "cmp r0, r12\n\t"                                                                           \
            "bne 1b\n\t"                                                                                \
            "pop {r3}\n\t"                                                                              \
            "mov r0, r8\n\tlsls r1, r6, #16\n\tsubs r0, r0, r1\n\tstr r0, [r3]\n\tstr r6, [r3, #4]\n\t"  \
            "mov r0, r9\n\tlsls r1, r7, #16\n\tsubs r0, r0, r1\n\tstr r0, [r3, #8]\n\tstr r7, [r3, #12]\n\t" \
            "pop {r4-r6}\n\t"                                                                           \
            "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\t"                                                \
            "pop {r4-r7, pc}");                                                                         \
    }

DEFINE_DOT(dot, "")
/* The same where an upper half could be as low as -32768: it is moved up. */
DEFINE_DOT(dot_offset, "add r4, r10\n\t")

typedef struct {
    const bnn_layer *layer;
    uint32_t *weights; /* per four outputs and two taps: outputs 0, 1 of both taps, outputs 2, 3 of both */
    int32_t *patch, *bias;
    int32_t taps, padded; /* words of a patch, and with zeros up to a multiple of four */
    int extreme;          /* whether an output has the weight -128 in both taps of a pair */
} plan;

static int32_t weight_at(const plan *p, int32_t output, int32_t tap)
{
    return output < p->layer->out_c && tap < p->taps ? ((const int8_t *)p->layer->weights)[output * p->taps + tap] : 0;
}

static void pack_weights(plan *p)
{
    uint32_t *to = p->weights;
    for (int32_t o = 0; o < p->layer->out_c; o += 4)
        for (int32_t tap = 0; tap < p->padded; tap += 2)
            for (int32_t i = o; i < o + 4; i += 2) {
                const int32_t upper0 = weight_at(p, i + 1, tap), upper1 = weight_at(p, i + 1, tap + 1);
                *to++ = (uint32_t)upper0 * 65536u + (uint32_t)weight_at(p, i, tap);
                *to++ = (uint32_t)upper1 * 65536u + (uint32_t)weight_at(p, i, tap + 1);
                p->extreme |= upper0 + upper1 == -256;
            }
    for (int32_t o = 0; o < p->layer->out_c; o++) {
        int32_t sum = 0;
        for (int32_t tap = 0; tap < p->taps; tap++)
            sum += weight_at(p, o, tap);
        p->bias[o] = p->layer->bias[o] + MIDDLE * sum;
        if (p->extreme && o % 2)
            p->bias[o] -= UPPER_OFFSET * (p->padded / 2);
    }
}

/* Widen the window of output pixel (y, x); what lies outside the image is 0. */
static void gather(const plan *p, int32_t y, int32_t x)
{
    const bnn_layer *layer = p->layer;
    const int32_t top = y * layer->stride_h - layer->pad_top, left = x * layer->stride_w - layer->pad_left;
    const int32_t c = layer->in_c, before = (left < 0 ? -left : 0) * c;
    const int32_t end = (left + layer->kernel_w > layer->in_w ? layer->in_w - left : layer->kernel_w) * c;
    int32_t *to = p->patch;
    for (int32_t row = top; row < top + layer->kernel_h; row++) {
        const uint8_t *in = (const uint8_t *)layer->input + (row * layer->in_w + left) * c;
        int32_t i = 0;
        if (row >= 0 && row < layer->in_h) {
            for (; i < before; i++)
                *to++ = -MIDDLE;
            for (; i < end; i++)
                *to++ = in[i] - MIDDLE;
        }
        for (; i < layer->kernel_w * c; i++)
            *to++ = -MIDDLE;
    }
}

static uint32_t outputs_of_word(const plan *p, int32_t word)
{
    const bnn_layer *layer = p->layer;
    const int32_t first = 32 * word, rest = layer->out_c - first;
    uint32_t bits = 0;
    for (int32_t o = ((rest > 32 ? 32 : rest) - 1) & ~3; o >= 0; o -= 4) {
        const int32_t *bias = p->bias + first + o;
        const uint32_t *width = layer->width + first + o, *weights = p->weights + (first + o) / 2 * p->padded;
        int32_t sums[4];
        (p->extreme ? dot_offset : dot)(p->patch, weights, p->patch + p->padded, sums);
        for (int32_t i = 3; i >= 0; i--)
            bits = bnn_push_threshold(bits, (uint32_t)(sums[i] + bias[i]), width[i]);
    }
    return (bits ^ layer->polarity[word]) & (rest >= 32 ? ~0u : (1u << rest) - 1);
}

void qqconv2d_packed_pairs(const bnn_layer *layer)
{
    const int32_t taps = layer->kernel_h * layer->kernel_w * layer->in_c, padded = (taps + 3) & ~3;
    uint32_t *const scratch = layer->scratch, *output = layer->output;
    const int32_t groups = (layer->out_c + 3) / 4;
    plan p = {layer, scratch, (int32_t *)scratch + 2 * groups * padded, 0, taps, padded, 0};
    p.bias = p.patch + padded;
    pack_weights(&p);
    for (int32_t tap = taps; tap < padded; tap++)
        p.patch[tap] = 0;
    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            gather(&p, y, x);
            for (int32_t word = 0; word < layer->out_words; word++)
                *output++ = outputs_of_word(&p, word);
        }
}
