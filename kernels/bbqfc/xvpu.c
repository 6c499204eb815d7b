/* ---
operator: BBQFC
variant: xvpu
idea: >-
  for a vector unit that loads its operands: 256 synapses of the input stay in the unit while sixteen outputs' weights
  stream past, one instruction each. Sums are requantized one at a time.
registers: input, weights, sums and the loops' bounds; sums are in the unit
needs: [vlmaccr1, thumb2]
fixed_time: true
weights: bit O/16 YXC32/256 O%16- YXC32%256
scratch_bytes: (out_c + 15) // 16 * 32 + (in_h * in_w * in_words + 7) // 8 * 32
supports: in_h * in_w * in_words <= 2040
--- */
#include "bnn_layer.h"
#include "requantize.h"
#include "vector_dense.h"

#define REQUANTIZE_AS(type)                                                   \
    do {                                                                      \
        type *to = own.output;                                                \
        for (int32_t o = 0; o < own.out_c; o++)                               \
            to[o] = (type)bnn_requantize(&own, o, 2 * sums[o] - pad_bits);    \
    } while (0)

void bbqfc_xvpu(const bnn_layer *layer)
{
    const bnn_layer own = *layer; /* what is stored cannot change it, so that compilers read it once */
    const int32_t pad_bits = bnn_vector_dense(layer);
    const int16_t *sums = own.scratch;

    if (own.out_bytes == 1)
        REQUANTIZE_AS(int8_t);
    else if (own.out_bytes == 2)
        REQUANTIZE_AS(int16_t);
    else
        REQUANTIZE_AS(int32_t);
}
