/* ---
operator: FullyConnected_int8
variant: sdot4_blocked
idea: >-
  for a dot product of four bytes. Four outputs (two, if no more are left) share each word of activations: five adjacent
  loads and four operations for 16 products. Minus the zero point, an offset, is added to all activations. One of 128
  makes them unsigned bytes by turning a bit, 11 cycles; any other one takes four more operations, its products with the
  same weights, 14 cycles. Unrolled sixteen steps, entered in the middle for the remainder. Weights are 8 bits in flash.
registers: four sums, activations, four words of weights, what belongs to the offset, two pointers, the end
needs: [sdot4, thumb2]
fixed_time: true
weights: int8 O/4 YXC/4 O%4 YXC%4
--- */
#include "bnn_layer.h"
#include "int8.h"
#include "int8_lanes.h"
#include "isa.h"

enum { STEPS = 16 };

/* What a routine needs; the assembly knows the offsets. */
typedef struct {
    const int8_t *input;     /*  0 */
    const uint32_t *weights; /*  4: of four outputs, word by word side by side */
    const int8_t *end;       /*  8: of the input's whole words */
    uint32_t lanes;          /* 12: bits to turn, or the offset as four signed bytes */
    uint32_t entry;          /* 16: code address of the first step */
    uint32_t sums[4];        /* 20 */
} job;

#define LOADS_TWO                  \
    "ldr.w r6, [r1, #4]\n\t"       \
    "ldr.w r4, [r0], #4\n\t"       \
    "ldr.w r5, [r1], #16\n\t"
#define LOADS_FOUR                 \
    "ldr.w r7, [r1, #8]\n\t"       \
    "ldr.w lr, [r1, #12]\n\t"      \
    LOADS_TWO
/* n: four bytes, signed with imm 3, unsigned with imm 2 */
#define TWO(n, imm)                              \
    "bnnsim_sdot4 r8, " #n ", r5, " #imm "\n\t"  \
    "bnnsim_sdot4 r9, " #n ", r6, " #imm "\n\t"
#define FOUR(n, imm)                             \
    TWO(n, imm)                                  \
    "bnnsim_sdot4 r10, " #n ", r7, " #imm "\n\t" \
    "bnnsim_sdot4 r11, " #n ", lr, " #imm "\n\t"
#define ROUTINE(top, step)                           \
    __asm__ volatile(                                \
        "push.w {r0, r4-r11, lr}\n\t"                \
        "ldm.w r0, {r0-r4, r8-r11}\n\t"              \
        "bx.n r4\n\t"                                \
        ".p2align 3\n"                               \
        top ":\n\t"                                  \
        ".rept 16\n\t" step ".endr\n\t"              \
        "cmp.w r0, r2\n\t"                           \
        "bne.w " top "\n\t"                          \
        "pop.w {r0}\n\t"                             \
        "add.w r0, r0, #20\n\t"                      \
        "stm.w r0, {r8-r11}\n\t"                     \
        "pop.w {r4-r11, pc}")

#define TURN "eor.w r4, r4, r3\n\t"

#define DEFINE(name, bytes, step)                                                         \
    extern const char name##_top[];                                                       \
    enum { name##_bytes = bytes };                                                        \
    __attribute__((naked, noinline)) static void name(job *j __attribute__((unused)))     \
    {                                                                                     \
        ROUTINE(#name "_top", step);                                                      \
    }
DEFINE(sdot4_four_turned, 40, LOADS_FOUR TURN FOUR(r4, 2))
DEFINE(sdot4_four_added, 52, LOADS_FOUR FOUR(r4, 3) FOUR(r3, 3))
DEFINE(sdot4_two_turned, 24, LOADS_TWO TURN TWO(r4, 2))
DEFINE(sdot4_two_added, 28, LOADS_TWO TWO(r4, 3) TWO(r3, 3))

typedef struct {
    void (*run)(job *j);
    uint32_t top, step_bytes;
} routine;
#define NAMED(name) {name, (uint32_t)name##_top, name##_bytes}

/* What follows the whole words of the input: their last word, the weights of which are 0 where the input ends. */
static uint32_t last_word(const int8_t *in, int32_t bytes)
{
    uint32_t word = 0;

    for (int32_t i = 0; i < bytes; i++)
        word |= (uint32_t)(uint8_t)in[i] << (8 * i);
    return word;
}

void fullyconnected_int8_sdot4_blocked(const bnn_layer *layer)
{
    const int32_t count = layer->in_h * layer->in_w * layer->in_c, words = count / 4;
    const uint32_t skipped = (0u - (uint32_t)words) % STEPS, turned = layer->input_offset == 128;
    static const routine routines[2][2] = {{NAMED(sdot4_two_added), NAMED(sdot4_four_added)},
                                           {NAMED(sdot4_two_turned), NAMED(sdot4_four_turned)}};
    const uint32_t *weights = layer->weights;
    int8_t *output = layer->output;
    job j = {.input = layer->input};
    uint32_t last;

    j.end = j.input + 4 * words;
    last = last_word(j.end, count & 3);
    j.lanes = turned ? 0x80808080u : bnn_lanes_of(layer->input_offset);
    for (int32_t o = 0; o < layer->out_c; o += 4, weights += 4 * (words + ((count & 3) != 0))) {
        const int32_t rest = layer->out_c - o < 4 ? layer->out_c - o : 4;
        const routine *const r = &routines[turned][rest > 2];

        for (int32_t i = 0; i < 4; i++)
            j.sums[i] = i < rest ? (uint32_t)layer->bias[o + i] : 0;
        j.weights = weights;
        j.entry = r->top + skipped * r->step_bytes + 1;
        if (words)
            r->run(&j);
        for (int32_t i = 0; i < rest; i++) {
            uint32_t sum = j.sums[i];

            if (count & 3) {
                const uint32_t w = weights[4 * words + i];

                sum = turned ? sdot4(sum, last ^ j.lanes, w, 2) : sdot4(sdot4(sum, last, w, 3), j.lanes, w, 3);
            }
            output[o + i] = bnn_int8_output(layer, o + i, (int32_t)sum);
        }
    }
}
