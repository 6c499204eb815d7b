/* ---
operator: BBConv2D
variant: usada8
idea: >-
  byte lanes. Shifts and masks take a word to counts of four bits, at most 4 each, so that three words may be added
  before they are widened to bytes; USADA8 adds the four bytes to the sum. One pixel by two outputs.
registers: two pointers, words left, an activation, two sums, three masks, two fields in work, two words in work
needs: [dsp]
fixed_time: true
weights: bit O/2 Y X C/32 O%2 C%32
scratch_bytes: frame_bytes
--- */
#include "dots.h"
#include "dsp.h"

BNN_NOINLINE uint64_t count_bytes(const bnn_runs *p, const uint32_t *a, const uint32_t *w)
{
    /* In registers, since a constant operand cannot be shifted on the way. */
    uint32_t ones = 0x55555555u, twos = 0x33333333u, fours = 0x0f0f0f0fu;
    uint32_t first = 0, second = 0;
    BNN_KEEP(ones);
    BNN_KEEP(twos);
    BNN_KEEP(fours);
/* counts of ones in each four bits */
#define ADD_NIBBLES(sum, word)                      \
    do {                                            \
        uint32_t x = (word);                        \
        x -= (x >> 1) & ones;                       \
        sum += (x & twos) + ((x >> 2) & twos);      \
    } while (0)
#define ADD_BYTES(sum, x) sum = bnn_usada8(((x) & fours) + (((x) >> 4) & fours), 0, sum)
    for (int32_t rows = p->rows; rows; rows--, a += p->a_skip, w += p->w_skip) {
        int32_t n = p->run;
        for (; n >= 3; n -= 3) {
            uint32_t x0 = 0, x1 = 0;
            for (int32_t i = 0; i < 3; i++, w += 2) {
                const uint32_t word = *a++;
                ADD_NIBBLES(x0, word ^ w[0]);
                ADD_NIBBLES(x1, word ^ w[1]);
            }
            ADD_BYTES(first, x0);
            ADD_BYTES(second, x1);
        }
        for (; n; n--, w += 2) {
            const uint32_t word = *a++;
            uint32_t x0 = 0, x1 = 0;
            ADD_NIBBLES(x0, word ^ w[0]);
            ADD_NIBBLES(x1, word ^ w[1]);
            ADD_BYTES(first, x0);
            ADD_BYTES(second, x1);
        }
    }
    return bnn_two_counts(first, second);
}

void bbconv2d_usada8(const bnn_layer *layer)
{
    bnn_convolve_dots(layer, count_bytes);
}
