/* ---
operator: BBQFC
variant: popcount_blocked
idea: four outputs share each activation load; one exclusive or, one population count instruction and one
  addition per word
registers: four sums, one activation, four weights, two pointers, the end
needs: [any_popcount]
fixed_time: true
weights: bit O/4 Y X C/32 O%4 C%32
--- */
#include "bnn_layer.h"
#include "counting.h"
#include "requantize.h"

/* An activation and four weights; the loads stand together because consecutive loads overlap. */
#ifdef __thumb2__
#define LOAD_STEP(a, w0, w1, w2, w3, input, weights)                                            \
    __asm__ volatile("ldr %0, [%5], #4\n\tldr %2, [%6, #4]\n\tldr %3, [%6, #8]\n\t"             \
                     "ldr %4, [%6, #12]\n\tldr %1, [%6], #16"                                   \
                     : "=&r"(a), "=&r"(w0), "=&r"(w1), "=&r"(w2), "=&r"(w3), "+&r"(input),      \
                       "+&r"(weights)                                                           \
                     :                                                                          \
                     : "memory")
#else
#define LOAD_STEP(a, w0, w1, w2, w3, input, weights)                                                       \
    ((a) = *(input)++, (w0) = (weights)[0], (w1) = (weights)[1], (w2) = (weights)[2], (w3) = (weights)[3], \
     (weights) += 4)
#endif

void bbqfc_popcount_blocked(const bnn_layer *layer)
{
    const uint32_t *weights = layer->weights;
    int32_t words = layer->in_h * layer->in_w * layer->in_words;
    int32_t synapses = layer->in_h * layer->in_w * layer->in_c;

    for (int32_t o = 0; o < layer->out_c; o += 4) {
        const uint32_t *input = layer->input, *end = input + words;
        uint32_t d0 = 0, d1 = 0, d2 = 0, d3 = 0; /* bits that differ */

        while (input != end) {
            uint32_t a, w0, w1, w2, w3;

            LOAD_STEP(a, w0, w1, w2, w3, input, weights);
            d0 = bnn_xor_popcount_accumulate(d0, a, w0);
            d1 = bnn_xor_popcount_accumulate(d1, a, w1);
            d2 = bnn_xor_popcount_accumulate(d2, a, w2);
            d3 = bnn_xor_popcount_accumulate(d3, a, w3);
        }
        bnn_store_requantized(layer, o, synapses - 2 * (int32_t)d0);
        if (o + 1 < layer->out_c)
            bnn_store_requantized(layer, o + 1, synapses - 2 * (int32_t)d1);
        if (o + 2 < layer->out_c)
            bnn_store_requantized(layer, o + 2, synapses - 2 * (int32_t)d2);
        if (o + 3 < layer->out_c)
            bnn_store_requantized(layer, o + 3, synapses - 2 * (int32_t)d3);
    }
}
