/* ---
operator: BBConv2D
variant: popcount_rows
idea: >-
  for a population count instruction on a core with Armv6-M's low registers, in assembly; takes either primitive. One
  pixel by four outputs: a word of the patch, gathered once, meets four weights that LDM fetches. A patch that sees
  all columns of the kernel is one run of words, any other a run per kernel row.
registers: two pointers, an activation, four weights; four sums, the run's end and the gap behind it in high registers
needs: [any_popcount]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
scratch_bytes: frame_bytes + 4 * kernel_h * kernel_w * in_words
--- */
#include "bnn_layer.h"
#include "pad.h"
#include "primitives.h"
#include "region.h"

#ifdef BNNSIM_XOR_POPCOUNT_ACCUMULATE
#define COUNT(sum, w) "bnnsim_xor_popcount_accumulate " #sum ", " #w ", r2\n\t"
#else
#define COUNT(sum, w) "eors " #w ", r2\n\tbnnsim_popcount " #w ", " #w "\n\tadd " #sum ", " #w "\n\t"
#endif

typedef struct {
    const uint32_t *run_end, *end;  /* of the words of a patch */
    uint32_t run_bytes, skip_bytes; /* skip: weights from the end of a run to the next one */
} window;

/* sums[0 .. 3]: bits in which the words differ from the weights of four outputs. */
static __attribute__((naked, noinline)) void count_four(const uint32_t *words __attribute__((unused)),
                                                        const uint32_t *weights __attribute__((unused)),
                                                        const window *w __attribute__((unused)),
                                                        uint32_t *sums __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "push {r3-r7}\n\t"
        "ldmia r2!, {r4-r7}\n\t"
        "mov r12, r4\n\tmov lr, r7\n\t"
        "push {r5, r6}\n\t"
        "movs r4, #0\n\tmov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldmia r0!, {r2}\n\t"
        "ldmia r1!, {r4-r7}\n\t"
        COUNT(r8, r4) COUNT(r9, r5) COUNT(r10, r6) COUNT(r11, r7)
        "cmp r0, r12\n\t"
        "bne 1b\n\t"
        "ldr r2, [sp]\n\t"
        "cmp r0, r2\n\t"
        "beq 2f\n\t"
        "add r1, lr\n\t"
        "ldr r2, [sp, #4]\n\t"
        "add r12, r2\n\t"
        "b 1b\n"
        "2:\n\t"
        "add sp, sp, #8\n\t"
        "pop {r3}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "stmia r3!, {r4-r7}\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "pop {r4-r7, pc}");
}

/* The packed outputs of one pixel. weights: of the first output at the first tap in the image. */
static void pixel(const bnn_layer *layer, const window *w, const uint32_t *weights, uint32_t synapses, uint32_t *out)
{
    const uint32_t *const words = layer->scratch;
    const int32_t four_words = 4 * layer->kernel_h * layer->kernel_w * layer->in_words;
    for (int32_t word = 0, first = 0; word < layer->out_words; word++, first += 32) {
        const int32_t rest = layer->out_c - first;
        uint32_t bits = 0;
        for (int32_t o = first + (((rest > 32 ? 32 : rest) - 1) & ~3); o >= first; o -= 4) {
            uint32_t sums[4] = {0, 0, 0, 0};
            if (w->end != words)
                count_four(words, weights + o / 4 * four_words, w, sums);
            for (int32_t i = 3; i >= 0; i--)
                bits = bnn_push_threshold(bits, synapses + (uint32_t)layer->bias[o + i] - 2 * sums[i],
                                          layer->width[o + i]);
        }
        out[word] = (bits ^ layer->polarity[word]) & (rest >= 32 ? ~0u : (1u << rest) - 1);
    }
}

void bbconv2d_popcount_rows(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    uint32_t *const words = layer->scratch, *out = layer->output;
    const int32_t row_words = layer->kernel_w * layer->in_words;
    bnn_stretch rows = {0, 0, 0, 0}, columns;
    for (int32_t y = 0; y < layer->out_h; y++) {
        if (y == rows.to)
            rows = bnn_rows_at(layer, y);
        for (int32_t x = 0; x < layer->out_w; x = columns.to) {
            columns = bnn_columns_at(layer, x);
            const int32_t nx = bnn_stretch_taps(&columns), ny = nx ? bnn_stretch_taps(&rows) : 0;
            const int32_t run = nx * layer->in_words, all = ny * run;
            const bnn_patch patch = {.words = words, .rows = ny, .run = run};
            const int32_t apart = run != row_words;
            const window w = {words + (apart ? run : all), words + all, 4 * (uint32_t)run,
                              16 * (uint32_t)(row_words - run)};
            const uint32_t *const input = layer->input;
            const uint32_t *weights = (const uint32_t *)layer->weights
                                      + 4 * (rows.tap0 * row_words + columns.tap0 * layer->in_words);
            for (int32_t i = x; i < columns.to; i++, out += layer->out_words) {
                const int32_t top = y * layer->stride_h - layer->pad_top + rows.tap0;
                const int32_t left = i * layer->stride_w - layer->pad_left + columns.tap0;
                bnn_gather_one(layer, &patch, input + (top * layer->in_w + left) * layer->in_words);
                pixel(layer, &w, weights, (uint32_t)(ny * nx * layer->in_c), out);
            }
        }
    }
}
