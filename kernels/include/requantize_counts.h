/* Quantized outputs of a dense binary layer, all at once: the layer's numbers stay in registers. */
#ifndef REQUANTIZE_COUNTS_H
#define REQUANTIZE_COUNTS_H
#include "bnn_layer.h"
#include "requantize.h"

#define BNN_REQUANTIZE_AS(type)                                                             \
    do {                                                                                    \
        type *to = layer->output;                                                           \
        for (int32_t o = 0; o < own.out_c; o++)                                             \
            to[o] = (type)bnn_requantize(&own, o, start - times * (int32_t)sums[o]);        \
    } while (0)

/* Output o's dot product is start - times * sums[o]. */
static inline void bnn_requantize_sums(const bnn_layer *layer, int32_t start, int32_t times, const uint32_t *sums)
{
    const bnn_layer own = *layer; /* what is stored cannot change it, so that compilers read it once */
    if (own.out_bytes == 1)
        BNN_REQUANTIZE_AS(int8_t);
    else if (own.out_bytes == 2)
        BNN_REQUANTIZE_AS(int16_t);
    else
        BNN_REQUANTIZE_AS(int32_t);
}

/* counts: differing bits of each output, of `synapses`. */
static inline void bnn_requantize_counts(const bnn_layer *layer, int32_t synapses, const uint32_t *counts)
{
    bnn_requantize_sums(layer, synapses, 2, counts);
}

/* BBQFC, one output at a time, each with its words in a row, weights: bit O Y X C/32 C%32.
 * count_differences: of the input, weights and the number of their words; scratch_bytes: 4 * out_c. */
#define BNN_REQUANTIZE_RUNS(layer, count_differences)                       \
    do {                                                                           \
        const uint32_t *weights = layer->weights;                                  \
        const int32_t words = layer->in_h * layer->in_w * layer->in_words;         \
        const int32_t synapses = layer->in_h * layer->in_w * layer->in_c;          \
        uint32_t *const counts = layer->scratch;                                   \
        for (int32_t o = 0; o < layer->out_c; o++, weights += words)               \
            counts[o] = count_differences(layer->input, weights, (uint32_t)words); \
        bnn_requantize_counts(layer, synapses, counts);                            \
    } while (0)
#endif
