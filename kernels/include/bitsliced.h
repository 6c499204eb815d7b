/* Numbers of 32 lanes held as bit planes: word i keeps bit i of every lane's number. */
#ifndef BNN_BITSLICED_H
#define BNN_BITSLICED_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

/* Per bit: (carry, s) = s + x + y. The sum replaces s, the carry x; y is used up. */
#define BNN_FULL_ADD(s, x, y) \
    do {                      \
        (s) ^= (x);           \
        (x) ^= (y);           \
        (x) |= (s);           \
        (s) ^= (y);           \
        (x) ^= (s);           \
    } while (0)

/* Per bit: (carry, s) = s + x; the carry replaces x. */
#define BNN_HALF_ADD(s, x)      \
    do {                        \
        uint32_t and_ = (s) & (x); \
        (s) ^= (x);             \
        (x) = and_;             \
    } while (0)

BNN_INLINE uint32_t bnn_majority(uint32_t a, uint32_t b, uint32_t c)
{
    return ((a ^ b) & (b ^ c)) ^ b;
}

/* All ones if bit i of the scalar is set: plane i of a number that every lane shares. */
BNN_INLINE uint32_t bnn_broadcast_bit(uint32_t scalar, int32_t i)
{
    return 0u - ((scalar >> i) & 1u);
}

/* out = q + scalar, in `planes` planes, carry out dropped. */
BNN_INLINE void bnn_add_scalar(uint32_t *out, const uint32_t *q, uint32_t scalar, int32_t planes)
{
    uint32_t carry = 0;
    for (int32_t i = 0; i < planes; i++) {
        uint32_t s = q[i], b = bnn_broadcast_bit(scalar, i);
        out[i] = s ^ b ^ carry;
        carry = bnn_majority(s, b, carry);
    }
}

/* Transpose a matrix of 32 x 32 bits in place: bit j of word i becomes bit i of word j. */
BNN_NOINLINE void bnn_transpose32(uint32_t *m)
{
    uint32_t mask = 0x0000ffffu;
    for (int32_t half = 16; half; half >>= 1, mask ^= mask << half) {
        for (int32_t i = 0; i < 32; i = (i + half + 1) & ~half) {
            uint32_t t = ((m[i] >> half) ^ m[i + half]) & mask;
            m[i] ^= t << half;
            m[i + half] ^= t;
        }
    }
}

/* Thresholds of the 32 outputs of a group, for v = acc + K (0 .. 2 K, K synapses) in numbers modulo 2^m, K < 2^(m - 1)
 * and m <= 16: the bit before polarity is set unless (v - start) mod 2^m < width. Since low + 1 = -bias is in -K .. K
 * and width in 1 .. 2 K + 1 - start (model/thresholds.py), start = K - bias is in 0 .. 2 K: a bias of the layer, which
 * may move the whole window to one side of 0, changes nothing here. starts, widths: planes 0 .. m-1, where each start
 * has `offset` added. `work` is 32 words. */
BNN_NOINLINE void bnn_threshold_planes(const bnn_layer *layer, int32_t group, uint32_t synapses, uint32_t offset,
                                       int32_t m, uint32_t *starts, uint32_t *widths, uint32_t *work)
{
    const uint32_t mask = (1u << m) - 1;
    for (int32_t i = 0; i < 32; i++) {
        uint32_t start = synapses - (uint32_t)layer->bias[32 * group + i];
        work[i] = ((start + offset) & mask) | layer->width[32 * group + i] << 16;
    }
    bnn_transpose32(work);
    for (int32_t i = 0; i < m; i++) {
        starts[i] = work[i];
        widths[i] = work[16 + i];
    }
}

/* The channels of an output group that exist. */
BNN_INLINE uint32_t bnn_real_lanes(const bnn_layer *layer, int32_t group)
{
    int32_t rest = layer->out_c - 32 * group;
    return rest >= 32 ? ~0u : (1u << rest) - 1;
}
#endif
