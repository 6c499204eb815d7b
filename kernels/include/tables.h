/* Bit-sliced counters fed from tables (the method of the Four Russians), as bitsliced_tables of BBConv2D explains it:
 * a group of five or six channels of a weight word has a table of the planes of its counts. */
#ifndef BNN_TABLES_H
#define BNN_TABLES_H
#include <stdint.h>
#include "bitsliced.h"
#include "bnn_layer.h"
#include "counters.h"
#include "inline.h"
#ifdef __thumb2__
#include "planes.h"
#else
#include "tables_armv6m.h"
#endif

enum {
    BNN_ENTRY_WORDS = 4, /* ones, twos, fours, unused: sixteen bytes, so that an index needs only a shift */
    BNN_TABLE_WORDS = 1024,
    BNN_TABLES_TILE = 256,  /* pixels */
    BNN_TABLES_PLANES = 16, /* if eleven are too few; for up to 32766 synapses */
};

typedef struct {
    const uint32_t *input; /* word of the first pixel of a run */
    uint32_t *counters;    /* its counters, plane 0 first */
    uint32_t input_step;   /* bytes from one pixel to the next */
    uint32_t *end;         /* counters behind the run */
} bnn_run;

/* ---- tables ---- */

#ifdef __thumb2__
#define T_EVEN_ENTRY(pattern, x)      \
    P_STORE(r9, r0, 16 * pattern)     \
    "eor.w lr, " #x ", r10\n\t"       \
    P_STORE(lr, r0, 16 * pattern + 4) \
    "and.w lr, " #x ", r11\n\t"       \
    "orr.w lr, lr, r12\n\t"           \
    P_STORE(lr, r0, 16 * pattern + 8)
#define T_ODD_ENTRY(pattern, x)       \
    P_STORE(r9, r0, 16 * pattern)     \
    "eor.w lr, " #x ", r10\n\t"       \
    P_STORE(lr, r0, 16 * pattern + 4) \
    "bic.w lr, r11, " #x "\n\t"       \
    "orr.w lr, lr, r12\n\t"           \
    P_STORE(lr, r0, 16 * pattern + 8)

/* Eight entries per row: the three low channels of a group take every pattern (r3 their ones, r4 to r7 their
 * twos), the others count r2 + 2 * r8. A stored plane then costs one or two operations. */
static __attribute__((naked, noinline, unused)) void bnn_write_rows(uint32_t *t __attribute__((unused)),
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
        T_EVEN_ENTRY(0, r4) T_EVEN_ENTRY(3, r5) T_EVEN_ENTRY(5, r6) T_EVEN_ENTRY(6, r7)
        "bic.w r10, r2, r3\n\t"
        "mvn.w r9, r9\n\t"
        "orr.w r11, r10, r8\n\t"
        "and.w r12, r10, r8\n\t"
        "eor.w r10, r10, r8\n\t"
        "mvn.w r10, r10\n\t"
        T_ODD_ENTRY(7, r4) T_ODD_ENTRY(4, r5) T_ODD_ENTRY(2, r6) T_ODD_ENTRY(1, r7)
        "ldr.w lr, [sp]\n\t"
        "add.w r0, r0, #128\n\t"
        "cmp.w r1, lr\n\t"
        "bne.w 1b\n\t"
        "pop.w {r2, r4-r11, pc}");
}
#else
static __attribute__((naked, noinline, unused)) void bnn_write_rows(uint32_t *t __attribute__((unused)),
                                                                    const uint32_t *rows __attribute__((unused)),
                                                                    const uint32_t *end __attribute__((unused)),
                                                                    const uint32_t *low __attribute__((unused)))
{
    T_WRITE_ROWS_BODY;
}
#endif

/* The table of one group of five or six channels. */
BNN_INLINE uint32_t *bnn_build_group(uint32_t *t, const uint32_t *w, int32_t channels)
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
    bnn_write_rows(t, rows, rows + 2 * patterns, low);
    return t + 8 * BNN_ENTRY_WORDS * patterns;
}

BNN_NOINLINE void bnn_build_tables(uint32_t *t, const uint32_t *w)
{
    t = bnn_build_group(t, w, 6);
    t = bnn_build_group(t, w + 6, 6);
    for (int32_t i = 12; i < 32; i += 5)
        t = bnn_build_group(t, w + i, 5);
}

/* ---- counting ---- */

#ifdef __thumb2__
#define T_ENTRY(p, first, bits) \
    "ubfx " #p ", r3, #" #first ", #" #bits "\n\t"
#define T_ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #4\n\t"

/* For each pixel of a run add the counts of one activation word to its planes 1 .. 10 (or 15).
 * Every instruction is 32 bits wide at a multiple of four, where loads and stores cost least. */
#define T_COUNT_BODY(pitch, top)                                                                            \
    __asm__ volatile(                                                                                       \
        "push.w {r4-r11, lr}\n\t"                                                                           \
        "sub.w sp, sp, #8\n\t"                                                                              \
        "mov.w r2, r1\n\t"                                                                                  \
        "ldr.w r1, [r0, #8]\n\t"                                                                            \
        "str.w r1, [sp]\n\t"                                                                                \
        "ldr.w r1, [r0, #12]\n\t"                                                                           \
        "str.w r1, [sp, #4]\n\t"                                                                            \
        "ldr.w r1, [r0, #4]\n\t"                                                                            \
        "ldr.w r0, [r0]\n\t"                                                                                \
        ".p2align 3\n"                                                                                      \
        "1:\n\t"                                                                                            \
        P_LOAD(r3, r0, 0) P_LOAD(r12, sp, 0) P_LOAD(r4, r1, 4) P_LOAD(r5, r1, 8) P_LOAD(r6, r1, 12)         \
        "add.w r0, r0, r12\n\t"                                                                             \
        /* groups 0 and 1 */                                                                                \
        T_ENTRY(r7, 0, 6) T_ENTRY(r8, 6, 6) T_ADDRESS(r7) T_ADDRESS(r8)                                     \
        P_LOAD(r11, r7, 0) P_LOAD(r12, r7, 4) P_LOAD(lr, r7, 8)                                             \
        P_LOAD(r9, r8, 1024) P_LOAD(r10, r8, 1028) P_LOAD(r8, r8, 1032)                                     \
        P_FULL_ADD(r4, r11, r9) P_FULL_ADD(r5, r12, r10) P_FULL_ADD(r6, lr, r8)                             \
        /* groups 2 and 3 */                                                                                \
        T_ENTRY(r7, 12, 5) T_ENTRY(r8, 17, 5) T_ADDRESS(r7) T_ADDRESS(r8)                                   \
        P_LOAD(r9, r7, 2048) P_LOAD(r10, r8, 2560)                                                          \
        P_FULL_ADD(r4, r9, r10) P_FULL_ADD(r5, r11, r9)                                                     \
        P_LOAD(r9, r7, 2052) P_LOAD(r10, r8, 2564)                                                          \
        P_FULL_ADD(r5, r9, r10) P_FULL_ADD(r6, r12, r9)                                                     \
        P_LOAD(r9, r7, 2056) P_LOAD(r10, r8, 2568) P_LOAD(r7, r1, 16)                                       \
        P_FULL_ADD(r6, r9, r10) P_FULL_ADD(r7, lr, r9)                                                      \
        /* groups 4 and 5; pending: r11 fours, r12 eights, lr sixteens */                                   \
        T_ENTRY(r8, 22, 5) T_ENTRY(r3, 27, 5) T_ADDRESS(r8) T_ADDRESS(r3)                                   \
        P_LOAD(r9, r8, 3072) P_LOAD(r10, r3, 3584)                                                          \
        P_SUM(r4, r9, r10) P_STORE(r4, r1, 4) P_CARRY(r4, r9)                                               \
        P_LOAD(r10, r8, 3076) P_LOAD(r4, r3, 3588) P_LOAD(r8, r8, 3080) P_LOAD(r3, r3, 3592)                \
        P_FULL_ADD(r5, r9, r10) P_HALF_ADD(r10, r5, r4)                                                     \
        P_FULL_ADD(r6, r11, r9) P_FULL_ADD(r6, r10, r8) P_HALF_ADD(r9, r6, r3)                              \
        P_FULL_ADD(r7, r12, r11) P_SUM(r7, r10, r9)                                                         \
        P_STORE(r5, r1, 8) P_STORE(r6, r1, 12) P_STORE(r7, r1, 16) P_CARRY(r7, r10)                         \
        /* sixteens: r12, lr, r10; higher planes ripple */                                                  \
        P_LOAD(r3, r1, 20) P_LOAD(r4, r1, 24) P_LOAD(r5, r1, 28) P_LOAD(r6, r1, 32) P_LOAD(r7, r1, 36)      \
        P_LOAD(r8, r1, 40) P_LOAD(r11, sp, 4)                                                               \
        P_FULL_ADD(r3, lr, r12) P_HALF_ADD(r9, r3, r10)                                                     \
        P_FULL_ADD(r4, lr, r9)                                                                              \
        P_HALF_ADD(r9, r5, lr) P_HALF_ADD(r10, r6, r9) P_HALF_ADD(r9, r7, r10)                              \
        top                                                                                                 \
        P_STORE(r3, r1, 20) P_STORE(r4, r1, 24) P_STORE(r5, r1, 28) P_STORE(r6, r1, 32) P_STORE(r7, r1, 36) \
        P_STORE(r8, r1, 40)                                                                                 \
        "add.w r1, r1, #" #pitch "\n\t"                                                                     \
        "cmp.w r1, r11\n\t"                                                                                 \
        "bne.w 1b\n\t"                                                                                      \
        "add.w sp, sp, #8\n\t"                                                                              \
        "pop.w {r4-r11, pc}")

#define T_RIPPLE(carry_out, carry, at) \
    P_LOAD(r12, r1, at) P_HALF_ADD(carry_out, r12, carry) P_STORE(r12, r1, at)

static __attribute__((naked, noinline, unused)) void bnn_count_few(const bnn_run *r __attribute__((unused)),
                                                                   const uint32_t *tables __attribute__((unused)))
{
    T_COUNT_BODY(44, "eor.w r8, r8, r9\n\t");
}

static __attribute__((naked, noinline, unused)) void bnn_count_many(const bnn_run *r __attribute__((unused)),
                                                                    const uint32_t *tables __attribute__((unused)))
{
    T_COUNT_BODY(64, P_HALF_ADD(r10, r8, r9) T_RIPPLE(r9, r10, 44) T_RIPPLE(r10, r9, 48) T_RIPPLE(r9, r10, 52)
                       T_RIPPLE(r10, r9, 56) T_RIPPLE(r9, r10, 60));
}
#else
static __attribute__((naked, noinline, unused)) void bnn_count_few(const bnn_run *r __attribute__((unused)),
                                                                   const uint32_t *tables __attribute__((unused)))
{
    T_COUNT_BODY_ARMV6M(T_LAST_OF_FEW);
}

static __attribute__((naked, noinline, unused)) void bnn_count_many(const bnn_run *r __attribute__((unused)),
                                                                    const uint32_t *tables __attribute__((unused)))
{
    T_COUNT_BODY_ARMV6M(T_LAST_OF_MANY);
}
#endif

/* ---- a tile ---- */

/* Tables, work, counters in `memory`. Sets neither tile nor starts. */
BNN_INLINE void bnn_begin_tables(const bnn_layer *layer, bnn_counters *s, uint32_t *memory)
{
    s->m = bnn_planes_of(layer, BNN_TABLES_PLANES);
    bnn_place_counters(layer, s, memory, BNN_TABLE_WORDS, BNN_TABLES_TILE);
}

BNN_NOINLINE void bnn_count_tap(const bnn_layer *layer, const bnn_counters *s, int32_t ky, int32_t kx, int32_t word)
{
    const bnn_rectangle *const t = &s->tile, in = bnn_pixels_inside(layer, t, ky, kx);
    if (in.x0 >= in.x1)
        return;
    bnn_run r;
    r.input_step = (uint32_t)(4 * layer->stride_w * layer->in_words);
    const int32_t in_x = in.x0 * layer->stride_w + kx - layer->pad_left;
    for (int32_t y = in.y0; y < in.y1; y++) {
        int32_t in_y = y * layer->stride_h + ky - layer->pad_top;
        r.input = (const uint32_t *)layer->input + (in_y * layer->in_w + in_x) * layer->in_words + word;
        r.counters = s->counters + s->m * ((y - t->y0) * (t->x1 - t->x0) + in.x0 - t->x0);
        r.end = r.counters + s->m * (in.x1 - in.x0);
        if (s->m == BNN_FEW_COUNTERS)
            bnn_count_few(&r, s->tables);
        else
            bnn_count_many(&r, s->tables);
    }
}

/* Count all taps of a group of 32 outputs, whose weights are at w; returns the next group's weights. */
BNN_INLINE const uint32_t *bnn_count_group(const bnn_layer *layer, const bnn_counters *s, const uint32_t *w)
{
    for (int32_t ky = 0; ky < layer->kernel_h; ky++)
        for (int32_t kx = 0; kx < layer->kernel_w; kx++)
            for (int32_t word = 0; word < layer->in_words; word++, w += 32) {
                bnn_build_tables(s->tables, w);
                bnn_count_tap(layer, s, ky, kx, word);
            }
    return w;
}
#endif
