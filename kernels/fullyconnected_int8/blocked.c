/* ---
operator: FullyConnected_int8
variant: blocked
idea: >-
  for cores without DSP instructions, in assembly: four outputs share each activation, the weights of a tap lie side by
  side. Armv7-M loads them byte by byte, adjacent loads overlap, and multiplies with MLA: 15 cycles for four products.
  Armv6-M takes words apart by shifts, which costs what loads would: 19 cycles.
registers: four sums, an activation, four weights (Armv6-M, one and two words), the offset, two pointers, the end
needs: []
fixed_time: true
weights: int8 O/4 YXC O%4
--- */
#include "bnn_layer.h"
#include "int8.h"

/* What the routine needs; the assembly knows the offsets. */
typedef struct {
    const int8_t *input;   /*  0: on a word */
    const int8_t *weights; /*  4 */
    const int8_t *end;     /*  8: of the input; whole words */
    int32_t offset;        /* 12 */
    int32_t sums[4];       /* 16 */
} job;

#ifdef __thumb2__
#define TAP                          \
    "ldrsb.w r4, [r0], #1\n\t"       \
    "ldrsb.w r6, [r1, #1]\n\t"       \
    "ldrsb.w r7, [r1, #2]\n\t"       \
    "ldrsb.w lr, [r1, #3]\n\t"       \
    "ldrsb.w r5, [r1], #4\n\t"       \
    "add.w r4, r4, r3\n\t"           \
    "mla r9, r4, r6, r9\n\t"         \
    "mla r10, r4, r7, r10\n\t"       \
    "mla r11, r4, lr, r11\n\t"       \
    "mla r8, r4, r5, r8\n\t"
__attribute__((naked, noinline)) static void four(job *j __attribute__((unused)))
{
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n\t"
        "ldm.w r0, {r0-r3, r8-r11}\n\t"
        ".p2align 3\n"
        "1:\n\t" TAP TAP TAP TAP
        "cmp.w r0, r2\n\t"
        "bne.w 1b\n\t"
        "pop {r0}\n\t"
        "add.w r0, r0, #16\n\t"
        "stm.w r0, {r8-r11}\n\t"
        "pop {r4-r11, pc}");
}
#else
#define PRODUCT(sum) "muls r5, r3, r5\n\tadd " sum ", r5\n\t"
/* r3 the activation, `words` the weights of four outputs */
#define TAP(words)                                                      \
    "adds r3, r3, r6\n\t"                                               \
    "asrs r5, " words ", #24\n\t" PRODUCT("r11")                        \
    "sxtb r5, " words "\n\t" PRODUCT("r8")                              \
    "lsrs " words ", " words ", #8\n\tsxtb r5, " words "\n\t" PRODUCT("r9") \
    "lsrs " words ", " words ", #8\n\tsxtb r5, " words "\n\t" PRODUCT("r10")
__attribute__((naked, noinline)) static void four(job *j __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "push {r0, r4-r7}\n\t"
        "adds r0, r0, #16\n\t"
        "ldmia r0!, {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "subs r0, r0, #32\n\t"
        "ldmia r0!, {r1-r4}\n\t"
        "mov r12, r3\n\t"
        "mov r6, r4\n\t"
        "mov r0, r1\n\t"
        "mov r1, r2\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldmia r0!, {r2}\n\t"
        "ldmia r1!, {r4, r7}\n\t"
        "sxtb r3, r2\n\t" TAP("r4")
        "lsrs r2, r2, #8\n\tsxtb r3, r2\n\t" TAP("r7")
        "ldmia r1!, {r4, r7}\n\t"
        "lsrs r2, r2, #8\n\tsxtb r3, r2\n\t" TAP("r4")
        "lsrs r2, r2, #8\n\tsxtb r3, r2\n\t" TAP("r7")
        "cmp r0, r12\n\t"
        "bne 1b\n\t"
        "pop {r0}\n\t"
        "adds r0, r0, #16\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "stmia r0!, {r4-r7}\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "pop {r4-r7, pc}");
}
#endif

void fullyconnected_int8_blocked(const bnn_layer *layer)
{
    const int32_t count = layer->in_h * layer->in_w * layer->in_c;
    job j = {.input = layer->input, .weights = layer->weights, .offset = layer->input_offset};

    j.end = j.input + (count & ~3);
    for (int32_t o = 0; o < layer->out_c; o += 4, j.weights += 4 * count) {
        const int32_t rest = layer->out_c - o;

        for (int32_t i = 0; i < 4; i++)
            j.sums[i] = i < rest ? layer->bias[o + i] : 0;
        if (j.end != j.input)
            four(&j);
        for (int32_t k = count & ~3; k < count; k++)
            for (int32_t i = 0; i < 4; i++)
                j.sums[i] += (j.input[k] + j.offset) * j.weights[4 * k + i];
        for (int32_t i = 0; i < (rest < 4 ? rest : 4); i++)
            ((int8_t *)layer->output)[o + i] = bnn_int8_output(layer, o + i, j.sums[i]);
    }
}
