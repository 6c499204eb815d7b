/* ---
operator: FullyConnected_int8
variant: smlad
idea: >-
  four outputs (two, if no more are left) share each activation: per four taps five adjacent loads, activations
  widened with the offset added, weights widened, both to pairs of 16 bits in the same order, eight SMLAD: 24 cycles
  for 16 products. Unrolled eight steps, entered in the middle for the remainder. Weights stay 8 bits in flash.
registers: four sums, activations twice, four words of weights, a widened one, offset, two pointers; turns on the stack
needs: [dsp]
fixed_time: true
weights: int8 O/4 YXC/4 O%4 YXC%4
--- */
#include "bnn_layer.h"
#include "int8.h"

enum { UNROLL = 8, STEP_BYTES = 92, STEP_BYTES_2 = 52 };

/* What a routine needs; the assembly knows the offsets. */
typedef struct {
    const int8_t *input;   /*  0 */
    const int8_t *weights; /*  4: of the group */
    uint32_t offset;       /*  8: the input offset in both halves */
    int32_t turns;         /* 12: of the unrolled loop */
    int32_t skip_bytes;    /* 16: code that the first turn leaves out */
    int32_t sums[4];       /* 20 */
} job;

#define DOT(sum, words)                       \
    "sxtb16 r10, " #words "\n\t"              \
    "smlad " #sum ", r4, r10, " #sum "\n\t"   \
    "sxtb16 " #words ", " #words ", ror #8\n\t" \
    "smlad " #sum ", r5, " #words ", " #sum "\n\t"
#define WIDEN_INPUT               \
    "sxtab16 r4, r11, r5\n\t"     \
    "sxtab16 r5, r11, r5, ror #8\n\t"
#define ROUTINE(step)                    \
    __asm__ volatile(                    \
        "push {r0, r4-r11, lr}\n\t"      \
        "ldm r0, {r4, r5, r6, r7, r8}\n\t" \
        "mov r12, r4\n\t"                \
        "mov r14, r5\n\t"                \
        "mov r11, r6\n\t"                \
        "adr.w r9, 2f\n\t"               \
        "add r9, r8\n\t"                 \
        "orr r9, #1\n\t"                 \
        "add r0, #20\n\t"                \
        "push {r7}\n\t"                  \
        "ldm r0, {r0-r3}\n\t"            \
        "bx r9\n\t"                      \
        ".balign 8\n"                    \
        "2:\n\t"                         \
        ".rept 8\n\t" step ".endr\n\t"   \
        "ldr.w r4, [sp]\n\t"             \
        "subs.w r4, r4, #1\n\t"          \
        "str.w r4, [sp]\n\t"             \
        "bne.w 2b\n\t"                   \
        "pop {r4, r5}\n\t"               \
        "add r5, #20\n\t"                \
        "stm r5, {r0-r3}\n\t"            \
        "pop {r4-r11, pc}\n\t")

/* r12 the input, lr the weights; the last load of each base moves it. */
__attribute__((naked, noinline)) static void four(__attribute__((unused)) job *j)
{
    ROUTINE("ldr.w r5, [r12], #4\n\t"
            "ldr.w r7, [lr, #4]\n\t"
            "ldr.w r8, [lr, #8]\n\t"
            "ldr.w r9, [lr, #12]\n\t"
            "ldr.w r6, [lr], #16\n\t"
            WIDEN_INPUT DOT(r0, r6) DOT(r1, r7) DOT(r2, r8) DOT(r3, r9));
}

__attribute__((naked, noinline)) static void two(__attribute__((unused)) job *j)
{
    ROUTINE("ldr.w r5, [r12], #4\n\t"
            "ldr.w r7, [lr, #4]\n\t"
            "ldr.w r6, [lr], #16\n\t"
            WIDEN_INPUT DOT(r0, r6) DOT(r1, r7));
}

/* Adds the taps behind the last whole word of the input. */
static void add_tail(const bnn_layer *layer, int32_t *sums, int32_t words, int32_t tail, const int8_t *weights)
{
    const int8_t *in = (const int8_t *)layer->input + 4 * words, *w = weights + 16 * words;

    for (int32_t i = 0; i < 4; i++, w += 4)
        for (int32_t k = 0; k < tail; k++)
            sums[i] += (in[k] + layer->input_offset) * w[k];
}

void fullyconnected_int8_smlad(const bnn_layer *layer)
{
    int32_t count = layer->in_h * layer->in_w * layer->in_c, words = count / 4, tail = count & 3;
    const int8_t *weights = layer->weights;
    int8_t *output = layer->output;
    job j;

    j.input = layer->input;
    j.offset = ((uint32_t)layer->input_offset & 0xffffu) * 0x10001u;
    j.turns = (words + UNROLL - 1) / UNROLL;
    for (int32_t o = 0; o < layer->out_c; o += 4) {
        int32_t rest = layer->out_c - o, skipped = j.turns * UNROLL - words;

        rest = rest < 4 ? rest : 4;
        for (int32_t i = 0; i < 4; i++)
            j.sums[i] = i < rest ? layer->bias[o + i] : 0;
        j.weights = weights;
        j.skip_bytes = skipped * (rest > 2 ? STEP_BYTES : STEP_BYTES_2);
        if (words > 0)
            (rest > 2 ? four : two)(&j);
        if (tail)
            add_tail(layer, j.sums, words, tail, weights);
        weights += 16 * (words + (tail > 0));
        for (int32_t i = 0; i < rest; i++)
            output[o + i] = bnn_int8_output(layer, o + i, j.sums[i]);
    }
}
