/* Dense layers by eight or two outputs. The kernel says how products are made and added: MULTIPLY(w0, …, w3, x0, …,
 * x3) in place of the weights, ADD(sum0, …, sum3, w0, …, w3, x0, …, x3), by numbers of registers. Weights are
 * float32 O/2 Y X C O%2. */
#include "vfp.h"

/* One call of the assembly below, which knows the offsets. */
typedef struct {
    const float *in;         /* 0 */
    const float *weights[4]; /* 4: of four pairs of outputs, or of one */
    int32_t inputs;          /* 20 */
    const float *start;      /* 24: first values of the sums */
    float *out;              /* 28 */
} block;

/* Two pairs of outputs by four inputs. */
#define TWO_PAIRS(r, q, a, b, c, d, x0, x1, x2, x3)                                                      \
    "vldmia " r "!, {s16-s23}\n\tvldmia " q "!, {s24-s31}\n\t"                                           \
    MULTIPLY(16, 17, 24, 25, x0, x0, x0, x0) MULTIPLY(18, 19, 26, 27, x1, x1, x1, x1)                    \
    MULTIPLY(20, 21, 28, 29, x2, x2, x2, x2) MULTIPLY(22, 23, 30, 31, x3, x3, x3, x3)                    \
    ADD(a, b, c, d, 16, 17, 24, 25, x0, x0, x0, x0) ADD(a, b, c, d, 18, 19, 26, 27, x1, x1, x1, x1)      \
    ADD(a, b, c, d, 20, 21, 28, 29, x2, x2, x2, x2) ADD(a, b, c, d, 22, 23, 30, 31, x3, x3, x3, x3)
#define FOUR_PAIRS_EIGHT_INPUTS                                                                          \
    "vldmia r0!, {s8-s15}\n\t"                                                                           \
    TWO_PAIRS("r1", "r2", 0, 1, 2, 3, 8, 9, 10, 11) TWO_PAIRS("r1", "r2", 0, 1, 2, 3, 12, 13, 14, 15)    \
    TWO_PAIRS("r3", "r4", 4, 5, 6, 7, 8, 9, 10, 11) TWO_PAIRS("r3", "r4", 4, 5, 6, 7, 12, 13, 14, 15)
#define FOUR_PAIRS_ONE_INPUT                                                                             \
    "vldmia r0!, {s8}\n\tvldmia r1!, {s16-s17}\n\tvldmia r2!, {s18-s19}\n\t"                             \
    "vldmia r3!, {s20-s21}\n\tvldmia r4!, {s22-s23}\n\t"                                                 \
    MULTIPLY(16, 17, 18, 19, 8, 8, 8, 8) MULTIPLY(20, 21, 22, 23, 8, 8, 8, 8)                            \
    ADD(0, 1, 2, 3, 16, 17, 18, 19, 8, 8, 8, 8) ADD(4, 5, 6, 7, 20, 21, 22, 23, 8, 8, 8, 8)
#define ONE_PAIR_EIGHT_INPUTS                                                                            \
    "vldmia r0!, {s8-s15}\n\tvldmia r1!, {s16-s31}\n\t"                                                  \
    MULTIPLY(16, 17, 18, 19, 8, 8, 9, 9) MULTIPLY(20, 21, 22, 23, 10, 10, 11, 11)                        \
    MULTIPLY(24, 25, 26, 27, 12, 12, 13, 13) MULTIPLY(28, 29, 30, 31, 14, 14, 15, 15)                    \
    ADD(0, 1, 0, 1, 16, 17, 18, 19, 8, 8, 9, 9) ADD(0, 1, 0, 1, 20, 21, 22, 23, 10, 10, 11, 11)          \
    ADD(0, 1, 0, 1, 24, 25, 26, 27, 12, 12, 13, 13) ADD(0, 1, 0, 1, 28, 29, 30, 31, 14, 14, 15, 15)
/* With two more that are none: whatever s18 and s19 hold goes to s2 and s3, which are not used. */
#define ONE_PAIR_ONE_INPUT                                                                               \
    "vldmia r0!, {s8}\n\tvldmia r1!, {s16-s17}\n\t"                                                      \
    MULTIPLY(16, 17, 18, 19, 8, 8, 8, 8) ADD(0, 1, 2, 3, 16, 17, 18, 19, 8, 8, 8, 8)

/* All inputs: eight at once, then the rest one by one. */
#define INPUTS(eight, one)                    \
    "ldm.w %0, {r0-r5}\n\t"                   \
    "subs.w r5, r5, #8\n\t"                   \
    "blt.w 3f\n\t"                            \
    ".p2align 3\n"                            \
    "2:\n\t" eight                            \
    "subs.w r5, r5, #8\n\t"                   \
    "bge.w 2b\n"                              \
    "3:\n\t"                                  \
    "adds.w r5, r5, #8\n\t"                   \
    "beq.w 5f\n\t"                            \
    ".p2align 3\n"                            \
    "4:\n\t" one                              \
    "subs.w r5, r5, #1\n\t"                   \
    "bne.w 4b\n"                              \
    "5:\n\t"
#define CLOBBERS "r0", "r1", "r2", "r3", "r4", "r5", BNN_VFP_CLOBBERS

BNN_INLINE void eight_outputs(const block *b, const bnn_vfp_clamp *clamp)
{
    __asm__ volatile(
        "ldr.w r0, [%0, #24]\n\t"
        "vldmia r0, {s0-s7}\n\t"
        INPUTS(FOUR_PAIRS_EIGHT_INPUTS, FOUR_PAIRS_ONE_INPUT)
        BNN_VFP_CLAMP("%1", BNN_VFP_LIMIT_EIGHT("mi", 0, 1, 2, 3, 4, 5, 6, 7),
                      BNN_VFP_LIMIT_EIGHT("gt", 0, 1, 2, 3, 4, 5, 6, 7))
        "ldr.w r0, [%0, #28]\n\t"
        "vstmia r0, {s0-s7}"
        :
        : "r"(b), "r"(clamp)
        : CLOBBERS);
}

BNN_INLINE void two_outputs(const block *b, const bnn_vfp_clamp *clamp)
{
    __asm__ volatile(
        "ldr.w r0, [%0, #24]\n\t"
        "vldmia r0, {s0-s1}\n\t"
        INPUTS(ONE_PAIR_EIGHT_INPUTS, ONE_PAIR_ONE_INPUT)
        BNN_VFP_CLAMP("%1", BNN_VFP_LIMIT_TWO("mi", 0, 1), BNN_VFP_LIMIT_TWO("gt", 0, 1))
        "ldr.w r0, [%0, #28]\n\t"
        "vstmia r0, {s0-s1}"
        :
        : "r"(b), "r"(clamp)
        : CLOBBERS);
}

BNN_INLINE void connect_pairs(const bnn_layer *layer)
{
    const bnn_vfp_clamp clamp = bnn_vfp_clamp_of(layer);
    float *const output = layer->output;
    float spare[2];
    int32_t o = 0;
    block b;

    b.in = layer->input;
    b.inputs = layer->in_h * layer->in_w * layer->in_c;
    for (int32_t outputs; o < layer->out_c; o += outputs) {
        outputs = layer->out_c - o >= 8 ? 8 : 2;
        for (int32_t pair = 0; pair < outputs / 2; pair++)
            b.weights[pair] = (const float *)layer->weights + (o + 2 * pair) * b.inputs;
        b.start = layer->offset + o;
        b.out = layer->out_c - o == 1 ? spare : output + o;
        if (outputs == 8)
            eight_outputs(&b, &clamp);
        else
            two_outputs(&b, &clamp);
    }
    if (layer->out_c & 1)
        output[layer->out_c - 1] = spare[0];
}
