/* Quantized outputs of a dense binary layer, all at once: the layer's numbers stay in registers. */
#ifndef REQUANTIZE_COUNTS_H
#define REQUANTIZE_COUNTS_H
#include "bnn_layer.h"
#include "requantize.h"

#define BNN_REQUANTIZE_AS(type)                                                             \
    do {                                                                                    \
        type *to = layer->output;                                                           \
        for (int32_t o = 0; o < own.out_c; o++)                                             \
            to[o] = (type)bnn_requantize(&own, o, synapses - 2 * (int32_t)counts[o]);       \
    } while (0)

/* counts: differing bits of each output, of `synapses`. */
static inline void bnn_requantize_counts(const bnn_layer *layer, int32_t synapses, const uint32_t *counts)
{
    const bnn_layer own = *layer; /* what is stored cannot change it, so that compilers read it once */
    if (own.out_bytes == 1)
        BNN_REQUANTIZE_AS(int8_t);
    else if (own.out_bytes == 2)
        BNN_REQUANTIZE_AS(int16_t);
    else
        BNN_REQUANTIZE_AS(int32_t);
}
#endif
