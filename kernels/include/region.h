/* Output pixels that see the same taps of the kernel inside the image: corners, edges and the middle. */
#ifndef BNN_REGION_H
#define BNN_REGION_H
#include <stdint.h>
#include "bnn_layer.h"
#include "primitives.h"

/* A stretch of outputs along one axis, and the taps that lie in the image for all of them. */
typedef struct {
    int32_t from, to;   /* outputs */
    int32_t tap0, tap1; /* none if tap1 <= tap0 */
} bnn_stretch;

BNN_INLINE bnn_stretch bnn_stretch_at(int32_t output, int32_t outputs, int32_t stride, int32_t pad, int32_t kernel,
                                      int32_t size)
{
    int32_t first = output * stride - pad;
    bnn_stretch s;
    s.from = output;
    s.tap0 = first < 0 ? -first : 0;
    s.tap1 = first + kernel > size ? size - first : kernel;
    for (s.to = output + 1; s.to < outputs; s.to++) {
        first += stride;
        if ((first < 0 ? -first : 0) != s.tap0 || (first + kernel > size ? size - first : kernel) != s.tap1)
            break;
    }
    return s;
}

BNN_INLINE bnn_stretch bnn_rows_at(const bnn_layer *layer, int32_t y)
{
    return bnn_stretch_at(y, layer->out_h, layer->stride_h, layer->pad_top, layer->kernel_h, layer->in_h);
}

BNN_INLINE bnn_stretch bnn_columns_at(const bnn_layer *layer, int32_t x)
{
    return bnn_stretch_at(x, layer->out_w, layer->stride_w, layer->pad_left, layer->kernel_w, layer->in_w);
}

BNN_INLINE int32_t bnn_stretch_taps(const bnn_stretch *s)
{
    return s->tap1 > s->tap0 ? s->tap1 - s->tap0 : 0;
}

/* ---- patches: blocks of two pixels or one, by four outputs ----
 *
 * For kernels whose counting is one assembly routine of this shape: a body of equal steps (one word of a patch by
 * four outputs each), entered so that the last steps of a turn are executed; r0 walks through the gathered
 * words, r1 through the weights of four outputs side by side. Sums start at K/2 - synapses/2 (rounded
 * down both), where the patch has `synapses` of the kernel's K, so that one table of thresholds serves all patches. */

/* What a region's counting needs. Assembly knows the offsets. */
typedef struct {
    const uint32_t *end; /* 0: of the words */
    uint32_t gap;        /* 4: bytes that the weights skip after a turn */
    uint32_t next;       /* 8: where all turns but the first enter */
    uint32_t first;      /* 12: where the first turn enters */
    uint32_t *words;     /* 16: in-image taps, in order, those of two pixels side by side */
    uint32_t after;      /* 20: bytes from the weights' end to those of the next four outputs */
    uint32_t sums;       /* 24: where sums start */
    void *self;          /* 28: this struct */
    uint32_t *row_end;   /* 32: for rows that take more than one turn: end of the current one, */
    uint32_t row_bytes;  /* 36: its length */
    uint32_t row_gap;    /* 40: and the weights' gap behind it */
    const uint32_t *table, *table_end; /* 44, 48: thresholds of the first group of outputs */
    uint32_t skip;       /* words of weights before the first turn */
    int32_t rows, run;   /* rows and words per row, of one pixel */
} bnn_patch;

/* Stack of a routine; from BNN_END on the first eight words of bnn_patch. */
#define BNN_TABLE "0"
#define BNN_TABLE_END "4"
#define BNN_BITS0 "8"
#define BNN_BITS1 "12"
#define BNN_OUT0 "16"
#define BNN_OUT1 "20"
#define BNN_END "24"
#define BNN_GAP "28"
#define BNN_NEXT "32"
#define BNN_FIRST "36"
#define BNN_WORDS "40"
#define BNN_AFTER "44"
#define BNN_SUMS "48"
#define BNN_SELF "52"
#define BNN_STACK(at) "[sp, #" at "]"

#define BNN_ENTER                               \
    "push.w {r4-r11, lr}\n\t"                   \
    "ldm.w r0, {r4-r11}\n\t"                    \
    "push.w {r4-r11}\n\t"                       \
    "ldrd r4, r5, [r0, #44]\n\t"                \
    "push.w {r2-r3}\n\t"                        \
    "push.w {r4-r7}\n\t"                        \
    "ldr.w r0, " BNN_STACK(BNN_WORDS) "\n\t"    \
    "ldr.w r7, " BNN_STACK(BNN_SUMS) "\n\t"     \
    "ldr.w lr, " BNN_STACK(BNN_FIRST) "\n\t"
#define BNN_LEAVE             \
    "add.w sp, sp, #56\n\t"   \
    "pop.w {r4-r11, pc}\n\t"

/* The word of a group of outputs: bits of its channels only, polarity, store. */
#define BNN_STORE(bits, out)                             \
    "lsr.w " #bits ", " #bits ", r4\n\t"                 \
    "eor.w " #bits ", " #bits ", r8\n\t"                 \
    "and.w " #bits ", " #bits ", r10\n\t"                \
    "ldr.w r9, " BNN_STACK(out) "\n\t"                   \
    "str.w " #bits ", [r9], #4\n\t"                      \
    "str.w r9, " BNN_STACK(out) "\n\t"
#define BNN_STORE_ONE BNN_STORE(r2, BNN_OUT0)
#define BNN_STORE_TWO BNN_STORE_ONE BNN_STORE(r3, BNN_OUT1)

/* Between two turns; continues at label 2 when all words are counted. r2, r3 and lr are free. */
#define BNN_END_OF_TURN                         \
    "ldr.w r2, " BNN_STACK(BNN_END) "\n\t"      \
    "ldr.w r3, " BNN_STACK(BNN_GAP) "\n\t"      \
    "ldr.w lr, " BNN_STACK(BNN_NEXT) "\n\t"     \
    "cmp.n r0, r2\n\t"                          \
    "beq.n 2f\n\t"                              \
    "add.n r1, r3\n\t"                          \
    "bx.n lr\n\t"

/* Where turns continue if the rows of a patch are apart and take more than one turn. */
#define BNN_CHANGE_ROW(top)                     \
    "ldr.w r2, " BNN_STACK(BNN_SELF) "\n\t"     \
    "ldr.w r3, [r2, #32]\n\t"                   \
    "cmp.w r0, r3\n\t"                          \
    "bne.w " top "\n\t"                         \
    "ldr.w lr, [r2, #36]\n\t"                   \
    "add.w r3, r3, lr\n\t"                      \
    "ldr.w lr, [r2, #0]\n\t"                    \
    "cmp.w r3, lr\n\t" /* the last row ends the patch: prepare the first one of the next four */ \
    "bne.n 3f\n\t"                              \
    "ldr.w r3, [r2, #16]\n\t"                   \
    "ldr.w lr, [r2, #36]\n\t"                   \
    "add.w r3, r3, lr\n\t"                      \
    "3: str.w r3, [r2, #32]\n\t"                \
    "ldr.w lr, " BNN_STACK(BNN_FIRST) "\n\t"    \
    "ldr.w r3, [r2, #40]\n\t"                   \
    "add.w r1, r1, r3\n\t"                      \
    "bx.n lr\n\t"

/* Starts the thresholds: r0 the table, r2 and r3 the bits so far. */
#define BNN_BEGIN_THRESHOLDS                         \
    "ldr.w r0, " BNN_STACK(BNN_TABLE) "\n\t"         \
    "ldr.w r2, " BNN_STACK(BNN_BITS0) "\n\t"         \
    "ldr.w r3, " BNN_STACK(BNN_BITS1) "\n\t"

#define BNN_SIXTEEN_STEPS(step) step step step step step step step step step step step step step step step step

/* A whole routine, the body of a naked function. top, change_row: names of labels. steps: r0 and r1 end at the next
 * words. start: sums from r7. thresholds: leave r0 behind the table's entries, the bits in r2 and r3. store: of the
 * bits, at the end of a group. */
#define BNN_ROUTINE(top, change_row, steps, start, thresholds, store) \
    __asm__ volatile(                                          \
        BNN_ENTER                                              \
        start                                                  \
        "bx.n lr\n\t"                                          \
        ".p2align 3\n"                                         \
        top ":\n\t"                                            \
        steps                                                  \
        BNN_END_OF_TURN                                        \
        ".p2align 2\n"                                         \
        "2:\n\t"                                               \
        thresholds                                             \
        "ldr.w r12, " BNN_STACK(BNN_TABLE_END) "\n\t"          \
        "ldr.w lr, " BNN_STACK(BNN_FIRST) "\n\t"               \
        "ldr.w r5, " BNN_STACK(BNN_AFTER) "\n\t"               \
        "ldr.w r6, " BNN_STACK(BNN_WORDS) "\n\t"               \
        "ldr.w r7, " BNN_STACK(BNN_SUMS) "\n\t"                \
        "cmp.w r0, r12\n\t"                                    \
        "beq.w 4f\n\t"                                         \
        "str.w r2, " BNN_STACK(BNN_BITS0) "\n\t"               \
        "str.w r3, " BNN_STACK(BNN_BITS1) "\n"                 \
        "5: str.w r0, " BNN_STACK(BNN_TABLE) "\n\t"            \
        "add.n r1, r5\n\t"                                     \
        "mov.n r0, r6\n\t"                                     \
        start                                                  \
        "bx.n lr\n\t"                                          \
        ".p2align 2\n"                                         \
        "4:\n\t"                                               \
        "ldm.w r0!, {r4, r8, r10, r12}\n\t"                    \
        store                                                  \
        "str.w r12, " BNN_STACK(BNN_TABLE_END) "\n\t"          \
        "cmp.w r12, #0\n\t"                                    \
        "bne.w 5b\n\t"                                         \
        BNN_LEAVE                                              \
        change_row ":\n\t"                                     \
        BNN_CHANGE_ROW(top))

/* What is known of a routine: where its body begins, how long a step is, where it changes rows. It counts for one
 * pixel or two and writes their packed outputs. */
typedef struct {
    void (*count)(const bnn_patch *p, const uint32_t *weights, uint32_t *out0, uint32_t *out1);
    uint32_t top, steps, step_bytes, change_row;
    uint32_t sums_unit; /* 1, or 65537 if two sums share a register */
} bnn_routine;
#define BNN_UNUSED __attribute__((unused))
#define BNN_DEFINE_ROUTINE(name)                                                           \
    extern const char name##_top[], name##_change_row[];                                   \
    static __attribute__((naked, noinline)) void name(                                     \
        const bnn_patch *p BNN_UNUSED, const uint32_t *weights BNN_UNUSED,                  \
        uint32_t *out0 BNN_UNUSED, uint32_t *out1 BNN_UNUSED)
#define BNN_ROUTINE_NAMED(name, steps, step_bytes, sums_unit) \
    {name, (uint32_t)name##_top, steps, step_bytes, (uint32_t)name##_change_row, sums_unit}

/* Copy the words of one pixel's in-image taps. */
BNN_NOINLINE void bnn_gather_one(const bnn_layer *layer, const bnn_patch *p, const uint32_t *in)
{
    uint32_t *to = p->words;
    for (int32_t y = p->rows; y > 0; y--, in += layer->in_w * layer->in_words)
        for (int32_t i = 0; i < p->run; i++) {
            *to++ = in[i];
            BNN_KEEP(to); /* or it is unrolled, for a pixel or two */
        }
}

typedef struct {
    int32_t rows, run; /* neither is 0 */
    uint32_t skip;     /* bytes from the end of a row to the next one */
} bnn_gather_rows;

/* The words of two pixels, side by side. Loads and stores stand in groups: each load after the first takes one cycle. */
static __attribute__((naked, noinline, unused)) void bnn_gather_two(const uint32_t *in0 BNN_UNUSED,
                                                                    const uint32_t *in1 BNN_UNUSED,
                                                                    uint32_t *to BNN_UNUSED,
                                                                    const bnn_gather_rows *rows BNN_UNUSED)
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r3, {r3, r12, lr}\n\t"
        "sub.w sp, sp, #4\n\t"
        "1: str.w r3, [sp]\n\t"
        "subs.w r3, r12, #4\n\t"
        "blo.w 3f\n\t"
        ".p2align 3\n"
        "2:\n\t"
        "ldr.w r4, [r0, #0]\n\t"
        "ldr.w r6, [r0, #4]\n\t"
        "ldr.w r8, [r0, #8]\n\t"
        "ldr.w r5, [r1, #0]\n\t"
        "ldr.w r7, [r1, #4]\n\t"
        "ldr.w r9, [r1, #8]\n\t"
        "ldr.w r10, [r0, #12]\n\t"
        "ldr.w r11, [r1, #12]\n\t"
        "str.w r5, [r2, #4]\n\t"
        "str.w r6, [r2, #8]\n\t"
        "str.w r7, [r2, #12]\n\t"
        "str.w r8, [r2, #16]\n\t"
        "str.w r9, [r2, #20]\n\t"
        "str.w r10, [r2, #24]\n\t"
        "str.w r11, [r2, #28]\n\t"
        "str.w r4, [r2], #32\n\t"
        "add.w r0, r0, #16\n\t"
        "add.w r1, r1, #16\n\t"
        "subs.w r3, r3, #4\n\t"
        "bhs.w 2b\n"
        "3: adds.w r3, r3, #4\n\t"
        "beq.w 5f\n\t"
        ".p2align 3\n"
        "4:\n\t"
        "ldr.w r4, [r0], #4\n\t"
        "ldr.w r5, [r1], #4\n\t"
        "subs.w r3, r3, #1\n\t"
        "str.w r5, [r2, #4]\n\t"
        "str.w r4, [r2], #8\n\t"
        "bne.w 4b\n"
        "5: ldr.w r3, [sp]\n\t"
        "add.w r0, r0, lr\n\t"
        "add.w r1, r1, lr\n\t"
        "subs.w r3, r3, #1\n\t"
        "bne.w 1b\n\t"
        "add.w sp, sp, #4\n\t"
        "pop.w {r4-r11, pc}");
}

BNN_INLINE uint32_t bnn_half_synapses(const bnn_layer *layer)
{
    return (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c) / 2;
}

/* The table that routines read. For each group of 32 outputs: biases and widths of its fours in turn; then what
 * makes the word of the bits, and the end of the next group's thresholds, 0 after the last. Returns the first end.
 * odd: whether the patches have an odd number of synapses. */
BNN_NOINLINE uint32_t *bnn_threshold_table(const bnn_layer *layer, uint32_t *table, uint32_t odd)
{
    const uint32_t offset = 2 * bnn_half_synapses(layer) + odd;
    uint32_t *first = 0, *next = 0;
    int32_t o = 0;
    for (int32_t group = 0; group < layer->out_words; group++) {
        const int32_t rest = layer->out_c - o, outputs = rest >= 32 ? 32 : (rest + 3) & ~3;
        for (int32_t i = o; i < o + outputs; i++) {
            *table++ = (uint32_t)layer->bias[i] + offset;
            *table++ = layer->width[i];
        }
        if (next)
            *next = (uint32_t)table;
        else
            first = table;
        next = table + 3;
        *table++ = (uint32_t)(32 - outputs);
        *table++ = layer->polarity[group];
        *table++ = rest >= 32 ? ~0u : (1u << rest) - 1;
        *table++ = 0;
        o += 32;
    }
    return first;
}

/* weights: bit O/4 Y X C/32 O%4 C%32 */
BNN_INLINE void bnn_describe_patch(const bnn_layer *layer, const bnn_stretch *rows, const bnn_stretch *columns,
                                   uint32_t pixels, const bnn_routine *body, uint32_t *words, bnn_patch *p)
{
    const uint32_t tap_words = (uint32_t)layer->in_words, row_words = (uint32_t)layer->kernel_w * tap_words;
    const uint32_t nx = (uint32_t)bnn_stretch_taps(columns), ny = nx ? (uint32_t)bnn_stretch_taps(rows) : 0;
    const uint32_t run = nx * tap_words, gap = row_words - run, all = ny * run;
    const uint32_t apart = gap != 0 && ny > 1; /* else all rows are one */
    const uint32_t turns = apart ? run : all;
    const uint32_t steps = turns ? (turns - 1) % body->steps + 1 : 0;
    p->words = words;
    p->end = words + pixels * all;
    p->sums = (bnn_half_synapses(layer) - ny * nx * (uint32_t)layer->in_c / 2) * body->sums_unit;
    p->self = p;
    p->rows = (int32_t)ny;
    p->run = (int32_t)run;
    p->skip = all ? 4 * ((uint32_t)rows->tap0 * row_words + (uint32_t)columns->tap0 * tap_words) : 0;
    p->after = 16 * ((uint32_t)layer->kernel_h * row_words - all - (apart ? (ny - 1) * gap : 0));
    p->first = body->top + (body->steps - steps) * body->step_bytes + 1;
    p->next = body->top + 1;
    p->gap = 0;
    p->row_end = words + pixels * run;
    p->row_bytes = 4 * pixels * run;
    p->row_gap = 16 * gap;
    if (apart && run <= body->steps) {
        p->next = p->first;
        p->gap = p->row_gap;
    } else if (apart) {
        p->next = body->change_row + 1;
    }
}

/* A binary convolution by routines that count for two pixels and for one. Scratch: the table, at most 272 bytes per
 * word of output, and the gathered words of two patches. */
BNN_INLINE void bnn_convolve_blocks(const bnn_layer *layer, const bnn_routine *two, const bnn_routine *one)
{
    uint32_t *const table = layer->scratch, *const words = table + 68 * layer->out_words;
    const int32_t in_step = layer->stride_w * layer->in_words, out_step = layer->out_words;
    bnn_stretch rows, columns;
    bnn_patch p;
    uint32_t odd = 0;
    p.table = table;
    p.table_end = bnn_threshold_table(layer, table, odd);
    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            const int32_t width = columns.to - columns.from;
            if ((uint32_t)(layer->in_c * bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns)) % 2 != odd) {
                odd ^= 1;
                bnn_threshold_table(layer, table, odd);
            }
            int32_t pixels = width * (rows.to - rows.from), rest = width; /* in all, in this row */
            const int32_t in_wrap = (layer->stride_h * layer->in_w - width * layer->stride_w) * layer->in_words;
            const int32_t out_wrap = (layer->out_w - width) * out_step;
            const uint32_t *in = (const uint32_t *)layer->input
                                 + ((rows.from * layer->stride_h - layer->pad_top + rows.tap0) * layer->in_w
                                    + columns.from * layer->stride_w - layer->pad_left + columns.tap0)
                                       * layer->in_words;
            uint32_t *out = (uint32_t *)layer->output + (rows.from * layer->out_w + columns.from) * out_step;
#define BNN_NEXT_PIXEL          \
    do {                        \
        in += in_step;          \
        out += out_step;        \
        if (--rest == 0) {      \
            rest = width;       \
            in += in_wrap;      \
            out += out_wrap;    \
        }                       \
    } while (0)
            if (pixels >= 2) {
                bnn_describe_patch(layer, &rows, &columns, 2, two, words, &p);
                const uint32_t *weights = (const uint32_t *)layer->weights + p.skip;
                const bnn_gather_rows gather = {p.rows, p.run, 4 * (uint32_t)(layer->in_w * layer->in_words - p.run)};
                for (; pixels >= 2; pixels -= 2) {
                    const uint32_t *in0 = in;
                    uint32_t *out0 = out;
                    BNN_NEXT_PIXEL;
                    if (p.rows)
                        bnn_gather_two(in0, in, words, &gather);
                    two->count(&p, weights, out0, out);
                    BNN_NEXT_PIXEL;
                }
            }
            if (pixels) {
                bnn_describe_patch(layer, &rows, &columns, 1, one, words, &p);
                bnn_gather_one(layer, &p, in);
                one->count(&p, (const uint32_t *)layer->weights + p.skip, out, 0);
            }
#undef BNN_NEXT_PIXEL
        }
    }
}
#endif
