/* First layers by SMLAD as smlad explains them, of a kernel whose function is SMLAD. PUSH(bits, x, y) is how it packs
 * x >= y, PUSH_OUT(bits, x, y, used) the same where the bit that falls out is wanted in the carry flag. */
#ifndef QQCONV2D_SMLAD_H
#define QQCONV2D_SMLAD_H
#include "bnn_layer.h"

enum { PIXELS = 3, UNROLL = 20, STEP_BYTES = 44 };

static int32_t pairs_of(const bnn_layer *layer)
{
    return (layer->kernel_h * layer->kernel_w * layer->in_c + 1) / 2;
}

/* Four adjacent loads: consecutive loads overlap, which compilers do not always arrange. */
#define LOAD4(a, b, c, d, from)                                                              \
    __asm__("ldr %0, [%4]\n\tldr %1, [%4, #4]\n\tldr %2, [%4, #8]\n\tldr %3, [%4, #12]"       \
            : "=&r"(a), "=&r"(b), "=&r"(c), "=r"(d)                                          \
            : "r"(from), "m"(*(const uint32_t(*)[4])(from)))

/* What dot_products needs; the assembly knows the offsets. */
typedef struct block {
    const uint32_t *patch;    /*  0: [pairs][PIXELS] */
    const uint32_t *weights;  /*  4: of the first output pair */
    int32_t turns;            /*  8: of the unrolled loop */
    int32_t skip_bytes;       /* 12: code that the first turn leaves out */
    const int32_t *bias;      /* 16: of the first output pair */
    const uint32_t *width;    /* 20: likewise */
    uint32_t bits[PIXELS];    /* 24: pushed from the top; a one in the last falls out after the last output */
} block;

/* Sums and bits of up to 32 outputs for three pixels. Consecutive loads overlap; those of one base are
 * ordered so that the last one moves it, and the moved base is not used before the products are done.
 * Frame: patch, weights (unused), turns, entry, bias, width, bits, block. */
__attribute__((naked, noinline)) static void dot_products(__attribute__((unused)) block *b)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "sub sp, #44\n\t"
        "str r0, [sp, #36]\n\t"
        "ldm r0, {r4-r12}\n\t"
        "adr.w r1, 2f\n\t"
        "add r7, r1\n\t"
        "orr r7, #1\n\t"
        "stm sp, {r4-r12}\n\t"
        "mov r12, r5\n\t"
        "mov r11, r4\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "2:\n\t"
        ".rept 20\n\t"
        "ldr.w r6, [r11, #8]\n\t"
        "ldr.w r7, [r11, #4]\n\t"
        "ldr.w r8, [r11], #12\n\t"
        "ldr.w r9, [r12, #4]\n\t"
        "ldr.w r10, [r12], #8\n\t"
        "smlad r2, r6, r9, r2\n\t"
        "smlad r1, r7, r9, r1\n\t"
        "smlad r0, r8, r9, r0\n\t"
        "smlad r5, r6, r10, r5\n\t"
        "smlad r4, r7, r10, r4\n\t"
        "smlad r3, r8, r10, r3\n\t"
        ".endr\n\t"
        "subs.w lr, lr, #1\n\t"
        "bne.w 2b\n\t"
        "ldr.w r6, [sp, #20]\n\t"
        "ldr.w r7, [sp, #24]\n\t"
        "ldr.w r8, [sp, #28]\n\t"
        "ldr.w r9, [sp, #32]\n\t"
        "ldr.w r11, [sp]\n\t"
        "ldr.w r10, [r6, #4]\n\t"
        "ldr.w lr, [r6], #8\n\t"
        PUSH(r7, r3, lr)
        PUSH(r8, r4, lr)
        PUSH(r9, r5, lr)
        PUSH(r7, r0, r10)
        PUSH(r8, r1, r10)
        PUSH_OUT(r9, r2, r10, r3)
        "str.w r6, [sp, #20]\n\t"
        "str.w r7, [sp, #24]\n\t"
        "str.w r8, [sp, #28]\n\t"
        "str.w r9, [sp, #32]\n\t"
        "bcs.w 3f\n"
        "1:\n\t"
        "ldr.w r6, [sp, #16]\n\t"
        "ldr.w lr, [sp, #8]\n\t"
        "ldr.w r0, [r6, #4]\n\t"
        "ldr.w r3, [r6], #8\n\t"
        "str.w r6, [sp, #16]\n\t"
        "mov.w r1, r0\n\t"
        "mov.w r2, r0\n\t"
        "mov.w r4, r3\n\t"
        "mov.w r5, r3\n\t"
        "ldr.w pc, [sp, #12]\n"
        "3:\n\t"
        "ldr r0, [sp, #36]\n\t"
        "add r0, #24\n\t"
        "stm r0, {r7-r9}\n\t"
        "add sp, #44\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* The widened rows under the current row of windows: each twice, the second shifted by one half, so that
 * any run of elements starts on a word in one of them at whichever half the patch needs it. */
typedef struct rows {
    uint32_t *words;       /* [kernel_h][2][row_words]; half k of copy d is element k - d */
    int32_t row_words, run; /* of one copy; elements per window and kernel row */
    int32_t slot;          /* that holds the window's top row */
    int32_t kernel_h;
} rows;

static int32_t row_elements(const bnn_layer *layer)
{
    return ((layer->out_w - 1) * layer->stride_w + layer->kernel_w) * layer->in_c;
}

/* Widens input row y (zeros outside the image) into both copies. */
static void fill_row(const bnn_layer *layer, int32_t y, uint32_t *words, int32_t row_words)
{
    uint16_t *to = (uint16_t *)(void *)words, *shifted = to + 2 * row_words;
    int32_t count = row_elements(layer);
    int32_t begin = layer->pad_left * layer->in_c, end = begin + layer->in_w * layer->in_c;
    const uint8_t *from = (const uint8_t *)layer->input + y * layer->in_w * layer->in_c - begin;
    int32_t k = 0;

    if (y < 0 || y >= layer->in_h)
        begin = count;
    begin = begin < count ? begin : count;
    end = end < count ? end : count;
    *shifted++ = 0;
    for (; k < begin; k++)
        to[k] = shifted[k] = 0;
    for (; k < end; k++)
        to[k] = shifted[k] = from[k];
    for (; k < count; k++)
        to[k] = shifted[k] = 0;
}

/* The window whose rows start at element `first`, as a column of the patch. */
static void copy_window(const rows *r, int32_t first, uint32_t *to)
{
    int32_t row_words = 2 * r->row_words, end = r->kernel_h * row_words, offset = r->slot * row_words;
    int32_t shifted = first & 1 ? r->row_words + 1 : 0;
    const uint32_t *even = r->words + (first >> 1) + shifted; /* where element `first` is a low half */
    const uint32_t *uneven = r->words + (first >> 1) + (first & 1 ? 0 : r->row_words); /* a high half */
    uint32_t odd = 0, low = 0;

    for (int32_t i = r->kernel_h; i > 0; i--) {
        const uint32_t *from = (odd ? uneven : even) + offset;
        int32_t count = r->run;

        if (odd) {
            *to = low | (*from++ & 0xffff0000u);
            to += PIXELS;
            count--;
        }
        for (; count >= 8; count -= 8, from += 4, to += 4 * PIXELS) {
            uint32_t a, b, c, d;

            LOAD4(a, b, c, d, from);
            to[0] = a;
            to[PIXELS] = b;
            to[2 * PIXELS] = c;
            to[3 * PIXELS] = d;
        }
        if (count & 4) {
            uint32_t a = from[0], b = from[1];

            from += 2;
            to[0] = a;
            to[PIXELS] = b;
            to += 2 * PIXELS;
        }
        if (count & 2) {
            *to = *from++;
            to += PIXELS;
        }
        odd = (uint32_t)count & 1;
        if (odd)
            low = *from & 0xffffu;
        offset += row_words;
        if (offset == end)
            offset = 0;
    }
    if (odd)
        *to = low;
}

/* All outputs of `count` pixels whose windows are in the patch. */
static void store_pixels(const bnn_layer *layer, int32_t count, uint32_t *output)
{
    int32_t pairs = pairs_of(layer);
    block b;

    b.patch = layer->scratch;
    b.turns = (pairs + UNROLL - 1) / UNROLL;
    b.skip_bytes = (b.turns * UNROLL - pairs) * STEP_BYTES;
    for (int32_t word = 0; word < layer->out_words; word++) {
        int32_t outputs = layer->out_c - 32 * word;
        uint32_t valid = outputs >= 32 ? 0xffffffffu : (1u << outputs) - 1;
        int32_t pushes = outputs >= 32 ? 32 : (outputs + 1) & ~1;

        b.weights = (const uint32_t *)layer->weights + 32 * word * pairs;
        b.bias = layer->bias + 32 * word;
        b.width = layer->width + 32 * word;
        b.bits[0] = b.bits[1] = 0;
        b.bits[2] = 1u << (pushes - 1);
        dot_products(&b);
        for (int32_t n = 0; n < count; n++)
            output[n * layer->out_words + word] =
                ((b.bits[n] >> (32 - pushes)) ^ layer->polarity[word]) & valid;
    }
}

void SMLAD(const bnn_layer *layer)
{
    uint32_t *output = layer->output, *patch = layer->scratch;
    int32_t kernel_h = layer->kernel_h, count = 0, filled = 0;
    rows r;

    r.words = patch + PIXELS * pairs_of(layer);
    r.row_words = (row_elements(layer) + 1) / 2 + 1;
    r.run = layer->kernel_w * layer->in_c;
    r.kernel_h = kernel_h;
    for (int32_t y = 0; y < layer->out_h; y++) {
        int32_t top = y * layer->stride_h;

        for (filled = filled > top ? filled : top; filled < top + kernel_h; filled++)
            fill_row(layer, filled - layer->pad_top, r.words + filled % kernel_h * 2 * r.row_words,
                     r.row_words);
        r.slot = top % kernel_h;
        for (int32_t x = 0; x < layer->out_w; x++) {
            copy_window(&r, x * layer->stride_w * layer->in_c, patch + count);
            if (++count == PIXELS) {
                store_pixels(layer, count, output);
                output += PIXELS * layer->out_words;
                count = 0;
            }
        }
    }
    if (count > 0)
        store_pixels(layer, count, output);
}
#endif
