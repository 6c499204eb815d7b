/* QQConv2D by a dot product of four bytes: three pixels below each other by two outputs.
 *
 * A word of activations stays in its register while it meets the weights of three kernel rows, one for each pixel, so
 * that a kernel row takes one word of activations and two of weights. Thresholds by push.h.
 */
#ifndef SDOT4_COLUMNS_H
#define SDOT4_COLUMNS_H
#include "bnn_layer.h"
#include "byte_strips.h"
#include "push.h"

enum {
    PIXELS = 3,
    ROOM = 16,     /* image rows in memory: a window and how far it slides before rows move; ROOM_BYTES / 4 */
    MOST_WORDS = 8 /* of a run */
};
#define ROOM_BYTES "64"

/* What the routine needs; the assembly knows the offsets. */
typedef struct {
    uint32_t bits[PIXELS];  /*  0: so far */
    const uint32_t *window; /* 12: of the first column, less what the entry skips */
    uint32_t entry;         /* 16: code address of the first word */
    int32_t columns;        /* 20 */
    const void *weights;    /* 24: of the first two outputs */
    const uint32_t *first;  /* 28: widths of the first two outputs; biases lie before them */
    uint32_t marker;        /* 32: of the last pixel's bits; falls out after the last output */
    uint32_t column_bytes;  /* 36: from column to column */
    uint32_t shift;         /* 40: of the bits to their places */
    uint32_t polarity, valid; /* 44, 48 */
    uint32_t *out;          /* 52: of the first pixel */
    uint32_t below[2];      /* 56: bytes to the other two; 0 drops one */
    uint32_t step;          /* 64: bytes from column to column */
} job;

/* unsigned bytes by signed ones */
#define DOT(sum, x, w) "bnnsim_sdot4 " #sum ", " #x ", " #w ", 2\n\t"
#define SIX(a, b, c)                                            \
    DOT(r0, a, r10) DOT(r1, b, r10) DOT(r2, c, r10)             \
    DOT(r3, a, r9) DOT(r4, b, r9) DOT(r5, c, r9)
#define LOAD_X(r, row) "ldr.w " #r ", [r11, #" ROOM_BYTES " * word + 4 * " #row "]\n\t"
#define LOAD_W "ldr.w r9, [r12, #4]\n\tldr.w r10, [r12], #8\n\t"
#define THREE_ROWS                                              \
    LOAD_X(r6, 0) LOAD_X(r7, 1) LOAD_X(r8, 2) LOAD_W SIX(r6, r7, r8) \
    LOAD_X(r6, 3) LOAD_W SIX(r7, r8, r6)                        \
    LOAD_X(r7, 4) LOAD_W SIX(r8, r6, r7)
#define FIVE_ROWS                                               \
    THREE_ROWS                                                  \
    LOAD_X(r8, 5) LOAD_W SIX(r6, r7, r8)                        \
    LOAD_X(r6, 6) LOAD_W SIX(r7, r8, r6)
enum { THREE_BYTES = 4 * (5 + 2 * 3 + 3 * 6), FIVE_BYTES = 4 * (5 + 4 * 3 + 5 * 6) };
#define COPY_SUMS "mov.w r1, r0\n\tmov.w r2, r0\n\tmov.w r4, r3\n\tmov.w r5, r3\n\t"
#define WORD_OF(bits)                       \
    "lsr.w " #bits ", " #bits ", r0\n\t"    \
    "eor.w " #bits ", " #bits ", r1\n\t"    \
    "and.w " #bits ", " #bits ", r2\n\t"

/* A row of columns by up to 32 outputs. Sums r0 to r2: of the first output, r3 to r5: of the second one. */
#define ROUTINE(top, rows)                                             \
    __asm__ volatile(                                                  \
        "push.w {r4-r11, lr}\n\t"                                      \
        "ldm.w r0!, {r1-r9}\n\t"                                       \
        "sub.w sp, sp, #68\n\t"                                        \
        "stm.w sp, {r1-r9}\n\t"                                        \
        "ldm.w r0, {r1-r8}\n\t"                                        \
        "add.w r0, sp, #36\n\t"                                        \
        "stm.w r0, {r1-r8}\n"                                          \
        "1:\n\t"                                                       \
        "ldr.w lr, [sp, #28]\n\t"                                      \
        "ldr.w r6, [sp, #32]\n\t"                                      \
        "ldr.w r11, [sp, #12]\n\t"                                     \
        "ldr.w r12, [sp, #24]\n\t"                                     \
        "ldr.w r9, [sp, #16]\n\t"                                      \
        "ldr r0, [lr, #-8]\n\t"                                        \
        "ldr r3, [lr, #-4]\n\t"                                        \
        "str.w r6, [sp, #8]\n\t" /* what the other two hold falls out */ \
        COPY_SUMS                                                      \
        "bx.n r9\n\t"                                                  \
        ".p2align 3\n"                                                 \
        top ":\n\t"                                                    \
        ".set word, 0\n\t"                                             \
        ".rept 8\n\t" rows                                             \
        ".set word, word + 1\n\t"                                      \
        ".endr\n\t"                                                    \
        "ldr.w r6, [sp]\n\t"                                           \
        "ldr.w r7, [sp, #4]\n\t"                                       \
        "ldr.w r8, [sp, #8]\n\t"                                       \
        "ldr.w r9, [lr, #4]\n\t"                                       \
        "ldr.w r10, [lr], #16\n\t"                                     \
        BNN_PUSH(r6, r0, r10) BNN_PUSH(r7, r1, r10) BNN_PUSH(r8, r2, r10)          \
        BNN_PUSH(r6, r3, r9) BNN_PUSH(r7, r4, r9)                              \
        BNN_PUSH_OUT(r8, r5, r9, r10)                                  \
        "ldr r0, [lr, #-8]\n\t"                                        \
        "ldr r3, [lr, #-4]\n\t"                                        \
        "ldr.w r9, [sp, #16]\n\t"                                      \
        "bcs.w 2f\n\t"                                                 \
        "str.w r6, [sp]\n\t"                                           \
        "str.w r7, [sp, #4]\n\t"                                       \
        "str.w r8, [sp, #8]\n\t"                                       \
        COPY_SUMS                                                      \
        "bx.n r9\n\t"                                                  \
        ".p2align 2\n"                                                 \
        "2:\n\t"                                                       \
        "ldr.w r0, [sp, #40]\n\t"                                      \
        "ldr.w r1, [sp, #44]\n\t"                                      \
        "ldr.w r2, [sp, #48]\n\t"                                      \
        "ldr.w r3, [sp, #52]\n\t"                                      \
        "ldr.w r4, [sp, #56]\n\t"                                      \
        "ldr.w r5, [sp, #60]\n\t"                                      \
        "ldr.w r9, [sp, #64]\n\t"                                      \
        "ldr.w r10, [sp, #36]\n\t"                                     \
        "ldr.w r12, [sp, #20]\n\t"                                     \
        WORD_OF(r6) WORD_OF(r7) WORD_OF(r8)                            \
        "str.w r8, [r3, r5]\n\t"                                       \
        "str.w r7, [r3, r4]\n\t"                                       \
        "str.w r6, [r3]\n\t"                                           \
        "add.w r3, r3, r9\n\t"                                         \
        "add.w r11, r11, r10\n\t"                                      \
        "subs.w r12, r12, #1\n\t"                                      \
        "str.w r3, [sp, #52]\n\t"                                      \
        "str.w r11, [sp, #12]\n\t"                                     \
        "str.w r12, [sp, #20]\n\t"                                     \
        "bne.w 1b\n\t"                                                 \
        "add.w sp, sp, #68\n\t"                                        \
        "pop.w {r4-r11, pc}")

extern const char qqconv2d_sdot4_three[], qqconv2d_sdot4_five[];

__attribute__((naked, noinline)) static void three_rows(job *j __attribute__((unused)))
{
    ROUTINE("qqconv2d_sdot4_three", THREE_ROWS);
}

__attribute__((naked, noinline)) static void five_rows(job *j __attribute__((unused)))
{
    ROUTINE("qqconv2d_sdot4_five", FIVE_ROWS);
}

/* Biases of the first two outputs, then for each two their widths and the next two's biases. */
static void make_thresholds(const bnn_layer *layer, uint32_t *table)
{
    const int32_t outputs = (layer->out_c + 1) & ~1;

    for (int32_t o = 0; o < outputs; o++, table += o & 1 ? 1 : 3) {
        table[0] = (uint32_t)layer->bias[o];
        table[2] = layer->width[o];
    }
    table[0] = table[1] = 0;
}

/* Image rows first .. next - 1 as words: [column][word of the run][ROOM]. */
typedef struct {
    uint32_t *words;
    uint8_t *line; /* an image row with zeros on both sides */
    int32_t run_words, first, next;
} columns;

static void fill_row(const bnn_layer *layer, const columns *c)
{
    const int32_t run_words = c->run_words, step = layer->stride_w * layer->in_c;
    uint32_t *to = c->words + (c->next - c->first);
    const uint8_t *from = c->line;

    bnn_fill_line(layer, c->line, c->next, 0);
    for (int32_t x = layer->out_w; x > 0; x--, from += step, to += run_words * ROOM)
        bnn_put_words(to, (const int8_t *)from, run_words, ROOM);
}

/* The rows from .. from + rows - 1 of the image, zeros outside, into memory; rows that are kept move to the front. */
static void slide_to(const bnn_layer *layer, columns *c, int32_t from, int32_t rows)
{
    if (from + rows > c->first + ROOM) {
        const int32_t by = from - c->first, kept = c->next - from;
        uint32_t *at = c->words;

        for (int32_t n = layer->out_w * c->run_words; n > 0; n--, at += ROOM)
            for (int32_t i = 0; i < kept; i++)
                at[i] = at[i + by];
        c->first = from;
    }
    for (; c->next < from + rows; c->next++)
        fill_row(layer, c);
}

static void set_outputs(const bnn_layer *layer, job *j, int32_t word)
{
    const int32_t rest = layer->out_c - 32 * word, pushes = rest >= 32 ? 32 : (rest + 1) & ~1;

    j->shift = (uint32_t)(32 - pushes);
    j->marker = 1u << (pushes - 1);
    j->valid = rest >= 32 ? ~0u : (1u << rest) - 1;
    j->polarity = layer->polarity[word];
}

/* The whole layer. */
BNN_INLINE void sdot4_columns(const bnn_layer *layer)
{
    const int32_t five = layer->kernel_h == 5, run_words = bnn_run_words(layer), skip = MOST_WORDS - run_words;
    const uint32_t row_bytes = 4 * (uint32_t)(layer->out_w * layer->out_words);
    uint32_t *const table = layer->scratch, *const words = table + 2 + 4 * ((layer->out_c + 1) / 2);
    columns c = {words, (uint8_t *)(words + layer->out_w * run_words * ROOM), run_words, -layer->pad_top,
                 -layer->pad_top};
    job j = {.column_bytes = 4 * ROOM * (uint32_t)run_words, .step = 4 * (uint32_t)layer->out_words};
    uint32_t *out = layer->output;

    make_thresholds(layer, table);
    bnn_fill_bytes(c.line, 0, bnn_line_bytes(layer));
    j.entry = (five ? (uint32_t)qqconv2d_sdot4_five + (uint32_t)(skip * FIVE_BYTES)
                    : (uint32_t)qqconv2d_sdot4_three + (uint32_t)(skip * THREE_BYTES)) + 1;
    for (int32_t y = 0; y < layer->out_h; y += PIXELS, out += PIXELS * layer->out_w * layer->out_words) {
        const int32_t rest = layer->out_h - y, pixels = rest < PIXELS ? rest : PIXELS, from = y - layer->pad_top;

        slide_to(layer, &c, from, layer->kernel_h + pixels - 1);
        j.below[0] = pixels > 1 ? row_bytes : 0;
        j.below[1] = pixels > 2 ? 2 * row_bytes : 0;
        for (int32_t word = 0; word < layer->out_words; word++) {
            set_outputs(layer, &j, word);
            j.window = c.words + (from - c.first) - skip * ROOM;
            j.columns = layer->out_w;
            j.weights = (const uint32_t *)layer->weights + 32 * word * layer->kernel_h * run_words;
            j.first = table + 2 + 64 * word;
            j.out = out + word;
            (five ? five_rows : three_rows)(&j);
        }
    }
}
#endif
