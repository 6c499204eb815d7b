/* Dense binary layers on cores with Thumb-2: differing bits of the input and four outputs' weights, counted by a
 * population count instruction. */
#ifndef BNN_DENSE_H
#define BNN_DENSE_H
#include "bnn_layer.h"
#include "primitives.h"

#if defined(__thumb2__) && (defined(BNNSIM_POPCOUNT) || defined(BNNSIM_XOR_POPCOUNT_ACCUMULATE))
/* A word of the input by four outputs; five loads in a row take six cycles. */
#define BNN_DENSE_LOADS         \
    "ldr.w r5, [r1, #4]\n\t"    \
    "ldr.w r6, [r1, #8]\n\t"    \
    "ldr.w r7, [r1, #12]\n\t"   \
    "ldr.w r3, [r0], #4\n\t"    \
    "ldr.w r4, [r1], #16\n\t"
#ifdef BNNSIM_XOR_POPCOUNT_ACCUMULATE
#define BNN_DENSE_STEP                                     \
    BNN_DENSE_LOADS                                        \
    "bnnsim_xor_popcount_accumulate r8, r3, r4\n\t"        \
    "bnnsim_xor_popcount_accumulate r9, r3, r5\n\t"        \
    "bnnsim_xor_popcount_accumulate r10, r3, r6\n\t"       \
    "bnnsim_xor_popcount_accumulate r11, r3, r7\n\t"
#define BNN_DENSE_SPLIT ""
enum { BNN_DENSE_STEP_BYTES = 36 };
#else
#define BNN_DENSE_COUNT(w) "bnnsim_popcount " #w ", " #w "\n\t"
#define BNN_DENSE_COUNTS                                   \
    BNN_DENSE_LOADS                                        \
    "eor.w r5, r5, r3\n\t"                                 \
    "eor.w r6, r6, r3\n\t"                                 \
    "eor.w r7, r7, r3\n\t"                                 \
    "eor.w r4, r4, r3\n\t"                                 \
    BNN_DENSE_COUNT(r4) BNN_DENSE_COUNT(r5) BNN_DENSE_COUNT(r6) BNN_DENSE_COUNT(r7)
#ifdef __ARM_FEATURE_DSP
/* r8 += r4 + 65536 r5: one instruction adds two counts, to halves of a word. */
#define BNN_DENSE_STEP BNN_DENSE_COUNTS "umaal r8, r4, r5, r12\n\tumaal r9, r6, r7, r12\n\t"
#define BNN_DENSE_SPLIT                                    \
    "lsr.w r11, r9, #16\n\t"                               \
    "uxth.w r10, r9\n\t"                                   \
    "lsr.w r9, r8, #16\n\t"                                \
    "uxth.w r8, r8\n\t"
enum { BNN_DENSE_STEP_BYTES = 60 };
#else
#define BNN_DENSE_STEP                                     \
    BNN_DENSE_COUNTS                                       \
    "add.w r8, r8, r4\n\t"                                 \
    "add.w r9, r9, r5\n\t"                                 \
    "add.w r10, r10, r6\n\t"                               \
    "add.w r11, r11, r7\n\t"
#define BNN_DENSE_SPLIT ""
enum { BNN_DENSE_STEP_BYTES = 68 };
#endif
#endif

/* What all outputs share. Assembly knows the offsets. */
typedef struct {
    const uint32_t *end;  /* 0: of the input */
    uint32_t entry;       /* 4: code address of the first word of the first turn */
    uint32_t *counts_end; /* 8 */
} bnn_dense;

extern const char bnn_dense_top[];

/* counts: bits in which the input differs from each output's weights, a multiple of four outputs; weights: those of
 * four outputs word by word side by side. */
static __attribute__((naked, noinline)) void bnn_count_dense(const uint32_t *input __attribute__((unused)),
                                                             const uint32_t *weights __attribute__((unused)),
                                                             const bnn_dense *d __attribute__((unused)),
                                                             uint32_t *counts __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r2, {r4-r6}\n\t"
        "sub.w sp, sp, #20\n\t"
        "str.w r0, [sp]\n\t"
        "str.w r4, [sp, #4]\n\t"
        "str.w r5, [sp, #8]\n\t"
        "str.w r3, [sp, #12]\n\t"
        "str.w r6, [sp, #16]\n\t"
        "mov.w r12, #65536\n"
        "1:\n\t"
        "mov.w r8, #0\n\t"
        "mov.w r9, #0\n\t"
        "mov.w r10, #0\n\t"
        "mov.w r11, #0\n\t"
        "ldr.w r0, [sp]\n\t"
        "ldr.w r2, [sp, #4]\n\t"
        "ldr.w pc, [sp, #8]\n\t"
        ".p2align 3\n"
        "bnn_dense_top:\n\t"
        ".rept 8\n\t" BNN_DENSE_STEP ".endr\n\t"
        "cmp.w r0, r2\n\t"
        "bne.w bnn_dense_top\n\t"
        BNN_DENSE_SPLIT
        "ldr.w r3, [sp, #12]\n\t"
        "ldr.w r4, [sp, #16]\n\t"
        "stm.w r3!, {r8-r11}\n\t"
        "cmp.w r3, r4\n\t"
        "str.w r3, [sp, #12]\n\t"
        "bne.w 1b\n\t"
        "add.w sp, sp, #20\n\t"
        "pop.w {r4-r11, pc}");
}

/* The same for a whole layer, whose outputs are rounded up to fours. */
BNN_INLINE void bnn_count_layer(const bnn_layer *layer, uint32_t *counts)
{
    const int32_t words = layer->in_h * layer->in_w * layer->in_words;
    const uint32_t skip = (uint32_t)-words & 7;
    const bnn_dense d = {(const uint32_t *)layer->input + words,
                         (uint32_t)bnn_dense_top + skip * BNN_DENSE_STEP_BYTES + 1,
                         counts + ((layer->out_c + 3) & ~3)};
    bnn_count_dense(layer->input, layer->weights, &d, counts);
}
#endif
#endif
