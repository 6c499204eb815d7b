/* Binary convolutions by routines of patch_routine.h for three pixels that see the same taps, or one, by four outputs,
 * whose sums share registers as halves of 16 bits. */
#ifndef BNN_PATCH_THREES_H
#define BNN_PATCH_THREES_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "patch_routine.h"
#include "patches.h"
#include "region.h"

typedef struct {
    bnn_patch patch;
    uint32_t *out2, bits2; /* 64, 68: of the third pixel */
} bnn_patch_of_three;
_Static_assert(sizeof(bnn_patch) == 64, "assembly knows the offset of out2");

/* Outputs whose bit is 0 before polarity for `span` counts from `first` on, span at least 1, start their sums at
 * -first: the bit is 0 if a sum is at most span - 1 as a number of 16 bits. With Q = (span - 1) * 65536 + 65535 that is
 * Q >= x for the upper half of x, whatever the lower one is, and Q >= x << 16 for the lower half. A table's entries are
 * of four outputs: starts of each in both halves (0), starts of two outputs as halves (16), Q of each (24). */
enum { BNN_FOUR_BYTES = 40 };
#define BNN_FOUR_PAIRS "16"
#define BNN_PUSH_UPPER(bits, x, q) "cmp.w " #q ", " #x "\n\trrx " #bits ", " #bits "\n\t"
#define BNN_PUSH_LOWER(bits, x, q) "cmp.w " #q ", " #x ", lsl #16\n\trrx " #bits ", " #bits "\n\t"

/* x += s, both halves; lower: a register to use up where there are no DSP instructions */
#ifdef __ARM_FEATURE_DSP
#define BNN_ADD_HALVES(x, s, lower) "uadd16 " #x ", " #x ", " #s "\n\t"
#else
#define BNN_ADD_HALVES(x, s, lower)               \
    "add.w " #lower ", " #x ", " #s "\n\t"        \
    "add.w " #x ", " #x ", " #s ", lsl #16\n\t"   \
    "bfi " #x ", " #lower ", #0, #16\n\t"
#endif

/* Sums start from the region's, in r7. r4 to r7: two pixels of an output each; r8, r9: two outputs of the third. */
#define BNN_START_THREE                           \
    "ldr.w r12, " BNN_STACK(BNN_TABLE) "\n\t"     \
    "mov.w r10, r7\n\t"                           \
    "ldm.w r12, {r4-r9}\n\t"                      \
    BNN_ADD_HALVES(r4, r10, r11) BNN_ADD_HALVES(r5, r10, r11) BNN_ADD_HALVES(r6, r10, r11) \
    BNN_ADD_HALVES(r7, r10, r11) BNN_ADD_HALVES(r8, r10, r11) BNN_ADD_HALVES(r9, r10, r11)
/* One pixel: r8, r9. */
#define BNN_START_HALVES_ONE                      \
    "ldr.w r12, " BNN_STACK(BNN_TABLE) "\n\t"     \
    "ldrd r8, r9, [r12, #" BNN_FOUR_PAIRS "]\n\t" \
    BNN_ADD_HALVES(r8, r7, r11) BNN_ADD_HALVES(r9, r7, r11)

#define BNN_PUSH_THREE(x, q) BNN_PUSH_LOWER(r2, x, q) BNN_PUSH_UPPER(r3, x, q)
#define BNN_THRESHOLDS_THREE                                    \
    BNN_BEGIN_THRESHOLDS                                        \
    "ldr.w r12, " BNN_STACK(BNN_SELF) "\n\t"                    \
    "ldr.w r11, [r0, #24]\n\t"                                  \
    "ldr.w lr, [r0, #28]\n\t"                                   \
    "ldr.w r10, [r12, #68]\n\t"                                 \
    BNN_PUSH_THREE(r4, r11) BNN_PUSH_THREE(r5, lr)              \
    BNN_PUSH_LOWER(r10, r8, r11) BNN_PUSH_UPPER(r10, r8, lr)    \
    "ldr.w r11, [r0, #32]\n\t"                                  \
    "ldr.w lr, [r0, #36]\n\t"                                   \
    "add.w r0, r0, #40\n\t"                                     \
    BNN_PUSH_THREE(r6, r11) BNN_PUSH_THREE(r7, lr)              \
    BNN_PUSH_LOWER(r10, r9, r11) BNN_PUSH_UPPER(r10, r9, lr)    \
    "str.w r10, [r12, #68]\n\t"
#define BNN_THRESHOLDS_HALVES_ONE                               \
    BNN_BEGIN_THRESHOLDS                                        \
    "ldr.n r4, [r0, #24]\n\t"                                   \
    "ldr.n r5, [r0, #28]\n\t"                                   \
    "ldr.n r6, [r0, #32]\n\t"                                   \
    "ldr.n r7, [r0, #36]\n\t"                                   \
    "add.w r0, r0, #40\n\t"                                     \
    BNN_PUSH_LOWER(r2, r8, r4) BNN_PUSH_UPPER(r2, r8, r5)       \
    BNN_PUSH_LOWER(r2, r9, r6) BNN_PUSH_UPPER(r2, r9, r7)
#define BNN_STORE_THREE                           \
    BNN_STORE_TWO                                 \
    "ldr.w r3, " BNN_STACK(BNN_SELF) "\n\t"       \
    "ldrd r9, r2, [r3, #64]\n\t"                  \
    "lsr.w r2, r2, r4\n\t"                        \
    "eor.w r2, r2, r8\n\t"                        \
    "and.w r2, r2, r10\n\t"                       \
    "str.w r2, [r9], #4\n\t"                      \
    "str.w r9, [r3, #64]\n\t"

/* The words of three pixels, side by side. from: their first words. */
static __attribute__((naked, noinline, unused)) void bnn_gather_three(const uint32_t *const from[3] BNN_UNUSED,
                                                                      uint32_t *to BNN_UNUSED,
                                                                      const bnn_gather_rows *rows BNN_UNUSED)
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "mov.w r3, r1\n\t"
        "ldm.w r2, {r10, r11, lr}\n\t"
        "ldm.w r0, {r0, r1, r2}\n"
        "1: subs.w r12, r11, #2\n\t"
        "blo.w 3f\n\t"
        ".p2align 3\n"
        "2:\n\t"
        "ldr.w r5, [r1, #0]\n\t"
        "ldr.w r6, [r2, #0]\n\t"
        "ldr.w r7, [r0, #4]\n\t"
        "ldr.w r8, [r1, #4]\n\t"
        "ldr.w r9, [r2, #4]\n\t"
        "ldr.w r4, [r0], #8\n\t"
        "str.w r5, [r3, #4]\n\t"
        "str.w r6, [r3, #8]\n\t"
        "str.w r7, [r3, #12]\n\t"
        "str.w r8, [r3, #16]\n\t"
        "str.w r9, [r3, #20]\n\t"
        "str.w r4, [r3], #24\n\t"
        "add.w r1, r1, #8\n\t"
        "add.w r2, r2, #8\n\t"
        "subs.w r12, r12, #2\n\t"
        "bhs.w 2b\n"
        "3: adds.w r12, r12, #2\n\t"
        "beq.w 4f\n\t"
        "ldr.w r4, [r0], #4\n\t"
        "ldr.w r5, [r1], #4\n\t"
        "ldr.w r6, [r2], #4\n\t"
        "str.w r5, [r3, #4]\n\t"
        "str.w r6, [r3, #8]\n\t"
        "str.w r4, [r3], #12\n"
        "4: add.w r0, r0, lr\n\t"
        "add.w r1, r1, lr\n\t"
        "add.w r2, r2, lr\n\t"
        "subs.w r10, r10, #1\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

BNN_INLINE int32_t bnn_within(int32_t x, int32_t low, int32_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* The table for patches of an odd or even number of synapses, as bnn_threshold_table has it for its entries. The bit
 * is 0 for the counts c with 0 <= b - 2 c < width; K + 1 is a count that there is never. What is packed is the
 * opposite of the bit, so polarities are inverted. */
BNN_NOINLINE uint32_t *bnn_table_of_fours(const bnn_layer *layer, uint32_t *table, uint32_t odd)
{
    const int32_t most = layer->kernel_h * layer->kernel_w * layer->in_c, offset = (most & ~1) + (int32_t)odd;
    uint32_t *first_end = 0, *next = 0;
    int32_t o = 0;
    for (int32_t group = 0; group < layer->out_words; group++) {
        const int32_t rest = layer->out_c - o, outputs = rest >= 32 ? 32 : (rest + 3) & ~3;
        for (const int32_t end = o + outputs; o < end; table += BNN_FOUR_BYTES / 4)
            for (uint32_t i = 0; i < 4; i++, o++) {
                const int32_t b = layer->bias[o] + offset;
                int32_t first = bnn_within(((b - (int32_t)layer->width[o]) >> 1) + 1, 0, most + 1);
                int32_t last = bnn_within(b >> 1, -1, most);
                if (last < first)
                    first = last = most + 1;
                const uint32_t start = (uint32_t)-first << 16, lower = start >> 16;
                table[i] = start | lower;
                table[4 + i / 2] = i % 2 ? table[4 + i / 2] | start : lower;
                table[6 + i] = (uint32_t)(last - first) << 16 | 0xffffu;
            }
        if (next)
            *next = (uint32_t)table;
        else
            first_end = table;
        next = table + 3;
        *table++ = (uint32_t)(32 - outputs);
        *table++ = ~layer->polarity[group];
        *table++ = rest >= 32 ? ~0u : (1u << rest) - 1;
        *table++ = 0;
    }
    return first_end;
}

/* The pixels of a region, three at a time as long as there are. */
BNN_INLINE void bnn_convolve_region_of_threes(const bnn_layer *layer, const bnn_stretch *rows,
                                              const bnn_stretch *columns, const bnn_routine *three,
                                              const bnn_routine *one, bnn_patch_of_three *p)
{
    bnn_walk at = bnn_walk_region(layer, rows, columns, 4 * layer->out_words);
    uint32_t *const words = p->patch.words;
    if (at.pixels >= 3) {
        bnn_describe_patch(layer, rows, columns, 3, three, words, &p->patch);
        const uint32_t *weights = (const uint32_t *)layer->weights + p->patch.skip;
        const bnn_gather_rows gather = {p->patch.rows, p->patch.run,
                                        4 * (uint32_t)(layer->in_w * layer->in_words - p->patch.run)};
        for (; at.pixels >= 3; at.pixels -= 3) {
            const uint32_t *from[3];
            uint32_t *out[3];
            for (int32_t i = 0; i < 3; i++) {
                from[i] = at.in;
                out[i] = (uint32_t *)at.out;
                bnn_next_pixel(&at);
            }
            if (gather.rows)
                bnn_gather_three(from, words, &gather);
            p->out2 = out[2];
            three->count(&p->patch, weights, out[0], out[1]);
        }
    }
    if (at.pixels)
        bnn_describe_patch(layer, rows, columns, 1, one, words, &p->patch);
    for (; at.pixels; at.pixels--) {
        bnn_gather_one(layer, &p->patch, at.in);
        one->count(&p->patch, (const uint32_t *)layer->weights + p->patch.skip, (uint32_t *)at.out, 0);
        bnn_next_pixel(&at);
    }
}

/* weights: bit O/4 Y X C/32 O%4 C%32. Scratch: the table, at most 336 bytes per word of output, and the gathered words
 * of three patches. */
BNN_INLINE void bnn_convolve_threes(const bnn_layer *layer, const bnn_routine *three, const bnn_routine *one)
{
    uint32_t *const table = layer->scratch;
    bnn_stretch rows, columns;
    bnn_patch_of_three p;
    uint32_t odd = 0;
    p.patch.table = table;
    p.patch.table_end = bnn_table_of_fours(layer, table, odd);
    p.patch.words = table + 84 * layer->out_words;
    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            if ((uint32_t)(layer->in_c * bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns)) % 2 != odd) {
                odd ^= 1;
                bnn_table_of_fours(layer, table, odd);
            }
            bnn_convolve_region_of_threes(layer, &rows, &columns, three, one, &p);
        }
    }
}
#endif
