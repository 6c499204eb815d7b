/* ---
operator: Conv2D_int8
variant: packed_pairs
idea: >-
  for cores whose only fast multiply is 32 bits by 32 (Armv6-M, Cortex-M3), in assembly. The weights of two outputs
  share a word, 16 bits apart, so that one MUL makes the products of both. Two taps are added before the halves are
  taken apart; the borrow of the lower half is the carry that ASR leaves. Inputs are taken plus 1, so that two
  products fit 16 bits. 32 outputs at a time have their weights packed into scratch; each pixel's window is widened
  for them once. 21 cycles for eight multiply-accumulates on a Cortex-M0+, 19 on a Cortex-M3.
registers: two pointers, two inputs, two or four weights, four sums, the end
needs: []
fixed_time: true
weights: int8 O Y X C
scratch_bytes: 4 * ((kernel_h * kernel_w * in_c + 3) // 4 * 4 * (2 * ((min(out_c, 32) + 3) // 4) + 1) + 32)
--- */
#include "bnn_layer.h"
#include "int8.h"
#include "int8_window.h"

enum {
    OUTPUTS = 32,      /* whose weights are packed at a time */
    MIDDLE = 1,        /* inputs plus this are -127 .. 128 */
    UPPER_OFFSET = 128 /* what `dot_offset` adds to an upper half per two taps */
};

#ifdef __thumb2__
/* Two taps by four outputs. Loads of one base are ordered so that the last one moves it. */
#define TWO_TAPS(offset)           \
    "ldr.w r3, [r0, #4]\n\t"       \
    "ldr.w r2, [r0], #8\n\t"       \
    "ldr.w r5, [r1, #4]\n\t"       \
    "ldr.w r6, [r1, #8]\n\t"       \
    "ldr.w r7, [r1, #12]\n\t"      \
    "ldr.w r4, [r1], #16\n\t"      \
    "muls r5, r3, r5\n\t"          \
    "muls r7, r3, r7\n\t"          \
    "muls r6, r2, r6\n\t"          \
    "muls r4, r2, r4\n\t"          \
    "adds r6, r6, r7\n\t" offset("r6") \
    "add r10, r6\n\t"              \
    "asrs r6, r6, #16\n\t"         \
    "adc.w r11, r11, r6\n\t"       \
    "adds r4, r4, r5\n\t" offset("r4") \
    "add r8, r4\n\t"               \
    "asrs r4, r4, #16\n\t"         \
    "adc.w r9, r9, r4\n\t"
#define NO_OFFSET(sum)
#define ADD_OFFSET(sum) "add " sum ", lr\n\t"
#define DOT(offset)                                  \
    __asm__ volatile(                                \
        "push {r3-r11, lr}\n\t"                      \
        "mov r12, r2\n\t"                            \
        "mov.w lr, #0x800000\n\t"                    \
        "movs r7, #0\n\t"                            \
        "mov r8, r7\n\tmov r9, r7\n\tmov r10, r7\n\tmov r11, r7\n\t" \
        "subs r2, r2, r0\n\t"                        \
        "lsls r2, r2, #27\n\t" /* an odd number of four taps starts in the middle */ \
        "bmi.w 2f\n\t"                               \
        ".p2align 3\n"                               \
        "1:\n\t" TWO_TAPS(offset) TWO_TAPS(offset)   \
        "2:\n\t" TWO_TAPS(offset) TWO_TAPS(offset)   \
        "cmp r0, r12\n\t"                            \
        "bne.w 1b\n\t"                               \
        "pop {r3}\n\t"                               \
        "sub.w r8, r8, r9, lsl #16\n\t"              \
        "sub.w r10, r10, r11, lsl #16\n\t"           \
        "stm.w r3, {r8-r11}\n\t"                     \
        "pop {r4-r11, pc}")
#else
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
#define NO_OFFSET ""
#define ADD_OFFSET "add r4, r10\n\t"
#define DOT(offset)                                                                                      \
    __asm__ volatile(                                                                                    \
        "push {r4-r7, lr}\n\t"                                                                           \
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\t"                                                     \
        "push {r3-r6}\n\t"                                                                               \
        "mov r12, r2\n\t"                                                                                \
        "movs r6, #128\n\tlsls r6, r6, #16\n\tmov r10, r6\n\t"                                            \
        "movs r6, #0\n\tmovs r7, #0\n\tmov r8, r6\n\tmov r9, r6\n\t"                                      \
        "subs r2, r2, r0\n\t"                                                                            \
        "lsls r2, r2, #27\n\t" /* an odd number of four taps starts in the middle */                     \
        "bmi 2f\n\t"                                                                                     \
        ".p2align 3\n"                                                                                   \
        "1:\n\t" TWO_TAPS(offset) TWO_TAPS(offset)                                                       \
        "2:\n\t" TWO_TAPS(offset) TWO_TAPS(offset)                                                       \
        "cmp r0, r12\n\t"                                                                                \
        "bne 1b\n\t"                                                                                     \
        "pop {r3}\n\t"                                                                                   \
        "mov r0, r8\n\tlsls r1, r6, #16\n\tsubs r0, r0, r1\n\tstr r0, [r3]\n\tstr r6, [r3, #4]\n\t"       \
        "mov r0, r9\n\tlsls r1, r7, #16\n\tsubs r0, r0, r1\n\tstr r0, [r3, #8]\n\tstr r7, [r3, #12]\n\t"   \
        "pop {r4-r6}\n\t"                                                                                \
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\t"                                                     \
        "pop {r4-r7, pc}")
#endif

/* sums[0 .. 3] of four outputs over the words patch .. end, a multiple of four of them. */
#define DEFINE_DOT(name, offset)                                                                       \
    static __attribute__((naked, noinline)) void name(                                                 \
        const int32_t *patch __attribute__((unused)), const uint32_t *weights __attribute__((unused)),  \
        const int32_t *end __attribute__((unused)), int32_t *sums __attribute__((unused)))              \
    {                                                                                                  \
        DOT(offset);                                                                                   \
    }

DEFINE_DOT(dot, NO_OFFSET)
/* The same where an upper half could be as low as -32768: it is moved up. */
DEFINE_DOT(dot_offset, ADD_OFFSET)

typedef struct {
    const bnn_layer *layer;
    uint32_t *weights; /* per four outputs and two taps: outputs 0, 1 of both taps, outputs 2, 3 of both */
    int32_t *patch, *bias;
    int32_t taps, padded; /* words of a patch, and with zeros up to a multiple of four */
    int32_t first, count; /* outputs whose weights are packed */
    int extreme;          /* whether one of them has the weight -128 in both taps of a pair */
} plan;

static int32_t weight_at(const plan *p, int32_t output, int32_t tap)
{
    if (output >= p->layer->out_c || tap >= p->taps)
        return 0;
    return ((const int8_t *)p->layer->weights)[output * p->taps + tap];
}

static void pack_weights(plan *p)
{
    const bnn_layer *layer = p->layer;
    uint32_t *to = p->weights;

    p->extreme = 0;
    for (int32_t o = p->first; o < p->first + p->count; o += 4)
        for (int32_t tap = 0; tap < p->padded; tap += 2)
            for (int32_t i = o; i < o + 4; i += 2) {
                const int32_t upper0 = weight_at(p, i + 1, tap), upper1 = weight_at(p, i + 1, tap + 1);

                *to++ = (uint32_t)upper0 * 65536u + (uint32_t)weight_at(p, i, tap);
                *to++ = (uint32_t)upper1 * 65536u + (uint32_t)weight_at(p, i, tap + 1);
                p->extreme |= upper0 + upper1 == -256;
            }
    for (int32_t o = 0; o < p->count; o++) {
        const int8_t *w = (const int8_t *)layer->weights + (p->first + o) * p->taps;
        int32_t sum = 0;

        for (int32_t tap = 0; tap < p->taps; tap++)
            sum += w[tap];
        p->bias[o] = layer->bias[p->first + o] + (layer->input_offset - MIDDLE) * sum;
        if (p->extreme && o % 2)
            p->bias[o] -= UPPER_OFFSET * (p->padded / 2);
    }
}

static int32_t *fill(int32_t *to, int32_t value, int32_t count)
{
    for (; count > 0; count--)
        *to++ = value;
    return to;
}

/* Widen the window of output pixel (y, x); what lies outside the image is the zero point. */
static void gather(const plan *p, int32_t y, int32_t x)
{
    const bnn_layer *layer = p->layer;
    const bnn_window at = bnn_window_at(layer, y, x);
    const int32_t c = layer->in_c, nothing = MIDDLE - layer->input_offset, run = layer->kernel_w * c;
    int32_t *to = p->patch;

    for (int32_t i = 0; i < layer->kernel_h; i++) {
        if (i < at.y0 || i >= at.y1) {
            to = fill(to, nothing, run);
            continue;
        }
        const int8_t *in = layer->input, *end;

        in += ((at.row + i) * layer->in_w + at.column + at.x0) * c;
        end = in + (at.x1 - at.x0) * c;
        to = fill(to, nothing, at.x0 * c);
        for (; end - in >= 4; in += 4, to += 4) {
            to[0] = in[0] + MIDDLE;
            to[1] = in[1] + MIDDLE;
            to[2] = in[2] + MIDDLE;
            to[3] = in[3] + MIDDLE;
        }
        for (; in != end; in++)
            *to++ = *in + MIDDLE;
        to = fill(to, nothing, (layer->kernel_w - at.x1) * c);
    }
}

static void outputs_of(const plan *p, int8_t *output)
{
    const uint32_t *weights = p->weights;

    for (int32_t o = 0; o < p->count; o += 4, weights += 2 * p->padded) {
        int32_t sums[4], rest = p->count - o;

        (p->extreme ? dot_offset : dot)(p->patch, weights, p->patch + p->padded, sums);
        for (int32_t i = 0; i < (rest < 4 ? rest : 4); i++)
            output[o + i] = bnn_int8_output(p->layer, p->first + o + i, sums[i] + p->bias[o + i]);
    }
}

void conv2d_int8_packed_pairs(const bnn_layer *layer)
{
    const int32_t taps = layer->kernel_h * layer->kernel_w * layer->in_c, padded = (taps + 3) & ~3;
    const int32_t most = layer->out_c < OUTPUTS ? layer->out_c : OUTPUTS;
    uint32_t *const scratch = layer->scratch;
    plan p = {layer, scratch, (int32_t *)scratch + 2 * ((most + 3) / 4) * padded, 0, taps, padded, 0, 0, 0};

    p.bias = p.patch + padded;
    fill(p.patch + taps, 0, padded - taps);
    for (; p.first < layer->out_c; p.first += OUTPUTS) {
        int8_t *output = (int8_t *)layer->output + p.first;

        p.count = layer->out_c - p.first;
        p.count = p.count < OUTPUTS ? p.count : OUTPUTS;
        pack_weights(&p);
        for (int32_t y = 0; y < layer->out_h; y++)
            for (int32_t x = 0; x < layer->out_w; x++, output += layer->out_c) {
                gather(&p, y, x);
                outputs_of(&p, output);
            }
    }
}
