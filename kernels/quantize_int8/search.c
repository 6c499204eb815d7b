/* ---
operator: Quantize_int8
variant: search
idea: floats without floating point - a binary tree of the least float that gives each output, eight comparisons
  deep; floats compare as integers, and CMP and ADC go down the tree.
registers: two keys, nodes and numbers (one of Armv6-M), the tree, two pointers, the count
needs: []
fixed_time: true
looks_up_in: weights
constants: tree
supports: in_bytes == 4
--- */
#include "bnn_layer.h"
#include "threshold.h"

/* Integers in the order of floats: the sign inverted, all bits if negative. */
static inline uint32_t key_of(int32_t bits)
{
    return (uint32_t)(bits ^ (bits >> 31 | INT32_MIN));
}

#ifdef __thumb2__
/* One level for two elements: their loads overlap when they stand together, which compilers do not arrange. */
#define DOWN(node0, node1, key0, key1, tree)                                                                         \
    do {                                                                                                             \
        uint32_t least0, least1;                                                                                     \
        __asm__(".balign 4\n\tldr.w %2, [%6, %0, lsl #2]\n\tldr.w %3, [%6, %1, lsl #2]\n\t"                            \
                "cmp.w %4, %2\n\tadc.w %0, %0, %0\n\tcmp.w %5, %3\n\tadc.w %1, %1, %1"                              \
                : "+&r"(node0), "+&r"(node1), "=&r"(least0), "=&r"(least1)                                           \
                : "r"(key0), "r"(key1), "r"(tree), "m"(*(const uint32_t(*)[256])tree)                                \
                : "cc");                                                                                             \
    } while (0)
#endif

void quantize_int8_search(const bnn_layer *layer)
{
    const int32_t *input = layer->input;
    const uint32_t *tree = (const uint32_t *)layer->operands;
    int8_t *output = layer->output;
    int32_t count = layer->out_h * layer->out_w * layer->out_c;

#ifdef __thumb2__
    for (; count >= 2; count -= 2, input += 2, output += 2) {
        uint32_t key0 = key_of(input[0]), key1 = key_of(input[1]), node0 = 1, node1 = 1;

#pragma GCC unroll 8
        for (int32_t depth = 8; depth > 0; depth--)
            DOWN(node0, node1, key0, key1, tree);
        output[0] = (int8_t)(node0 - 384);
        output[1] = (int8_t)(node1 - 384);
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
