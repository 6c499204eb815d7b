/* int8 convolutions with SMLAD: windows as pairs of 16 bits, three pixels by two outputs, requantization inline.
 *
 * A kernel brings the inner routine and says in which order it wants the pairs; the rest is here. Only for cores with
 * DSP instructions.
 */
#ifndef BNN_INT8_SMLAD_H
#define BNN_INT8_SMLAD_H
#include <stdint.h>
#include "bnn_layer.h"
#include "dsp.h"
#include "int8.h"
#include "int8_rescale.h"
#include "int8_window.h"

enum { BNN_PIXELS = 3 };

/* Per pair of outputs: what the assembly loads in this order. */
typedef struct {
    int32_t bias[2];
    bnn_rescale output[2];
} bnn_smlad_row;

/* What the inner routine needs; the assembly knows the offsets. */
typedef struct {
    const uint32_t *patch;    /*  0: [words][BNN_PIXELS] */
    uintptr_t turns;          /*  4: of the unrolled loop; or the patch's end, where the loop compares with it */
    int32_t skip_bytes;       /*  8: code that the first turn leaves out */
    const bnn_smlad_row *row; /* 12: of the first pair of outputs */
    int8_t *output;           /* 16: of the first pixel */
    int32_t stride;           /* 20: bytes from pixel to pixel */
    const bnn_smlad_row *end; /* 24 */
    int32_t *sums;            /* 28: where [pair][2][BNN_PIXELS] sums go instead, or 0 */
    const void *weights;      /* 32: of the first pair */
} bnn_smlad_job;

/* How a kernel's inner routine wants its operands. */
typedef struct {
    void (*dots)(bnn_smlad_job *job);
    int32_t run_multiple;             /* a kernel row's taps are padded to this: 2 or 4 */
    int32_t unroll, step_words;       /* steps of the loop; words of one pixel per step */
    int32_t step_bytes;
    int32_t interleaved;              /* four taps are the pairs (0, 2), (1, 3), not (0, 1), (2, 3) */
    int32_t pair_bytes_per_word;      /* bytes of weights that belong to a word of a pixel */
    int32_t until_end;                /* the loop ends at the patch's end */
} bnn_smlad_kind;

/* Frame of an inner routine: patch, turns, entry, row, output, stride, end, sums. */
#define BNN_SMLAD_ENTER            \
    "push {r4-r11, lr}\n\t"        \
    "ldr r12, [r0, #32]\n\t"       \
    "ldm r0, {r4-r11}\n\t"         \
    "adr.w r1, 2f\n\t"             \
    "add r6, r1\n\t"               \
    "orr r6, #1\n\t"               \
    "sub sp, #32\n\t"              \
    "stm sp, {r4-r11}\n\t"         \
    "mov r6, r7\n\t"               \
    "b.w 1f\n\t"                   \
    ".balign 8\n"                  \
    "2:\n\t"

#define BNN_SMLAD_REQUANTIZE(sum) BNN_RESCALE(sum, "r7", "r8", "r9", "lr")

/* Behind the loop: requantize and store r0-r2 (an output of three pixels) and r3-r5 (the next), or store the sums. */
#define BNN_SMLAD_LEAVE                                                                             \
    "ldr.w r6, [sp, #12]\n\t"                                                                       \
    "ldr.w lr, [sp, #28]\n\t"                                                                       \
    "ldr.w r10, [sp, #16]\n\t"                                                                      \
    "ldr.w r11, [sp, #20]\n\t"                                                                      \
    "cmp.w lr, #0\n\t"                                                                              \
    "bne.w 4f\n\t"                                                                                  \
    "ldm.w r6!, {r7, r8, r9}\n\t"                                                                   \
    BNN_SMLAD_REQUANTIZE("r0") BNN_SMLAD_REQUANTIZE("r1") BNN_SMLAD_REQUANTIZE("r2")                \
    "ldm.w r6!, {r7, r8, r9}\n\t"                                                                   \
    BNN_SMLAD_REQUANTIZE("r3") BNN_SMLAD_REQUANTIZE("r4") BNN_SMLAD_REQUANTIZE("r5")                \
    "ldr.w r7, [sp, #24]\n\t"                                                                       \
    "add.w r9, r10, r11\n\t"                                                                        \
    "add.w r11, r11, r9\n\t"                                                                        \
    "strb.w r3, [r10, #1]\n\t"                                                                      \
    "strb.w r0, [r10], #2\n\t"                                                                      \
    "strb.w r1, [r9]\n\t"                                                                           \
    "strb.w r4, [r9, #1]\n\t"                                                                       \
    "strb.w r2, [r11]\n\t"                                                                          \
    "strb.w r5, [r11, #1]\n\t"                                                                      \
    "str.w r10, [sp, #16]\n"                                                                        \
    "5: cmp.w r6, r7\n\t"                                                                           \
    "beq.w 3f\n"                                                                                    \
    "1:\n\t"                                                                                        \
    "ldr.w lr, [sp, #4]\n\t"                                                                        \
    "ldr.w r11, [sp]\n\t"                                                                           \
    "ldr.w r0, [r6]\n\t"                                                                            \
    "ldr.w r3, [r6, #4]\n\t"                                                                        \
    "add.w r6, r6, #8\n\t"                                                                          \
    "str.w r6, [sp, #12]\n\t" /* the next access costs one cycle less if it is not adjacent */      \
    "mov.w r1, r0\n\t"                                                                              \
    "mov.w r2, r0\n\t"                                                                              \
    "mov.w r4, r3\n\t"                                                                              \
    "mov.w r5, r3\n\t"                                                                              \
    "ldr.w pc, [sp, #8]\n"                                                                          \
    "4:\n\t"                                                                                        \
    "ldr.w r7, [sp, #24]\n\t"                                                                       \
    "stm.w lr!, {r0-r5}\n\t"                                                                        \
    "add.w r6, r6, #24\n\t"                                                                         \
    "str.w lr, [sp, #28]\n\t"                                                                       \
    "b.w 5b\n"                                                                                      \
    "3:\n\t"                                                                                        \
    "add sp, #32\n\t"                                                                               \
    "pop {r4-r11, pc}\n\t"

/* The loop for weights of 16 bits, [pair][words][2]; label 2 is its head. Consecutive loads overlap; those of one base
 * are ordered so that the last one moves it. */
enum { BNN_SMLAD_UNROLL = 32, BNN_SMLAD_STEP_BYTES = 44 };
#define BNN_SMLAD_LOOP              \
    ".rept 32\n\t"                  \
    "ldr.w r6, [r11, #8]\n\t"       \
    "ldr.w r7, [r11, #4]\n\t"       \
    "ldr.w r8, [r11], #12\n\t"      \
    "ldr.w r9, [r12, #4]\n\t"       \
    "ldr.w r10, [r12], #8\n\t"      \
    "smlad r5, r6, r9, r5\n\t"      \
    "smlad r4, r7, r9, r4\n\t"      \
    "smlad r3, r8, r9, r3\n\t"      \
    "smlad r2, r6, r10, r2\n\t"     \
    "smlad r1, r7, r10, r1\n\t"     \
    "smlad r0, r8, r10, r0\n\t"     \
    ".endr\n\t"                     \
    "subs.w lr, lr, #1\n\t"         \
    "bne.w 2b\n\t"

/* Halves: low ones and high ones of two words. */
BNN_INLINE uint32_t bnn_low_halves(uint32_t low, uint32_t high)
{
    uint32_t r;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(r) : "r"(low), "r"(high));
    return r;
}

BNN_INLINE uint32_t bnn_high_halves(uint32_t low, uint32_t high)
{
    uint32_t r;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(r) : "r"(high), "r"(low));
    return r;
}

/* Four bytes from any address. */
BNN_INLINE uint32_t bnn_load(const int8_t *from)
{
    uint32_t r;
    __asm__("ldr %0, [%1]" : "=r"(r) : "r"(from), "m"(*(const uint32_t(*)[1])(const void *)from));
    return r;
}

/* Four taps to two words of a patch. */
BNN_INLINE uint32_t *bnn_put4(uint32_t *to, uint32_t x, uint32_t offset, int32_t interleaved)
{
    uint32_t even = bnn_sxtab16(offset, x), odd = bnn_sxtab16_ror8(offset, x);

    to[0] = interleaved ? even : bnn_low_halves(even, odd);
    to[BNN_PIXELS] = interleaved ? odd : bnn_high_halves(even, odd);
    return to + 2 * BNN_PIXELS;
}

/* Four taps of register x to words `at` and `at` + BNN_PIXELS of the patch. */
#define BNN_PUT4_PAIRS(x, at)                                  \
    "sxtab16 %[t], %[o], " x "\n\t"                            \
    "sxtab16 " x ", %[o], " x ", ror #8\n\t"                   \
    "pkhbt %[u], %[t], " x ", lsl #16\n\t"                     \
    "pkhtb " x ", " x ", %[t], asr #16\n\t"                    \
    "str.w %[u], [%[to], #24 * " #at "]\n\t"                   \
    "str.w " x ", [%[to], #24 * " #at " + 12]\n\t"
#define BNN_PUT4_INTERLEAVED(x, at)                            \
    "sxtab16 %[t], %[o], " x "\n\t"                            \
    "sxtab16 %[u], %[o], " x ", ror #8\n\t"                    \
    "str.w %[t], [%[to], #24 * " #at "]\n\t"                   \
    "str.w %[u], [%[to], #24 * " #at " + 12]\n\t"
/* `turns` times sixteen taps. */
#define BNN_WIDEN16(put4)                                                                                          \
    __asm__ volatile(".balign 8\n"                                                                                 \
                     "1: ldr.w %[b], [%[from], #4]\n\tldr.w %[c], [%[from], #8]\n\t"                              \
                     "ldr.w %[d], [%[from], #12]\n\tldr.w %[a], [%[from]], #16\n\t"                               \
                     put4("%[b]", 1) put4("%[c]", 2) put4("%[d]", 3) put4("%[a]", 0)                               \
                     "add.w %[to], %[to], #96\n\tsubs.w %[n], %[n], #1\n\tbne.w 1b"                               \
                     : [from] "+r"(from), [to] "+r"(to), [n] "+r"(turns), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), \
                       [d] "=&r"(d), [t] "=&r"(t), [u] "=&r"(u)                                                    \
                     : [o] "r"(offset)                                                                             \
                     : "cc", "memory")

/* `count` taps, a multiple of 4, widened. offset: the input offset in both halves. */
BNN_INLINE uint32_t *bnn_widen(uint32_t *to, const int8_t *from, int32_t count, uint32_t offset, int32_t interleaved)
{
    int32_t turns = count >> 4;

    if (turns > 0) {
        uint32_t a, b, c, d, t, u;

        if (interleaved)
            BNN_WIDEN16(BNN_PUT4_INTERLEAVED);
        else
            BNN_WIDEN16(BNN_PUT4_PAIRS);
    }
    for (count &= 15; count > 0; count -= 4, from += 4)
        to = bnn_put4(to, bnn_load(from), offset, interleaved);
    return to;
}

/* Tap k of a run that starts at `to`. */
BNN_INLINE void bnn_put1(uint32_t *to, int32_t k, int32_t value, int32_t interleaved)
{
    int32_t word = interleaved ? (k >> 2) * 2 + (k & 1) : k >> 1, half = interleaved ? k >> 1 & 1 : k & 1;

    ((int16_t *)(void *)(to + word * BNN_PIXELS))[half] = (int16_t)value;
}

/* A run: `before` zeros, `count` taps, zeros up to `padded` (a multiple of 2, or of 4 if interleaved). */
BNN_INLINE void bnn_fill_run(const bnn_layer *layer, uint32_t *to, const int8_t *from, int32_t before, int32_t count,
                             int32_t padded, int32_t interleaved)
{
    uint32_t offset = ((uint32_t)layer->input_offset & 0xffffu) * 0x10001u;
    int32_t k = 0;

    if (!(before & 3) && (count >= 4 || !(count & 3))) {
        uint32_t *at = to;

        for (; k < before; k += 2, at += BNN_PIXELS)
            *at = 0;
        at = bnn_widen(at, from, count & ~3, offset, interleaved);
        k += count & ~3;
        if (count & 3) {
            /* the last four taps, shifted down to those that are left, and zero points, which become 0 */
            uint32_t used = 8 * ((uint32_t)count & 3), nothing = ((uint32_t)-layer->input_offset & 0xffu) * 0x01010101u;
            uint32_t x = bnn_load(from + count - 4) >> (32 - used) | nothing << used;
            uint32_t even = bnn_sxtab16(offset, x), odd = bnn_sxtab16_ror8(offset, x);

            *at = interleaved ? even : bnn_low_halves(even, odd);
            if (k + 2 < padded)
                at[BNN_PIXELS] = interleaved ? odd : bnn_high_halves(even, odd);
            k += 4;
            at += 2 * BNN_PIXELS;
        }
        for (; k < padded; k += 2, at += BNN_PIXELS)
            *at = 0;
        return;
    }
    for (; k < padded; k++)
        bnn_put1(to, k, k >= before && k < before + count ? from[k - before] + layer->input_offset : 0, interleaved);
}

/* The window of output pixel (y, x) as column `to` of a patch. */
BNN_INLINE void bnn_fill_window(const bnn_layer *layer, uint32_t *to, int32_t y, int32_t x, int32_t run_words,
                                int32_t interleaved)
{
    bnn_window at = bnn_window_at(layer, y, x);
    int32_t channels = layer->in_c, before = at.x0 * channels, count = (at.x1 - at.x0) * channels;
    const int8_t *from = (const int8_t *)layer->input + (at.row * layer->in_w + at.column + at.x0) * channels;

    for (int32_t i = 0; i < layer->kernel_h; i++) {
        int32_t inside = i >= at.y0 && i < at.y1;

        bnn_fill_run(layer, to, from, inside ? before : 0, inside ? count : 0, 2 * run_words, interleaved);
        to += run_words * BNN_PIXELS;
        from += layer->in_w * channels;
    }
}

/* Fills the rows; returns whether inline requantization fits all outputs. */
BNN_INLINE int32_t bnn_smlad_rows(const bnn_layer *layer, bnn_smlad_row *rows)
{
    int32_t fits = 1;

    for (int32_t o = 0; o < ((layer->out_c + 1) & ~1); o++) {
        bnn_smlad_row *row = rows + (o >> 1);

        row->bias[o & 1] = o < layer->out_c ? layer->bias[o] : 0;
        fits &= bnn_rescale_of(layer, o, &row->output[o & 1]);
    }
    return fits;
}

/* Outputs of `count` pixels from their sums. */
BNN_INLINE void bnn_smlad_requantize(const bnn_layer *layer, const int32_t *sums, int32_t count, int8_t *output)
{
    for (int32_t o = 0; o < layer->out_c; o++, sums += BNN_PIXELS)
        for (int32_t n = 0; n < count; n++)
            output[n * layer->out_c + o] = bnn_int8_output(layer, o, sums[n]);
}

/* All outputs of `count` pixels whose windows are in the patch; `spare` has room for 6 words per pair of outputs. */
BNN_INLINE void bnn_smlad_pixels(const bnn_layer *layer, const bnn_smlad_kind *kind, bnn_smlad_job *job, int32_t words,
                                 int32_t fits, void *spare, int32_t count, int8_t *output)
{
    int32_t pairs = layer->out_c / 2, odd = layer->out_c & 1, direct = count == BNN_PIXELS;
    const bnn_smlad_row *first = job->row;
    const uint8_t *weights = layer->weights;
    int8_t last[2 * BNN_PIXELS];

    job->weights = weights;
    job->sums = fits ? 0 : spare;
    job->end = first + pairs + (fits ? 0 : odd);
    job->stride = layer->out_c;
    job->output = direct ? output : spare;
    if (job->end != first)
        kind->dots(job);
    if (!fits) {
        bnn_smlad_requantize(layer, spare, count, output);
        return;
    }
    if (!direct)
        for (int32_t n = 0; n < count; n++)
            for (int32_t o = 0; o < 2 * pairs; o++)
                output[n * layer->out_c + o] = ((const int8_t *)spare)[n * layer->out_c + o];
    if (odd) {
        job->weights = weights + pairs * words * kind->pair_bytes_per_word;
        job->row = first + pairs;
        job->end = first + pairs + 1;
        job->output = last;
        job->stride = 2;
        kind->dots(job);
        job->row = first;
        for (int32_t n = 0; n < count; n++)
            output[n * layer->out_c + 2 * pairs] = last[2 * n];
    }
}

/* The whole layer. Scratch: patch, rows, spare: 12 * words + 56 * ((out_c + 1) // 2) bytes. */
BNN_INLINE void bnn_smlad_layer(const bnn_layer *layer, const bnn_smlad_kind *kind)
{
    int32_t run = layer->kernel_w * layer->in_c, multiple = kind->run_multiple;
    int32_t run_words = (run + multiple - 1) / multiple * multiple / 2, words = run_words * layer->kernel_h;
    int32_t pairs = (layer->out_c + 1) / 2, steps = words / kind->step_words, filled = 0, fits, turns;
    uint32_t *patch = layer->scratch;
    bnn_smlad_row *rows = (bnn_smlad_row *)(void *)(patch + BNN_PIXELS * words);
    /* windows of one pixel lie one after the other */
    int32_t pointwise = layer->kernel_h * layer->kernel_w * layer->stride_h * layer->stride_w == 1;
    const int8_t *input = layer->input;
    int8_t *output = layer->output;
    bnn_smlad_job job;

    fits = bnn_smlad_rows(layer, rows);
    job.patch = patch;
    turns = (steps + kind->unroll - 1) / kind->unroll;
    job.turns = kind->until_end ? (uintptr_t)(patch + BNN_PIXELS * words) : (uintptr_t)turns;
    job.skip_bytes = (turns * kind->unroll - steps) * kind->step_bytes;
    job.row = rows;
    for (int32_t y = 0; y < layer->out_h; y++)
        for (int32_t x = 0; x < layer->out_w; x++) {
            if (pointwise)
                bnn_fill_run(layer, patch + filled, input, 0, run, 2 * run_words, kind->interleaved);
            else
                bnn_fill_window(layer, patch + filled, y, x, run_words, kind->interleaved);
            input += run;
            if (++filled == BNN_PIXELS) {
                bnn_smlad_pixels(layer, kind, &job, words, fits, rows + pairs, filled, output);
                output += BNN_PIXELS * layer->out_c;
                filled = 0;
            }
        }
    if (filled > 0)
        bnn_smlad_pixels(layer, kind, &job, words, fits, rows + pairs, filled, output);
    if (fits)
        bnn_clamp_output(layer);
}
#endif
