/* ---
operator: Quantize_int8
variant: search
idea: floats without floating point - a binary tree of the least float that gives each output, eight comparisons
  deep; floats compare as integers, and CMP and ADC go down the tree. Its addresses depend on the data, so time is
  fixed only without a data cache.
registers: four keys and nodes (one of Armv6-M), the tree, two pointers
needs: []
fixed_time: true
supports: in_bytes == 4
--- */
#include "bnn_layer.h"
#include "primitives.h"

/* Integers in the order of floats: the sign inverted, all bits if negative. */
static inline uint32_t key_of(int32_t bits)
{
    return (uint32_t)(bits ^ (bits >> 31 | INT32_MIN));
}

void quantize_int8_search(const bnn_layer *layer)
{
    const int32_t *input = layer->input;
    const uint32_t *tree = (const uint32_t *)layer->operands;
    int8_t *output = layer->output;
    int32_t count = layer->out_h * layer->out_w * layer->out_c;

#ifdef __thumb2__
    for (; count >= 4; count -= 4, input += 4, output += 4) {
        uint32_t key0 = key_of(input[0]), key1 = key_of(input[1]), key2 = key_of(input[2]), key3 = key_of(input[3]);
        uint32_t node0 = 1, node1 = 1, node2 = 1, node3 = 1;

        for (int32_t depth = 8; depth > 0; depth--) { /* four loads in a row overlap */
            uint32_t least0 = tree[node0], least1 = tree[node1], least2 = tree[node2], least3 = tree[node3];

            node0 = bnn_push_threshold(node0, key0, least0);
            node1 = bnn_push_threshold(node1, key1, least1);
            node2 = bnn_push_threshold(node2, key2, least2);
            node3 = bnn_push_threshold(node3, key3, least3);
        }
        output[0] = (int8_t)(node0 - 384);
        output[1] = (int8_t)(node1 - 384);
        output[2] = (int8_t)(node2 - 384);
        output[3] = (int8_t)(node3 - 384);
    }
#endif
    for (; count > 0; count--) {
        uint32_t key = key_of(*input++), node = 1;

#pragma GCC unroll 8
        for (int32_t depth = 8; depth > 0; depth--)
            node = bnn_push_threshold(node, key, tree[node]);
        *output++ = (int8_t)(node - 384);
    }
}
