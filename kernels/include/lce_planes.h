/* Distances held as bit planes, 32 outputs to a word, for LceBconv2d: two pixels at a time to words of two. */
#ifndef BNN_LCE_PLANES_H
#define BNN_LCE_PLANES_H
#include <stdint.h>
#include "bnn_layer.h"
#include "counters.h"
#include "inline.h"
#include "lce.h"

/* Distances: counters start at the synapses outside the image, and differing bits count twice. */
static const uint32_t bnn_lce_starts[16] = {0};

/* One step of a transposition: bits of row a from `half` up change places with the bits of row b below them. */
#ifdef __thumb2__
#define BNN_EXCHANGE(a, b, half, mask)                        \
    "eor.w r12, " #b ", " #a ", lsr #" #half "\n\t"       \
    "and.w r12, r12, #" #mask "\n\t"                     \
    "eor.w " #b ", " #b ", r12\n\t"                      \
    "eor.w " #a ", " #a ", r12, lsl #" #half "\n\t"
#define BNN_EXCHANGE_FOUR(a, b, c, d, far, far_mask, near, near_mask)         \
    BNN_EXCHANGE(a, c, far, far_mask) BNN_EXCHANGE(b, d, far, far_mask)           \
    BNN_EXCHANGE(a, b, near, near_mask) BNN_EXCHANGE(c, d, near, near_mask)
/* rows at, at + 4, at + 8 and at + 12, and those behind them */
#define BNN_EIGHT_COLUMNS(op, at)                                                                               \
    op(r4, at, 0) op(r5, at, 4) op(r6, at, 16) op(r7, at, 20) op(r8, at, 32) op(r9, at, 36) op(r10, at, 48) \
    op(r11, at, 52)
#define BNN_LOAD_ROW(r, at, more) "ldr.w " #r ", [r0, #" #at " + " #more "]\n\t"
#define BNN_STORE_ROW(r, at, more) "str.w " #r ", [r0, #" #at " + " #more "]\n\t"
#define BNN_COLUMNS(at)                                                     \
    BNN_EIGHT_COLUMNS(BNN_LOAD_ROW, at)                                         \
    BNN_EXCHANGE_FOUR(r4, r6, r8, r10, 8, 0x00ff00ff, 4, 0x0f0f0f0f)        \
    BNN_EXCHANGE_FOUR(r5, r7, r9, r11, 8, 0x00ff00ff, 4, 0x0f0f0f0f)        \
    BNN_EIGHT_COLUMNS(BNN_STORE_ROW, at)
#define BNN_ROWS                                                            \
    "ldm.w r0, {r4-r11}\n\t"                                            \
    BNN_EXCHANGE_FOUR(r4, r5, r6, r7, 2, 0x33333333, 1, 0x55555555)         \
    BNN_EXCHANGE_FOUR(r8, r9, r10, r11, 2, 0x33333333, 1, 0x55555555)       \
    "stm.w r0!, {r4-r11}\n\t"

/* Transpose the four matrices of 16 x 16 bits that 32 rows hold, two side by side. */
static __attribute__((naked, noinline, unused)) void bnn_transpose16(uint32_t *rows __attribute__((unused)))
{
    __asm__ volatile("push.w {r4-r11, lr}\n\t"
                     "add.w r1, r0, #128\n\t"
                     ".p2align 3\n"
                     "1:\n\t" BNN_COLUMNS(0) BNN_COLUMNS(8) BNN_ROWS BNN_ROWS
                     "cmp.w r0, r1\n\t"
                     "bne.w 1b\n\t"
                     "pop.w {r4-r11, pc}");
}
#else
#define BNN_EXCHANGE(a, b, half, mask)                      \
    do {                                                \
        uint32_t t_ = (((a) >> (half)) ^ (b)) & (mask); \
        (b) ^= t_;                                      \
        (a) ^= t_ << (half);                            \
    } while (0)

/* Four rows that are `apart` words from each other. */
BNN_INLINE void bnn_exchange_four(uint32_t *p, int32_t apart, int32_t far, uint32_t far_mask, int32_t near,
                              uint32_t near_mask)
{
    uint32_t a = p[0], b = p[apart], c = p[2 * apart], d = p[3 * apart];
    BNN_EXCHANGE(a, c, far, far_mask);
    BNN_EXCHANGE(b, d, far, far_mask);
    BNN_EXCHANGE(a, b, near, near_mask);
    BNN_EXCHANGE(c, d, near, near_mask);
    p[0] = a, p[apart] = b, p[2 * apart] = c, p[3 * apart] = d;
}

BNN_NOINLINE void bnn_transpose16(uint32_t *rows)
{
    for (uint32_t *p = rows; p < rows + 32; p += 16)
        for (int32_t i = 0; i < 4; i++)
            bnn_exchange_four(p + i, 4, 8, 0x00ff00ffu, 4, 0x0f0f0f0fu);
    for (uint32_t *p = rows; p < rows + 32; p += 4)
        bnn_exchange_four(p, 1, 2, 0x33333333u, 1, 0x55555555u);
}
#endif

/* pairs[i]: the number of lane i of a in the lower half, of b in the upper one; m <= 16 planes each. */
BNN_INLINE void bnn_pairs_of_planes(const uint32_t *a, const uint32_t *b, int32_t m, uint32_t *pairs)
{
    for (int32_t i = 0; i < m; i++) {
        pairs[i] = (a[i] & 0xffffu) | b[i] << 16;
        pairs[16 + i] = a[i] >> 16 | (b[i] & 0xffff0000u);
    }
    for (int32_t i = m; i < 16; i++)
        pairs[i] = pairs[16 + i] = 0;
    bnn_transpose16(pairs);
}

/* Write the outputs of a group of 32, two pixels of the tile at a time. */
BNN_NOINLINE void bnn_lce_store_counters(const bnn_layer *layer, const bnn_counters *s, int32_t group)
{
    const bnn_rectangle *const t = &s->tile;
    const int32_t pixel_bytes = layer->out_c * layer->out_bytes, width = t->x1 - t->x0, m = s->m;
    const uint32_t *counters = s->counters;
    uint32_t *const pairs = s->work;
    const int32_t rest = layer->out_c - 32 * group, n = rest < 32 ? rest : 32;
    char *out = (char *)layer->output + (t->y0 * layer->out_w + t->x0) * pixel_bytes, *first = 0;
    for (int32_t y = t->y0; y < t->y1; y++, out += (layer->out_w - width) * pixel_bytes)
        for (int32_t x = 0; x < width; x++, counters += m, out += pixel_bytes) {
            if (!first) {
                first = out;
                continue;
            }
            bnn_pairs_of_planes(counters - m, counters, m, pairs);
            bnn_lce_store_pairs(layer, pairs, 32 * group, n, first, out);
            first = 0;
        }
    if (first) {
        bnn_pairs_of_planes(counters - m, counters - m, m, pairs);
        bnn_lce_store_pairs(layer, pairs, 32 * group, n, first, 0);
    }
}
#endif
