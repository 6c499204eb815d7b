/* ---
operator: BBConv2D
variant: bitsliced_tables
idea: >-
  bit-sliced counters whose 32 lanes are output channels, fed from tables (the method of the Four Russians).
  For one weight word (tap, 32 channels) and 32 outputs the channels form groups of 6, 6, 5, 5, 5, 5; a
  table gives, for every pattern of a group's activation bits, the planes (ones, twos, fours) of
  the count of a ^ w. Tables depend on weights only, so one set serves a whole tile of pixels: a pixel
  looks up six numbers and adds them to its counters with carry-save adders, 165 cycles for 32 x 32
  binary multiply-accumulates. Out-of-image taps are never visited. Counters start at half of the folded
  threshold's constant, so that thresholding is one carry chain, and its result is the packed output word.
registers: >-
  input, counter and table pointers, the activation word, three to four counter planes, two table
  addresses, two operands and three pending carries: all fourteen; end and step come from the stack
needs: []
fixed_time: true
weights: bit O/32 Y X C/32 C%32 O%32
scratch_bytes: frame_bytes + 4096 + 256 + min(256, out_h * out_w) * 4 * (11 + 5 * (kernel_h * kernel_w * in_c > 1022))
supports: kernel_h * kernel_w * in_c <= 32766
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "pad.h"
#include "primitives.h"
#ifndef __thumb2__
#include "bitsliced_armv6m.h"
#endif

enum {
    TILE_PIXELS = 256,
    ENTRY_WORDS = 4, /* ones, twos, fours, unused: sixteen bytes, so that an index needs only a shift */
    TABLE_WORDS = 1024,
    FEW_PLANES = 10, /* counter planes that hold up to 1022 synapses */
    MANY_PLANES = 15,
};

typedef struct {
    const uint32_t *input; /* word of the first pixel of a run */
    uint32_t *counters;    /* its counters, plane 0 first */
    uint32_t input_step;   /* bytes from one pixel to the next */
    uint32_t *end;         /* counters behind the run */
} run;

/* ---- tables ---- */

#ifdef __thumb2__
#define LOAD(r, base, at) "ldr.w " #r ", [" #base ", #" #at "]\n\t"
#define STORE(r, base, at) "str.w " #r ", [" #base ", #" #at "]\n\t"
#define EVEN_ENTRY(pattern, x)               \
    STORE(r9, r0, 16 * pattern)              \
    "eor.w lr, " #x ", r10\n\t"              \
    STORE(lr, r0, 16 * pattern + 4)          \
    "and.w lr, " #x ", r11\n\t"              \
    "orr.w lr, lr, r12\n\t"                  \
    STORE(lr, r0, 16 * pattern + 8)
#define ODD_ENTRY(pattern, x)                \
    STORE(r9, r0, 16 * pattern)              \
    "eor.w lr, " #x ", r10\n\t"              \
    STORE(lr, r0, 16 * pattern + 4)          \
    "bic.w lr, r11, " #x "\n\t"              \
    "orr.w lr, lr, r12\n\t"                  \
    STORE(lr, r0, 16 * pattern + 8)

/* Eight entries per row: the three low channels of a group take every pattern (r3 their ones, r4 to r7 their
 * twos), the others count r2 + 2 * r8. A stored plane then costs one or two operations. */
static __attribute__((naked, noinline)) void write_rows(uint32_t *t __attribute__((unused)),
                                                        const uint32_t *rows __attribute__((unused)),
                                                        const uint32_t *end __attribute__((unused)),
                                                        const uint32_t *low __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r2, r4-r11, lr}\n\t"
        "ldm.w r3, {r3-r7}\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldm.w r1!, {r2, r8}\n\t"
        "and.w r10, r3, r2\n\t"
        "eor.w r9, r3, r2\n\t"
        "orr.w r11, r10, r8\n\t"
        "and.w r12, r10, r8\n\t"
        "eor.w r10, r10, r8\n\t"
        EVEN_ENTRY(0, r4) EVEN_ENTRY(3, r5) EVEN_ENTRY(5, r6) EVEN_ENTRY(6, r7)
        "bic.w r10, r2, r3\n\t"
        "mvn.w r9, r9\n\t"
        "orr.w r11, r10, r8\n\t"
        "and.w r12, r10, r8\n\t"
        "eor.w r10, r10, r8\n\t"
        "mvn.w r10, r10\n\t"
        ODD_ENTRY(7, r4) ODD_ENTRY(4, r5) ODD_ENTRY(2, r6) ODD_ENTRY(1, r7)
        "ldr.w lr, [sp]\n\t"
        "add.w r0, r0, #128\n\t"
        "cmp.w r1, lr\n\t"
        "bne.w 1b\n\t"
        "pop.w {r2, r4-r11, pc}");
}
#else
static __attribute__((naked, noinline)) void write_rows(uint32_t *t __attribute__((unused)),
                                                        const uint32_t *rows __attribute__((unused)),
                                                        const uint32_t *end __attribute__((unused)),
                                                        const uint32_t *low __attribute__((unused)))
{
    WRITE_ROWS_BODY;
}
#endif

/* The table of one group of five or six channels. */
BNN_INLINE uint32_t *build_group(uint32_t *t, const uint32_t *w, int32_t channels)
{
    uint32_t low[5], rows[16]; /* ones and even twos of the low channels; ones and twos of the high, per row */
    const uint32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4];
    low[0] = w0 ^ w1 ^ w2;
    low[1] = bnn_majority(w0, w1, w2);
    low[2] = bnn_majority(~w0, ~w1, w2);
    low[3] = bnn_majority(~w0, w1, ~w2);
    low[4] = bnn_majority(w0, ~w1, ~w2);
    uint32_t s = w3 ^ w4;
    if (channels == 6) {
        const uint32_t w5 = w[5];
        s ^= w5;
        rows[1] = bnn_majority(w3, w4, w5), rows[15] = ~rows[1];
        rows[7] = bnn_majority(~w3, ~w4, w5), rows[9] = ~rows[7];
        rows[11] = bnn_majority(~w3, w4, ~w5), rows[5] = ~rows[11];
        rows[13] = bnn_majority(w3, ~w4, ~w5), rows[3] = ~rows[13];
        rows[8] = rows[14] = ~s;
        rows[10] = rows[12] = s;
    } else {
        rows[1] = w3 & w4, rows[3] = w4 & ~w3;
        rows[5] = w3 & ~w4, rows[7] = ~(w3 | w4);
    }
    rows[0] = rows[6] = s;
    rows[2] = rows[4] = ~s;
    const int32_t patterns = channels == 6 ? 8 : 4;
    write_rows(t, rows, rows + 2 * patterns, low);
    return t + 8 * ENTRY_WORDS * patterns;
}

BNN_NOINLINE void build_tables(uint32_t *t, const uint32_t *w)
{
    t = build_group(t, w, 6);
    t = build_group(t, w + 6, 6);
    for (int32_t i = 12; i < 32; i += 5)
        t = build_group(t, w + i, 5);
}

/* ---- counting ---- */

#ifdef __thumb2__
#define FULL_ADD(s, x, y) SUM(s, x, y) CARRY(s, x)
#define SUM(s, x, y)                   \
    "eor.w " #s ", " #s ", " #x "\n\t" \
    "eor.w " #x ", " #x ", " #y "\n\t" \
    "orr.w " #x ", " #x ", " #s "\n\t" \
    "eor.w " #s ", " #s ", " #y "\n\t"
#define CARRY(s, x) "eor.w " #x ", " #x ", " #s "\n\t" /* apart, to stand between a store and a load */
#define HALF_ADD(carry, s, x)              \
    "and.w " #carry ", " #s ", " #x "\n\t" \
    "eor.w " #s ", " #s ", " #x "\n\t"
#define ENTRY(p, first, bits)                       \
    "ubfx " #p ", r3, #" #first ", #" #bits "\n\t"
#define ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #4\n\t"

/* For each pixel of a run add the counts of one activation word to its planes 1 .. 10 (or 15).
 * Every instruction is 32 bits wide at a multiple of four, where loads and stores cost least. */
#define COUNT_BODY(pitch, top)                                                                             \
    __asm__ volatile(                                                                                      \
        "push.w {r4-r11, lr}\n\t"                                                                          \
        "sub.w sp, sp, #8\n\t"                                                                             \
        "mov.w r2, r1\n\t"                                                                                 \
        "ldr.w r1, [r0, #8]\n\t"                                                                           \
        "str.w r1, [sp]\n\t"                                                                               \
        "ldr.w r1, [r0, #12]\n\t"                                                                          \
        "str.w r1, [sp, #4]\n\t"                                                                           \
        "ldr.w r1, [r0, #4]\n\t"                                                                           \
        "ldr.w r0, [r0]\n\t"                                                                               \
        ".p2align 3\n"                                                                                     \
        "1:\n\t"                                                                                           \
        LOAD(r3, r0, 0) LOAD(r12, sp, 0) LOAD(r4, r1, 4) LOAD(r5, r1, 8) LOAD(r6, r1, 12)                  \
        "add.w r0, r0, r12\n\t"                                                                            \
        /* groups 0 and 1 */                                                                               \
        ENTRY(r7, 0, 6) ENTRY(r8, 6, 6) ADDRESS(r7) ADDRESS(r8)                                            \
        LOAD(r11, r7, 0) LOAD(r12, r7, 4) LOAD(lr, r7, 8)                                                  \
        LOAD(r9, r8, 1024) LOAD(r10, r8, 1028) LOAD(r8, r8, 1032)                                          \
        FULL_ADD(r4, r11, r9) FULL_ADD(r5, r12, r10) FULL_ADD(r6, lr, r8)                                  \
        /* groups 2 and 3 */                                                                               \
        ENTRY(r7, 12, 5) ENTRY(r8, 17, 5) ADDRESS(r7) ADDRESS(r8)                                          \
        LOAD(r9, r7, 2048) LOAD(r10, r8, 2560)                                                             \
        FULL_ADD(r4, r9, r10) FULL_ADD(r5, r11, r9)                                                        \
        LOAD(r9, r7, 2052) LOAD(r10, r8, 2564)                                                             \
        FULL_ADD(r5, r9, r10) FULL_ADD(r6, r12, r9)                                                        \
        LOAD(r9, r7, 2056) LOAD(r10, r8, 2568) LOAD(r7, r1, 16)                                            \
        FULL_ADD(r6, r9, r10) FULL_ADD(r7, lr, r9)                                                         \
        /* groups 4 and 5; pending: r11 fours, r12 eights, lr sixteens */                                  \
        ENTRY(r8, 22, 5) ENTRY(r3, 27, 5) ADDRESS(r8) ADDRESS(r3)                                          \
        LOAD(r9, r8, 3072) LOAD(r10, r3, 3584)                                                             \
        SUM(r4, r9, r10) STORE(r4, r1, 4) CARRY(r4, r9)                                                    \
        LOAD(r10, r8, 3076) LOAD(r4, r3, 3588) LOAD(r8, r8, 3080) LOAD(r3, r3, 3592)                       \
        FULL_ADD(r5, r9, r10) HALF_ADD(r10, r5, r4)                                                        \
        FULL_ADD(r6, r11, r9) FULL_ADD(r6, r10, r8) HALF_ADD(r9, r6, r3)                                   \
        FULL_ADD(r7, r12, r11) SUM(r7, r10, r9)                                                            \
        STORE(r5, r1, 8) STORE(r6, r1, 12) STORE(r7, r1, 16) CARRY(r7, r10)                                \
        /* sixteens: r12, lr, r10; higher planes ripple */                                                 \
        LOAD(r3, r1, 20) LOAD(r4, r1, 24) LOAD(r5, r1, 28) LOAD(r6, r1, 32) LOAD(r7, r1, 36)               \
        LOAD(r8, r1, 40) LOAD(r11, sp, 4)                                                                  \
        FULL_ADD(r3, lr, r12) HALF_ADD(r9, r3, r10)                                                        \
        FULL_ADD(r4, lr, r9)                                                                               \
        HALF_ADD(r9, r5, lr) HALF_ADD(r10, r6, r9) HALF_ADD(r9, r7, r10)                                   \
        top                                                                                                \
        STORE(r3, r1, 20) STORE(r4, r1, 24) STORE(r5, r1, 28) STORE(r6, r1, 32) STORE(r7, r1, 36)          \
        STORE(r8, r1, 40)                                                                                  \
        "add.w r1, r1, #" #pitch "\n\t"                                                                    \
        "cmp.w r1, r11\n\t"                                                                                \
        "bne.w 1b\n\t"                                                                                     \
        "add.w sp, sp, #8\n\t"                                                                             \
        "pop.w {r4-r11, pc}")

#define RIPPLE(carry_out, carry, at) \
    LOAD(r12, r1, at) HALF_ADD(carry_out, r12, carry) STORE(r12, r1, at)

static __attribute__((naked, noinline)) void count_few(const run *r __attribute__((unused)),
                                                       const uint32_t *tables __attribute__((unused)))
{
    COUNT_BODY(44, "eor.w r8, r8, r9\n\t");
}

static __attribute__((naked, noinline)) void count_many(const run *r __attribute__((unused)),
                                                        const uint32_t *tables __attribute__((unused)))
{
    COUNT_BODY(64, HALF_ADD(r10, r8, r9) RIPPLE(r9, r10, 44) RIPPLE(r10, r9, 48) RIPPLE(r9, r10, 52)
                       RIPPLE(r10, r9, 56) RIPPLE(r9, r10, 60));
}
#else
static __attribute__((naked, noinline)) void count_few(const run *r __attribute__((unused)),
                                                       const uint32_t *tables __attribute__((unused)))
{
    COUNT_BODY_ARMV6M(LAST_OF_FEW);
}

static __attribute__((naked, noinline)) void count_many(const run *r __attribute__((unused)),
                                                        const uint32_t *tables __attribute__((unused)))
{
    COUNT_BODY_ARMV6M(LAST_OF_MANY);
}
#endif

/* ---- the layer ---- */

typedef struct {
    int32_t y0, y1, x0, x1; /* output pixels of a tile */
} tile;

/* Outputs whose tap k lies in the image along one axis, within [from, to). */
BNN_INLINE void in_image(int32_t k, int32_t pad, int32_t stride, int32_t size, int32_t *from, int32_t *to)
{
    int32_t before = pad - k, last = size - 1 + pad - k;
    int32_t lo = before > 0 ? (before + stride - 1) / stride : 0;
    int32_t hi = last < 0 ? 0 : last / stride + 1;
    if (lo > *from)
        *from = lo;
    if (hi < *to)
        *to = hi;
}

/* Taps in the image along one axis. */
BNN_INLINE int32_t taps(int32_t first, int32_t kernel, int32_t size)
{
    int32_t from = first < 0 ? -first : 0, to = first + kernel > size ? size - first : kernel;
    return to > from ? to - from : 0;
}

/* Counters begin at z = start - 1 - 2 K + (skipped synapses), halved; its parity is plane 0. */
static void start_counters(const bnn_layer *layer, const tile *t, uint32_t *counters, const uint32_t *starts,
                           uint32_t *planes, int32_t m)
{
    int32_t known = -1;
    for (int32_t y = t->y0; y < t->y1; y++) {
        int32_t rows = taps(y * layer->stride_h - layer->pad_top, layer->kernel_h, layer->in_h);
        for (int32_t x = t->x0; x < t->x1; x++) {
            int32_t seen = rows * taps(x * layer->stride_w - layer->pad_left, layer->kernel_w, layer->in_w);
            if (seen != known) {
                known = seen;
                bnn_add_scalar(planes, starts, (uint32_t)(layer->in_c * (layer->kernel_h * layer->kernel_w - seen)), m);
            }
            for (int32_t i = 0; i < m; i++)
                counters[i] = planes[i];
            counters += m;
        }
    }
}

static void count_tap(const bnn_layer *layer, const tile *t, int32_t ky, int32_t kx, int32_t word, uint32_t *counters,
                      const uint32_t *tables, int32_t m)
{
    tile in = *t;
    in_image(ky, layer->pad_top, layer->stride_h, layer->in_h, &in.y0, &in.y1);
    in_image(kx, layer->pad_left, layer->stride_w, layer->in_w, &in.x0, &in.x1);
    if (in.x0 >= in.x1)
        return;
    run r;
    r.input_step = (uint32_t)(4 * layer->stride_w * layer->in_words);
    const int32_t in_x = in.x0 * layer->stride_w + kx - layer->pad_left;
    for (int32_t y = in.y0; y < in.y1; y++) {
        int32_t in_y = y * layer->stride_h + ky - layer->pad_top;
        r.input = (const uint32_t *)layer->input + (in_y * layer->in_w + in_x) * layer->in_words + word;
        r.counters = counters + m * ((y - t->y0) * (t->x1 - t->x0) + in.x0 - t->x0);
        r.end = r.counters + m * (in.x1 - in.x0);
        if (m == FEW_PLANES + 1)
            count_few(&r, tables);
        else
            count_many(&r, tables);
    }
}

/* A bit before polarity is set when z + width has no carry out. */
static void threshold(const bnn_layer *layer, const tile *t, int32_t group, const uint32_t *counters,
                      const uint32_t *widths, int32_t m)
{
    const uint32_t polarity = ~layer->polarity[group], real = bnn_real_lanes(layer, group);
    for (int32_t y = t->y0; y < t->y1; y++) {
        uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + t->x0) * layer->out_words + group;
        for (int32_t x = t->x0; x < t->x1; x++) {
            uint32_t carry = 0;
            for (int32_t i = 0; i < m; i++)
                carry = bnn_majority(counters[i], widths[i], carry);
            counters += m;
            *out = (carry ^ polarity) & real;
            out += layer->out_words;
        }
    }
}

static void run_tile(const bnn_layer *layer, const tile *t)
{
    uint32_t *tables = layer->scratch, *starts = tables + TABLE_WORDS, *widths = starts + 16, *work = widths + 16;
    uint32_t *counters = tables + TABLE_WORDS + 64;
    const int32_t words = layer->in_words, taps_words = layer->kernel_h * layer->kernel_w * words;
    const uint32_t synapses = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c);
    const int32_t m = (synapses > 1022 ? MANY_PLANES : FEW_PLANES) + 1;
    const uint32_t *w = layer->weights;
    for (int32_t group = 0; group < layer->out_words; group++) {
        bnn_threshold_planes(layer, group, synapses, 0 - 1 - 2 * synapses, m, starts, widths, work);
        start_counters(layer, t, counters, starts, work, m);
        for (int32_t i = 0, ky = 0, kx = 0, word = 0; i < taps_words; i++, w += 32) {
            build_tables(tables, w);
            count_tap(layer, t, ky, kx, word, counters, tables, m);
            if (++word == words) {
                word = 0;
                if (++kx == layer->kernel_w)
                    kx = 0, ky++;
            }
        }
        threshold(layer, t, group, counters, widths, m);
    }
}

void bbconv2d_bitsliced_tables(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    const int32_t width = layer->out_w < TILE_PIXELS ? layer->out_w : TILE_PIXELS;
    const int32_t height = TILE_PIXELS / width;
    tile t;
    for (t.y0 = 0; t.y0 < layer->out_h; t.y0 = t.y1) {
        t.y1 = t.y0 + height < layer->out_h ? t.y0 + height : layer->out_h;
        for (t.x0 = 0; t.x0 < layer->out_w; t.x0 = t.x1) {
            t.x1 = t.x0 + width < layer->out_w ? t.x0 + width : layer->out_w;
            run_tile(layer, &t);
        }
    }
}
