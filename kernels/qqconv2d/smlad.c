/* ---
operator: QQConv2D
variant: smlad
idea: windows of three output pixels are copied as 16-bit pairs into scratch (zeros outside the image), interleaved
  word by word; then three pixels by two outputs per step, five adjacent loads for six SMLAD (12 products), unrolled
  eight steps, entered in the middle for the remainder. Thresholds by CMP and ADC, three output words at a time.
registers: six sums, three inputs, two weights, two pointers, the step count; the rest on the stack
needs: [dsp]
fixed_time: true
weights: int16 O/2 YXC/2 O%2 YXC%2
scratch_bytes: 12 * ((kernel_h * kernel_w * in_c + 1) // 2)
  + 8 * kernel_h * ((((out_w - 1) * stride_w + kernel_w) * in_c + 1) // 2 + 1)
--- */
#include "bnn_layer.h"

enum { PIXELS = 3, UNROLL = 8, STEP_BYTES = 44 };

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
    const uint32_t *patch;   /*  0: [pairs][PIXELS] */
    const uint32_t *weights; /*  4: of the last output pair; the pairs before it follow downwards */
    const int32_t *bias;     /*  8: likewise */
    const uint32_t *width;   /* 12: likewise */
    int32_t output_pairs;    /* 16 */
    int32_t weight_bytes;    /* 20: of one output pair */
    int32_t turns;           /* 24: of the unrolled loop */
    int32_t entry_bytes;     /* 28: where its first turn starts */
    uint32_t bits[PIXELS];   /* 32: result, highest channel first */
} block;

/* Sums and bits of up to 32 outputs for three pixels. Loads of one base are ordered so that the last one moves
 * the pointer: consecutive loads overlap, and the moved base is not used before the products are done. */
__attribute__((naked, noinline)) static void dot_products(__attribute__((unused)) block *b)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "sub sp, #12\n\t"
        "str r0, [sp, #8]\n\t"
        "ldr r1, [r0, #28]\n\t"
        "adr.w r2, 2f\n\t"
        "add r1, r2\n\t"
        "orr r1, #1\n\t"
        "str r1, [sp]\n\t"
        "mov lr, r0\n"
        "1:\n\t"
        "ldr r6, [lr, #8]\n\t"
        "ldr r11, [lr]\n\t"
        "ldr r12, [lr, #4]\n\t"
        "ldr r0, [r6, #4]\n\t"
        "ldr r3, [r6]\n\t"
        "sub r6, #8\n\t"
        "str r6, [lr, #8]\n\t"
        "ldr lr, [lr, #24]\n\t"
        "mov r1, r0\n\t"
        "mov r2, r0\n\t"
        "mov r4, r3\n\t"
        "mov r5, r3\n\t"
        "ldr pc, [sp]\n\t"
        ".balign 8\n"
        "2:\n\t"
        ".rept 8\n\t"
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
        "ldr lr, [sp, #8]\n\t"
        "ldr r12, [lr, #12]\n\t"
        "ldr r6, [lr, #32]\n\t"
        "ldr r7, [lr, #36]\n\t"
        "ldr r8, [lr, #40]\n\t"
        "ldr r9, [r12, #4]\n\t"
        "ldr r10, [r12], #-8\n\t"
        "cmp r0, r9\n\t"
        "adc r6, r6, r6\n\t"
        "cmp r1, r9\n\t"
        "adc r7, r7, r7\n\t"
        "cmp r2, r9\n\t"
        "adc r8, r8, r8\n\t"
        "cmp r3, r10\n\t"
        "adc r6, r6, r6\n\t"
        "cmp r4, r10\n\t"
        "adc r7, r7, r7\n\t"
        "cmp r5, r10\n\t"
        "adc r8, r8, r8\n\t"
        "ldr r0, [lr, #4]\n\t"
        "ldr r1, [lr, #20]\n\t"
        "ldr r2, [lr, #16]\n\t"
        "sub r0, r1\n\t"
        "str r6, [lr, #32]\n\t"
        "str r7, [lr, #36]\n\t"
        "str r8, [lr, #40]\n\t"
        "str r12, [lr, #12]\n\t"
        "str r0, [lr, #4]\n\t"
        "subs r2, #1\n\t"
        "str r2, [lr, #16]\n\t"
        "bne 1b\n\t"
        "add sp, #12\n\t"
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
    const uint32_t *row = r->words + r->slot * 2 * r->row_words;
    const uint32_t *end = r->words + r->kernel_h * 2 * r->row_words;
    uint32_t odd = 0, low = 0;

    for (int32_t i = r->kernel_h; i > 0; i--) {
        uint32_t copy = ((uint32_t)first ^ odd) & 1;
        const uint32_t *from = row + (copy ? r->row_words : 0) + (((uint32_t)first + copy - odd) >> 1);
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
        for (; count >= 2; count -= 2, to += PIXELS)
            *to = *from++;
        odd = (uint32_t)count;
        if (odd)
            low = *from & 0xffffu;
        row += 2 * r->row_words;
        if (row == end)
            row = r->words;
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
    b.weight_bytes = 8 * pairs;
    b.turns = (pairs + UNROLL - 1) / UNROLL;
    b.entry_bytes = (b.turns * UNROLL - pairs) * STEP_BYTES;
    for (int32_t word = 0; word < layer->out_words; word++) {
        int32_t left = layer->out_c - 32 * word;
        uint32_t valid = left >= 32 ? 0xffffffffu : (1u << left) - 1;
        int32_t last = 16 * word + (left >= 32 ? 15 : (left - 1) / 2);

        b.weights = (const uint32_t *)layer->weights + last * 2 * pairs;
        b.bias = layer->bias + 2 * last;
        b.width = layer->width + 2 * last;
        b.output_pairs = last + 1 - 16 * word;
        b.bits[0] = b.bits[1] = b.bits[2] = 0;
        dot_products(&b);
        for (int32_t n = 0; n < count; n++)
            output[n * layer->out_words + word] = (b.bits[n] ^ layer->polarity[word]) & valid;
    }
}

void qqconv2d_smlad(const bnn_layer *layer)
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
