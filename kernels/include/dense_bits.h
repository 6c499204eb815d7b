/* Packed outputs of dense binary layers from counts of differing bits. Bodies of kernels are macros, so that a compiler
 * sees each as if it stood alone. */
#ifndef BNN_DENSE_BITS_H
#define BNN_DENSE_BITS_H
#include "bnn_layer.h"
#include "threshold.h"

/* One output at a time, each with its words in a row, weights: bit O Y X C/32 C%32. count_differences: of the input,
 * weights and the number of their words. */
#define BNN_STORE_BITS_BY_RUNS(layer, count_differences)                                                           \
    do {                                                                                                           \
        const int32_t words = layer->in_h * layer->in_w * layer->in_words;                                         \
        const uint32_t synapses = (uint32_t)(layer->in_h * layer->in_w * layer->in_c);                             \
        uint32_t *output = layer->output;                                                                          \
        for (int32_t word = 0, first = 0; word < layer->out_words; word++, first += 32) {                          \
            int32_t o = layer->out_c < first + 32 ? layer->out_c : first + 32;                                     \
            const uint32_t *weights = (const uint32_t *)layer->weights + o * words;                                \
            uint32_t bits = 0;                                                                                     \
            while (o-- > first) {                                                                                  \
                weights -= words;                                                                                  \
                const uint32_t count = count_differences(layer->input, weights, (uint32_t)words);                  \
                bits = bnn_push_threshold(bits, synapses + (uint32_t)layer->bias[o] - 2 * count, layer->width[o]); \
            }                                                                                                      \
            output[word] = bits ^ layer->polarity[word];                                                           \
        }                                                                                                          \
    } while (0)

/* All outputs at once. count_layer: of the layer and where it writes the counts, the scratch memory. */
#define BNN_STORE_BITS_OF_COUNTS(layer, count_layer)                                                                   \
    do {                                                                                                               \
        const uint32_t synapses = (uint32_t)(layer->in_h * layer->in_w * layer->in_c), *const counts = layer->scratch; \
        uint32_t *output = layer->output;                                                                              \
        count_layer(layer, layer->scratch);                                                                            \
        for (int32_t word = 0, first = 0; word < layer->out_words; word++, first += 32) {                              \
            uint32_t bits = 0;                                                                                         \
            for (int32_t o = (layer->out_c < first + 32 ? layer->out_c : first + 32) - 1; o >= first; o--)             \
                bits = bnn_push_threshold(bits, synapses + (uint32_t)layer->bias[o] - 2 * counts[o], layer->width[o]); \
            output[word] = bits ^ layer->polarity[word];                                                               \
        }                                                                                                              \
    } while (0)
#endif
