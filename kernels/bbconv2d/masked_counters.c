/* ---
operator: BBConv2D
variant: masked_counters
idea: >-
  bit-sliced counters whose 32 lanes are output channels, fed by every synapse: an activation bit, spread over a word,
  flips the 32 weights that meet it. Eight such words go through seven full adders; four of their carries, the eights,
  through three more, whose carry is added to the higher counters in memory. Counters start at half of the folded
  threshold's constant, so that thresholding is one carry chain whose result is the packed output word.
registers: >-
  the activation word, the weight pointer, ones, twos, fours, up to five words in work (two are a pair of carries), a
  mask, two pending carries; eights and higher counters in memory
needs: []
fixed_time: true
weights: bit O/32 Y X C/32 C%32 O%32
scratch_bytes: frame_bytes + 4 * 96
supports: kernel_h * kernel_w * in_c <= 32766
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "inline.h"
#include "pad.h"
#include "region.h"
#ifdef __thumb2__
#include "planes.h"
#endif

enum { PLANES = 16 };

typedef struct {
    uint32_t *starts, *widths; /* planes of the thresholds of 32 outputs */
    uint32_t *begin;           /* planes from which a patch counts, those of z = start - 1 - 2 K + skipped synapses */
    uint32_t *z;               /* those of a pixel: z + 2 * popcount(a ^ w) */
    uint32_t *work;            /* 32 words */
    int32_t m;                 /* planes in use */
    uint32_t synapses;
} state;

#ifdef __thumb2__
/* The weights of four channels; those whose activation is set are flipped. r1: activations, r2: weights. */
#define FLIP(r, i) "sbfx lr, r1, #" #i ", #1\n\t" "eor.w " #r ", " #r ", lr\n\t"
#define FOUR_CHANNELS(i, a, b, c, d)                                                                         \
    P_LOAD(a, r2, 4 * (i)) P_LOAD(b, r2, 4 * (i) + 4) P_LOAD(c, r2, 4 * (i) + 8) P_LOAD(d, r2, 4 * (i) + 12) \
    FLIP(a, i) FLIP(b, i + 1) FLIP(c, i + 2) FLIP(d, i + 3)
/* out: the eights of eight channels */
#define EIGHT_CHANNELS(i, out)                                                \
    FOUR_CHANNELS(i, r3, r7, r10, r11) P_ADD_FOUR(r4, r3, r7, r10, r11)       \
    FOUR_CHANNELS(i + 4, r0, r10, r11, r12) P_ADD_FOUR(r4, r0, r10, r11, r12) \
    P_ADD_TWO_PAIRS(r5, r7, r3, r10, r0) P_ADD_PAIR(out, r6, r3, r7)

/* z += 2 * popcount of 32 channels, in m planes */
static __attribute__((naked, noinline)) void count_word(uint32_t *z __attribute__((unused)),
                                                        uint32_t a __attribute__((unused)),
                                                        const uint32_t *w __attribute__((unused)),
                                                        int32_t m __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r0, r3-r11, lr}\n\t"
        ".p2align 2\n\t"
        P_LOAD(r4, r0, 4) P_LOAD(r5, r0, 8) P_LOAD(r6, r0, 12)
        EIGHT_CHANNELS(0, r8) EIGHT_CHANNELS(8, r9)
        P_LOAD(r0, sp, 0) P_LOAD(r7, r0, 16)
        P_FULL_ADD(r7, r8, r9)
        P_STORE(r7, r0, 16)
        EIGHT_CHANNELS(16, r9) EIGHT_CHANNELS(24, r7)
        P_LOAD(r0, sp, 0) P_LOAD(r1, sp, 4)
        P_LOAD(r2, r0, 16) P_LOAD(r3, r0, 20) P_LOAD(r10, r0, 24) P_LOAD(r11, r0, 28) P_LOAD(r12, r0, 32)
        P_LOAD(lr, r0, 36)
        P_FULL_ADD(r2, r7, r9)
        P_LOAD(r9, r0, 40)
        P_FULL_ADD(r3, r7, r8)
        P_HALF_ADD(r8, r10, r7) P_HALF_ADD(r7, r11, r8) P_HALF_ADD(r8, r12, r7) P_HALF_ADD(r7, lr, r8)
        P_HALF_ADD(r8, r9, r7)
        P_STORE(r4, r0, 4) P_STORE(r5, r0, 8) P_STORE(r6, r0, 12) P_STORE(r2, r0, 16) P_STORE(r3, r0, 20)
        P_STORE(r10, r0, 24) P_STORE(r11, r0, 28) P_STORE(r12, r0, 32) P_STORE(lr, r0, 36) P_STORE(r9, r0, 40)
        "cmp.w r1, #11\n\t"
        "ble.w 1f\n\t"
        P_LOAD(r2, r0, 44) P_LOAD(r3, r0, 48) P_LOAD(r4, r0, 52) P_LOAD(r5, r0, 56) P_LOAD(r6, r0, 60)
        P_HALF_ADD(r7, r2, r8) P_HALF_ADD(r8, r3, r7) P_HALF_ADD(r7, r4, r8) P_HALF_ADD(r8, r5, r7)
        "eor.w r6, r6, r8\n\t"
        P_STORE(r2, r0, 44) P_STORE(r3, r0, 48) P_STORE(r4, r0, 52) P_STORE(r5, r0, 56) P_STORE(r6, r0, 60)
        "1: pop.w {r0, r3-r11, pc}");
}
#else
/* The weights of channel i that differ from its activation. */
#define FLIPPED(i) w[i] ^ (uint32_t)((int32_t)(a << (31 - (i))) >> 31)

/* Adds channels i .. i + 7; `carry` becomes their eights. */
#define ADD_EIGHT(i, carry)                                    \
    do {                                                       \
        uint32_t x0 = FLIPPED(i), x1 = FLIPPED((i) + 1);       \
        BNN_FULL_ADD(ones, x0, x1);                            \
        uint32_t x2 = FLIPPED((i) + 2), x3 = FLIPPED((i) + 3); \
        BNN_FULL_ADD(ones, x2, x3);                            \
        BNN_FULL_ADD(twos, x0, x2);                            \
        uint32_t y0 = FLIPPED((i) + 4), y1 = FLIPPED((i) + 5); \
        BNN_FULL_ADD(ones, y0, y1);                            \
        uint32_t y2 = FLIPPED((i) + 6), y3 = FLIPPED((i) + 7); \
        BNN_FULL_ADD(ones, y2, y3);                            \
        BNN_FULL_ADD(twos, y0, y2);                            \
        BNN_FULL_ADD(fours, x0, y0);                           \
        carry = x0;                                            \
        BNN_KEEP(carry); /* or loads move up and sums spill */ \
    } while (0)

/* z += 2 * popcount of 32 channels. */
BNN_NOINLINE void count_word(uint32_t *z, uint32_t a, const uint32_t *w, int32_t m)
{
    uint32_t ones = z[1], twos = z[2], fours = z[3], eights = z[4], x, y, carry;
    ADD_EIGHT(0, carry);
    ADD_EIGHT(8, x);
    BNN_FULL_ADD(eights, carry, x);
    ADD_EIGHT(16, x);
    ADD_EIGHT(24, y);
    BNN_FULL_ADD(eights, x, y);
    z[1] = ones;
    z[2] = twos;
    z[3] = fours;
    z[4] = eights;
    uint32_t sixteens = z[5];
    BNN_FULL_ADD(sixteens, carry, x);
    z[5] = sixteens;
    for (int32_t i = 6; i < m; i++)
        BNN_HALF_ADD(z[i], carry);
}
#endif

static void count_patch(const bnn_layer *layer, const state *s, const bnn_stretch *rows, const bnn_stretch *columns,
                        const uint32_t *in, const uint32_t *w)
{
    const int32_t run = bnn_stretch_taps(columns) * layer->in_words, gap = layer->kernel_w * layer->in_words - run;
    for (int32_t i = 0; i < s->m; i++)
        s->z[i] = s->begin[i];
    for (int32_t ky = rows->tap0; run && ky < rows->tap1; ky++, w += 32 * gap, in += layer->in_w * layer->in_words)
        for (int32_t i = 0; i < run; i++, w += 32)
            count_word(s->z, in[i], w, s->m);
}

static void run_group(const bnn_layer *layer, state *s, int32_t group)
{
    const int32_t taps_words = layer->kernel_h * layer->kernel_w * layer->in_words;
    const uint32_t *weights = (const uint32_t *)layer->weights + 32 * taps_words * group;
    const uint32_t polarity = ~layer->polarity[group], real = bnn_real_lanes(layer, group);
    uint32_t *out = (uint32_t *)layer->output + group;
    bnn_stretch rows, columns;
    for (int32_t y = 0; y < layer->out_h; y++) {
        rows = bnn_rows_at(layer, y);
        const int32_t top = y * layer->stride_h - layer->pad_top + rows.tap0;
        for (int32_t x = 0; x < layer->out_w; x++, out += layer->out_words) {
            if (x == 0 || x == columns.to) {
                columns = bnn_columns_at(layer, x);
                const int32_t seen = bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns) * layer->in_c;
                bnn_add_scalar(s->begin, s->starts, s->synapses - (uint32_t)seen, s->m);
            }
            const int32_t left = x * layer->stride_w - layer->pad_left + columns.tap0;
            count_patch(layer, s, &rows, &columns,
                        (const uint32_t *)layer->input + (top * layer->in_w + left) * layer->in_words,
                        weights + 32 * (rows.tap0 * layer->kernel_w + columns.tap0) * layer->in_words);
            uint32_t carry = 0;
            for (int32_t i = 0; i < s->m; i++)
                carry = bnn_majority(s->z[i], s->widths[i], carry);
            *out = (carry ^ polarity) & real;
        }
    }
}

void bbconv2d_masked_counters(const bnn_layer *layer)
{
    bnn_layer framed;
    state s;
    layer = bnn_framed(layer, &framed);
    s.starts = layer->scratch;
    s.widths = s.starts + PLANES;
    s.begin = s.widths + PLANES;
    s.z = s.begin + PLANES;
    s.work = s.z + PLANES;
    s.synapses = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c);
    for (s.m = 7; (1u << s.m) < 2 * s.synapses + 3; s.m++)
        ;
    for (int32_t group = 0; group < layer->out_words; group++) {
        bnn_threshold_planes(layer, group, s.synapses, 0 - 1 - 2 * s.synapses, s.m, s.starts, s.widths, s.work);
        run_group(layer, &s, group);
    }
}
