/* Dense binary layers that count on the FPU's registers: words of the input, each twice, by those of eight outputs. */
#ifndef BNN_DENSE_VXPOPA_H
#define BNN_DENSE_VXPOPA_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "isa.h"

#define V_XPOPA(d, a, w) "bnnsim_vxpopa " #d ", " #a ", " #w "\n\t"
#define V_WORD(a, w0, w1, w2, w3) V_XPOPA(d0, a, w0) V_XPOPA(d1, a, w1) V_XPOPA(d2, a, w2) V_XPOPA(d3, a, w3)
/* Two words of the input by eight outputs: 30 cycles for sixteen words. */
#define V_TWO_WORDS            \
    "vldmia r0!, {d4-d5}\n\t"  \
    "vldmia r1!, {d6-d13}\n\t" \
    V_WORD(d4, d6, d7, d8, d9) V_WORD(d5, d10, d11, d12, d13)
enum { BNN_DENSE_PAIR_BYTES = 40, BNN_DENSE_PAIRS = 8 };

/* What all outputs share. Assembly knows the offsets. */
typedef struct {
    const uint32_t *end;  /* 0: of the input */
    uint32_t entry;       /* 4: code address of the first pair of words of the first turn */
    uint32_t *counts_end; /* 8 */
    uint32_t odd;         /* 12: whether a word comes before the pairs */
} bnn_dense_twice;

extern const char bnn_dense_twice_top[];

/* counts: bits in which the input differs from each output's weights, a multiple of eight outputs. input: each word
 * twice; weights: those of eight outputs word by word side by side. */
static __attribute__((naked, noinline)) void bnn_count_dense_twice(const uint32_t *input __attribute__((unused)),
                                                                   const uint32_t *weights __attribute__((unused)),
                                                                   const bnn_dense_twice *d __attribute__((unused)),
                                                                   uint32_t *counts __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r9, lr}\n\t"
        "vpush {d8-d13}\n\t"
        "mov.w r8, r0\n\t"
        "ldm.w r2, {r4-r7}\n\t"
        "mov.w r9, #0\n"
        "1:\n\t"
        "vmov d0, r9, r9\n\tvmov d1, r9, r9\n\tvmov d2, r9, r9\n\tvmov d3, r9, r9\n\t"
        "mov.w r0, r8\n\t"
        "cmp.w r7, #0\n\t"
        "beq.w 2f\n\t"
        "vldmia r0!, {d4}\n\t"
        "vldmia r1!, {d6-d9}\n\t"
        V_WORD(d4, d6, d7, d8, d9)
        "2: bx.n r5\n\t"
        ".p2align 3\n"
        "bnn_dense_twice_top:\n\t"
        ".rept 8\n\t" V_TWO_WORDS ".endr\n\t"
        "cmp.w r0, r4\n\t"
        "bne.w bnn_dense_twice_top\n\t"
        "vstmia r3!, {d0-d3}\n\t"
        "cmp.w r3, r6\n\t"
        "bne.w 1b\n\t"
        "vpop {d8-d13}\n\t"
        "pop.w {r4-r9, pc}");
}

/* The same for a whole layer, whose outputs are rounded up to eights. Memory behind the counts: 8 bytes per word. */
BNN_INLINE void bnn_count_layer_twice(const bnn_layer *layer, uint32_t *counts)
{
    const int32_t words = layer->in_h * layer->in_w * layer->in_words, pairs = words / 2;
    const uint32_t *from = layer->input;
    uint32_t *const counts_end = counts + ((layer->out_c + 7) & ~7), *to = counts_end;
    for (int32_t i = 0; i < words; i++, to += 2)
        to[0] = to[1] = *from++;
    const uint32_t steps = pairs ? (uint32_t)(pairs - 1) % BNN_DENSE_PAIRS + 1 : 0;
    const bnn_dense_twice d = {to,
                               (uint32_t)bnn_dense_twice_top + (BNN_DENSE_PAIRS - steps) * BNN_DENSE_PAIR_BYTES + 1,
                               counts_end, (uint32_t)words % 2};
    bnn_count_dense_twice(counts_end, layer->weights, &d, counts);
}
#endif
