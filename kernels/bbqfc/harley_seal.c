/* ---
operator: BBQFC
variant: harley_seal
idea: one output at a time; carry-save adders fold eight words into counters of ones, twos and fours, so only
  one word in eight needs a population count
registers: three counters, two pointers, four temporaries
needs: []
fixed_time: true
weights: bit O Y X C/32 C%32
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "counting.h"
#include "requantize.h"

/* Per bit: *sum + a + b; the carry is returned. */
static inline uint32_t add3(uint32_t *sum, uint32_t a, uint32_t b)
{
    BNN_FULL_ADD(*sum, a, b);
    return a;
}

/* Bits in which two runs of words differ. */
static inline uint32_t count_differences(const uint32_t *a, const uint32_t *w, int32_t words)
{
    uint32_t ones = 0, twos = 0, fours = 0, eights = 0;

    for (; words >= 8; words -= 8, a += 8, w += 8) {
        uint32_t twos_a = add3(&ones, a[0] ^ w[0], a[1] ^ w[1]);
        uint32_t twos_b = add3(&ones, a[2] ^ w[2], a[3] ^ w[3]);
        uint32_t fours_a = add3(&twos, twos_a, twos_b);
        uint32_t fours_b;

        twos_a = add3(&ones, a[4] ^ w[4], a[5] ^ w[5]);
        twos_b = add3(&ones, a[6] ^ w[6], a[7] ^ w[7]);
        fours_b = add3(&twos, twos_a, twos_b);
        eights += bnn_popcount32(add3(&fours, fours_a, fours_b));
    }
    eights = 8 * eights + 4 * bnn_popcount32(fours) + 2 * bnn_popcount32(twos) + bnn_popcount32(ones);
    for (; words > 0; words--)
        eights += bnn_popcount32(*a++ ^ *w++);
    return eights;
}

void bbqfc_harley_seal(const bnn_layer *layer)
{
    const uint32_t *weights = layer->weights;
    int32_t words = layer->in_h * layer->in_w * layer->in_words;
    int32_t synapses = layer->in_h * layer->in_w * layer->in_c;

    for (int32_t o = 0; o < layer->out_c; o++, weights += words)
        bnn_store_requantized(layer, o,
                              synapses - 2 * (int32_t)count_differences(layer->input, weights, words));
}
