/* Dense binary layers on cores with Thumb-2, around a step that counts for one word of the input and the weights of a
 * few outputs. Before this file is included: BNN_DENSE_STEP, from r0 and r1, which end at the next words, to r8 to
 * r11 (r2 is taken, r12 is BNN_DENSE_CONSTANT); BNN_DENSE_STEP_BYTES; BNN_DENSE_OUTPUTS, 4 or 8; BNN_DENSE_SPLIT, which
 * leaves counts of four outputs in r8 to r11, and of eight outputs those of the first four where [sp, #12] points. */
#ifndef BNN_DENSE_COUNT_H
#define BNN_DENSE_COUNT_H
#include "bnn_layer.h"
#include "inline.h"

/* What all outputs share. Assembly knows the offsets. */
typedef struct {
    const uint32_t *end;  /* 0: of the input */
    uint32_t entry;       /* 4: code address of the first word of the first turn */
    uint32_t *counts_end; /* 8 */
} bnn_dense;

extern const char bnn_dense_top[];

/* counts: bits in which the input differs from each output's weights, or what the step sums in their place, a multiple
 * of four or eight outputs; weights: those of so many outputs word by word side by side. */
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
        "mov.w r12, #" BNN_DENSE_CONSTANT "\n"
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

/* The same for a whole layer, whose outputs are rounded up to whole blocks. */
BNN_INLINE void bnn_count_layer(const bnn_layer *layer, uint32_t *counts)
{
    const int32_t words = layer->in_h * layer->in_w * layer->in_words;
    const uint32_t skip = (uint32_t)-words & 7;
    const bnn_dense d = {(const uint32_t *)layer->input + words,
                         (uint32_t)bnn_dense_top + skip * BNN_DENSE_STEP_BYTES + 1,
                         counts + ((layer->out_c + BNN_DENSE_OUTPUTS - 1) & ~(BNN_DENSE_OUTPUTS - 1))};
    bnn_count_dense(layer->input, layer->weights, &d, counts);
}
#endif
