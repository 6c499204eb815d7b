/* ---
operator: BBConv2D
variant: swar
idea: >-
  what a portable program does: the population count of every word by shifts, masks and one multiplication, twelve
  operations. One pixel by two outputs, so that a word of the pixel is loaded once for two counts.
registers: two pointers, words left, an activation, two counts, three masks and the factor, two words in work
needs: []
fixed_time: true
weights: bit O/2 Y X C/32 O%2 C%32
scratch_bytes: frame_bytes
--- */
#include "dots.h"

BNN_NOINLINE uint64_t count_swar(const bnn_runs *p, const uint32_t *a, const uint32_t *w)
{
    /* In registers, since a constant operand cannot be shifted on the way. */
    uint32_t ones = 0x55555555u, twos = 0x33333333u, fours = 0x0f0f0f0fu, factor = 0x01010101u;
    uint32_t first = 0, second = 0;
    BNN_KEEP(ones);
    BNN_KEEP(twos);
    BNN_KEEP(fours);
    BNN_KEEP(factor);
#define ADD_COUNT(sum, word)                              \
    do {                                                  \
        uint32_t x = (word);                              \
        x -= (x >> 1) & ones;                             \
        x = (x & twos) + ((x >> 2) & twos);               \
        sum += (((x + (x >> 4)) & fours) * factor) >> 24; \
    } while (0)
    for (int32_t rows = p->rows; rows; rows--, a += p->a_skip, w += p->w_skip)
        for (int32_t n = p->run; n; n--, w += 2) {
            const uint32_t word = *a++;
            ADD_COUNT(first, word ^ w[0]);
            ADD_COUNT(second, word ^ w[1]);
        }
    return bnn_two_counts(first, second);
}

void bbconv2d_swar(const bnn_layer *layer)
{
    bnn_convolve_dots(layer, count_swar);
}
