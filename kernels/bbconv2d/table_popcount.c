/* ---
operator: BBConv2D
variant: table_popcount
idea: >-
  the population count of a word is the sum of four entries of a table of 256 bytes. One pixel by two outputs. Where
  data caches make the time of a look-up depend on its address, this time depends on the data.
registers: two pointers, words left, the table, an activation, two counts, a word and two bytes in work
needs: []
fixed_time: true
looks_up_in: weights
weights: bit O/2 Y X C/32 O%2 C%32
scratch_bytes: frame_bytes
--- */
#include "dots.h"

#define TWO_BITS(n) n, n + 1, n + 1, n + 2
#define FOUR_BITS(n) TWO_BITS(n), TWO_BITS(n + 1), TWO_BITS(n + 1), TWO_BITS(n + 2)
#define SIX_BITS(n) FOUR_BITS(n), FOUR_BITS(n + 1), FOUR_BITS(n + 1), FOUR_BITS(n + 2)
static const uint8_t ones[256] = {SIX_BITS(0), SIX_BITS(1), SIX_BITS(1), SIX_BITS(2)};

BNN_INLINE uint32_t look_up(uint32_t x)
{
    return (uint32_t)ones[x & 255u] + ones[(x >> 8) & 255u] + ones[(x >> 16) & 255u] + ones[x >> 24];
}

BNN_NOINLINE uint64_t count_by_table(const bnn_runs *p, const uint32_t *a, const uint32_t *w)
{
    uint32_t first = 0, second = 0;
    for (int32_t rows = p->rows; rows; rows--, a += p->a_skip, w += p->w_skip)
        for (int32_t n = p->run; n; n--, w += 2) {
            const uint32_t word = *a++;
            first += look_up(word ^ w[0]);
            second += look_up(word ^ w[1]);
        }
    return bnn_two_counts(first, second);
}

void bbconv2d_table_popcount(const bnn_layer *layer)
{
    bnn_convolve_dots(layer, count_by_table);
}
